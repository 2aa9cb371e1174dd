"""Which registries belong to a cloud that gives its own machines a login (kpack's cloud helpers).

Rules:
- A host is a cloud's by its whole name: `x.azurecr.io.example` is nobody's, where kpack would send it a token.
- Ports other than none are nobody's: clouds serve their registries at the usual one.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(?P<fips>-fips)?\.(?P<region>[a-z0-9-]+)\."
    r"(amazonaws\.com|amazonaws\.com\.cn|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)"
)
_ECR_PUBLIC = "public.ecr.aws"
_ECR_PUBLIC_REGION = "us-east-1"
_GOOGLE = re.compile(r"gcr\.io|[a-z0-9.-]+\.(gcr\.io|pkg\.dev|google\.com)")
_AZURE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.azurecr\.(io|cn|de|us)")


class Cloud(StrEnum):
    """Whose registry it is."""

    AMAZON = "Amazon ECR"
    GOOGLE = "Google Artifact Registry"
    AZURE = "Azure Container Registry"


@dataclass(frozen=True, slots=True, kw_only=True)
class EcrRegistry:
    """What an ECR host tells of itself. `account` "" is the public registry."""

    account: str
    region: str
    is_fips: bool = False


def cloud_of(registry: str) -> Cloud | None:
    """The cloud that a registry host belongs to; None for none."""
    if ecr_registry(registry) is not None:
        return Cloud.AMAZON
    if _GOOGLE.fullmatch(registry):
        return Cloud.GOOGLE
    return Cloud.AZURE if _AZURE.fullmatch(registry) else None


def ecr_registry(registry: str) -> EcrRegistry | None:
    """Account and region of an ECR host; None for any other."""
    if registry == _ECR_PUBLIC:
        return EcrRegistry(account="", region=_ECR_PUBLIC_REGION)
    found = _ECR.fullmatch(registry)
    return found and EcrRegistry(account=found["account"], region=found["region"], is_fips=bool(found["fips"]))
