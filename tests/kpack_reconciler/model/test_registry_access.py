"""How a registry's refusal is told."""

import pytest

from kpack_reconciler.model.credentials import ANONYMOUS, Keychain, Login, keychain_from_login
from kpack_reconciler.model.references import parse_image
from kpack_reconciler.model.registry_access import Asker, explain_refusal

WHAT = "not allowed to read from quay.io/team/app (HEAD https://quay.io/v2/team/app/manifests/latest: UNAUTHORIZED)"
READER = Asker(account="team/bot", is_reading=True)
WRITER = Asker(account="team/bot", is_reading=False)
CONTROLLER = Asker(account="", is_reading=True)


def named(key: str) -> Keychain:
    return keychain_from_login(key, username="joe", password="hidden").of_secret("reg")


@pytest.mark.parametrize(
    ("image", "keychain", "asker", "told"),
    [
        pytest.param(
            "quay.io/team/app",
            named("quay.io"),
            WRITER,
            "registry quay.io does not let user 'joe' do this: correct secret reg of service account team/bot, or the"
            " user's rights on team/app",
            id="a login without the right",
        ),
        pytest.param(
            "quay.io/team/app",
            Keychain((("quay.io", Login(identity_token="hidden")),)),
            CONTROLLER,
            "registry quay.io does not let the token do this: correct the login of the controller, or the user's"
            " rights on team/app",
            id="a token of the controller's own",
        ),
        pytest.param(
            "quay.io/team/app",
            ANONYMOUS,
            READER,
            "service account team/bot has no credentials for registry quay.io (it has none): name a"
            " kubernetes.io/dockerconfigjson secret with an entry for quay.io in its `secrets` or `imagePullSecrets`,"
            " or in its `secrets` a kubernetes.io/basic-auth secret annotated build.pivotal.io/docker: quay.io",
            id="no login to read with",
        ),
        pytest.param(
            "team/app",
            named("gcr.io"),
            WRITER,
            "service account team/bot has no credentials for registry index.docker.io (its secrets are for gcr.io):"
            " name a kubernetes.io/dockerconfigjson secret with an entry for https://index.docker.io/v1/ in its"
            " `secrets`, or in its `secrets` a kubernetes.io/basic-auth secret annotated build.pivotal.io/docker:"
            " https://index.docker.io/v1/",
            id="no login for Docker Hub",
        ),
        pytest.param(
            "team/app",
            named("docker.io"),
            READER,
            'service account team/bot has no credentials for registry index.docker.io: its secret\'s "docker.io" does'
            ' not count, write "https://index.docker.io/v1/"',
            id="a key that does not count",
        ),
        pytest.param(
            "quay.io/team/app",
            ANONYMOUS,
            CONTROLLER,
            "the controller has no credentials for registry quay.io (it has none): mount a docker config and name its"
            " folder in the controller's CREDENTIAL_PROVIDER_SECRET_PATH, or use an image that anybody may read",
            id="a ClusterBuilder",
        ),
    ],
)
def test_a_refusal_says_what_is_missing(image: str, keychain: Keychain, asker: Asker, told: str) -> None:
    """After the registry's words come account, Secret, registry and the next step; never a password."""
    assert explain_refusal(WHAT, parse_image(image), keychain, asker) == f"{WHAT}: {told}"
    assert "hidden" not in told
