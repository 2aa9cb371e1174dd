"""What a service account and its Secrets give."""

import base64
import json
from collections.abc import AsyncIterator

import pytest

from kpack_api.wire import LocalObjectReference
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.clients.service_accounts import BASIC_AUTH, DOCKER_CFG, DOCKER_CONFIG, ServiceAccounts
from kpack_reconciler.errors import PermanentError
from tests.fakes.kubernetes import FakeKubernetes

CORE = "/api/v1/namespaces/team"


@pytest.fixture
def api() -> FakeKubernetes:
    return FakeKubernetes()


@pytest.fixture
async def accounts(api: FakeKubernetes) -> AsyncIterator[ServiceAccounts]:
    async with api.serve() as config, KubeClient(config) as kube:
        yield ServiceAccounts(kube)


def put_account(api: FakeKubernetes, *secrets: str, pull: tuple[str, ...] = ()) -> None:
    body = {
        "metadata": {"name": "bot"},
        "secrets": [{"name": name} for name in secrets],
        "imagePullSecrets": [{"name": name} for name in pull],
    }
    api.put(f"{CORE}/serviceaccounts", body)


def put_secret(api: FakeKubernetes, name: str, kind: str, data: dict[str, str], **annotations: str) -> None:
    body = {
        "metadata": {
            "name": name,
            "annotations": {f"build.pivotal.io/{key}": value for key, value in annotations.items()},
        },
        "type": kind,
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
    }
    api.put(f"{CORE}/secrets", body)


def put_login(api: FakeKubernetes, name: str, **annotations: str) -> None:
    put_secret(api, name, BASIC_AUTH, {"username": name, "password": "hidden"}, **annotations)


def put_config(api: FakeKubernetes, name: str, registry: str, *, username: str) -> None:
    config = {"auths": {registry: {"username": username, "password": "hidden"}}}
    put_secret(api, name, DOCKER_CONFIG, {".dockerconfigjson": json.dumps(config)})


async def test_a_missing_account_is_none(accounts: ServiceAccounts) -> None:
    """An account that does not exist is described as None and holds no credentials."""
    assert await accounts.describe("team", "bot") is None
    assert (await accounts.keychain("team", "bot")).keys == ()
    assert await accounts.git_credentials("team", "bot", "https://github.com/a/b") is None


async def test_missing_secrets_are_named(api: FakeKubernetes, accounts: ServiceAccounts) -> None:
    """A description tells the type and annotations of the Secrets that exist, and the names of those that do not."""
    put_account(api, "there", "gone", pull=("puller",))
    put_login(api, "there", docker="gcr.io")

    described = await accounts.describe("team", "bot")

    assert described is not None
    assert described.missing == ("gone",)
    assert [(seen.name, seen.type, seen.annotations) for seen in described.secrets] == [
        ("there", BASIC_AUTH, (("build.pivotal.io/docker", "gcr.io"),))
    ]
    assert described.image_pull_secrets == (LocalObjectReference(name="puller"),)
    assert "hidden" not in repr(described)


async def test_a_keychain_prefers_the_accounts_own_secrets(api: FakeKubernetes, accounts: ServiceAccounts) -> None:
    """Logins are ordered: the account's secrets, then the named pull secrets, then the account's pull secrets."""
    put_account(api, "own", pull=("account-pull",))
    put_login(api, "own", docker="https://gcr.io")
    put_config(api, "named-pull", "gcr.io", username="named")
    put_config(api, "account-pull", "quay.io", username="pulling")

    chain = await accounts.keychain("team", "bot", (LocalObjectReference(name="named-pull"),))

    assert [(key, login.username) for key, login in chain.entries] == [
        ("https://gcr.io", "own"),
        ("gcr.io", "named"),
        ("quay.io", "pulling"),
    ]


async def test_only_registry_secrets_enter_the_keychain(api: FakeKubernetes, accounts: ServiceAccounts) -> None:
    """Both docker config types and annotated basic-auth count; git logins and other types do not."""
    put_account(api, "git", "opaque", "old")
    put_login(api, "git", git="github.com")
    put_secret(api, "opaque", "Opaque", {"username": "a"}, docker="gcr.io")
    put_secret(api, "old", DOCKER_CFG, {".dockercfg": '{"gcr.io":{"username":"u","password":"p"}}'})

    assert (await accounts.keychain("team", "bot")).keys == ("gcr.io",)


async def test_a_broken_docker_config_names_its_secret(api: FakeKubernetes, accounts: ServiceAccounts) -> None:
    """A docker config that cannot be read is a refusal that names the Secret and quotes nothing."""
    put_account(api, "broken")
    put_secret(api, "broken", DOCKER_CONFIG, {".dockerconfigjson": "topsecret"})

    with pytest.raises(PermanentError, match="secret broken: not a docker config") as caught:
        await accounts.keychain("team", "bot")

    assert "topsecret" not in str(caught.value)


async def test_the_git_secret_for_the_host_is_chosen(api: FakeKubernetes, accounts: ServiceAccounts) -> None:
    """The git login is the annotated basic-auth Secret of the URL's host; Secrets are never listed."""
    put_account(api, "registry", "lab", "hub", "gone")
    put_login(api, "registry", docker="github.com")
    put_login(api, "lab", git="https://gitlab.com")
    put_login(api, "hub", git="https://github.com")

    found = await accounts.git_credentials("team", "bot", "https://github.com/a/b")

    assert found is not None
    assert (found.username, found.password) == ("hub", "hidden")
    assert ("GET", f"{CORE}/secrets") not in api.requests
