"""Which hosts are a cloud's registries, and which only look so."""

import pytest

from kpack_reconciler.model.cloud_registries import Cloud, EcrRegistry, cloud_of, ecr_registry

ACCOUNT = "123456789012"


@pytest.mark.parametrize(
    ("registry", "cloud"),
    [
        (f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com", Cloud.AMAZON),
        (f"{ACCOUNT}.dkr.ecr-fips.us-gov-west-1.amazonaws.com", Cloud.AMAZON),
        (f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn", Cloud.AMAZON),
        ("public.ecr.aws", Cloud.AMAZON),
        ("gcr.io", Cloud.GOOGLE),
        ("eu.gcr.io", Cloud.GOOGLE),
        ("us-central1-docker.pkg.dev", Cloud.GOOGLE),
        ("team.azurecr.io", Cloud.AZURE),
        ("team.privatelink.azurecr.io", Cloud.AZURE),
        ("team.azurecr.cn", Cloud.AZURE),
        pytest.param("x.azurecr.io.evil.example", None, id="C157"),
        ("azurecr.io", None),
        ("notazurecr.io", None),
        ("gcr.io.evil.example", None),
        ("notgcr.io", None),
        ("gcr.io:5000", None),
        (f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com.evil.example", None),
        ("12345.dkr.ecr.us-east-1.amazonaws.com", None),
        ("index.docker.io", None),
    ],
)
def test_a_registry_is_a_clouds_by_its_whole_name(registry: str, cloud: Cloud | None) -> None:
    """A host that merely begins or ends like a cloud's gets none of its tokens."""
    assert cloud_of(registry) is cloud


def test_an_ecr_host_tells_account_and_region() -> None:
    """The public registry has no account, and answers in one region only."""
    assert ecr_registry(f"{ACCOUNT}.dkr.ecr-fips.us-gov-west-1.amazonaws.com") == EcrRegistry(
        account=ACCOUNT, region="us-gov-west-1", is_fips=True
    )
    assert ecr_registry("public.ecr.aws") == EcrRegistry(account="", region="us-east-1")
    assert ecr_registry("gcr.io") is None
