"""What a service account and its Secrets give."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator

import pytest

from kpack_api.wire import LocalObjectReference
from kpack_reconciler.clients.kube.client import KubeClient
from kpack_reconciler.clients.service_accounts import BASIC_AUTH, DOCKER_CFG, DOCKER_CONFIG, ServiceAccounts
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.credentials import keychain_from_login
from kpack_reconciler.model.git_credentials import choose_git_credentials
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
    assert await accounts.git_candidates("team", "bot") == ()


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

    assert [(key, login.username) for key, login in chain.entries] == [("https://gcr.io", "own")]
    assert [(key, login.username) for key, login in chain.pull_entries] == [("gcr.io", "named"), ("quay.io", "pulling")]


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

    with pytest.raises(PermanentError, match="secret broken in namespace team: not a docker config") as caught:
        await accounts.keychain("team", "bot")

    assert "topsecret" not in str(caught.value)


async def test_the_git_secret_for_the_host_is_chosen(api: FakeKubernetes, accounts: ServiceAccounts) -> None:
    """The git login is the annotated basic-auth Secret of the URL's host; Secrets are never listed."""
    put_account(api, "registry", "lab", "hub", "gone")
    put_login(api, "registry", docker="github.com")
    put_login(api, "lab", git="https://gitlab.com")
    put_login(api, "hub", git="https://github.com")

    found = choose_git_credentials("https://github.com/a/b", await accounts.git_candidates("team", "bot"))

    assert found is not None
    assert (found.username, found.password) == ("hub", "hidden")
    assert ("GET", f"{CORE}/secrets") not in api.requests


async def test_pull_secrets_are_docker_configs_matched_as_such(api: FakeKubernetes, accounts: ServiceAccounts) -> None:
    """C32: a pull secret's key may be a pattern or a part of a registry; a basic-auth Secret is no pull secret."""
    put_account(api, pull=("basic", "config"))
    put_login(api, "basic", docker="gcr.io")
    put_config(api, "config", "*.gcr.io/team", username="team")

    chain = await accounts.keychain("team", "bot")

    assert chain.keys == ("*.gcr.io/team",)
    assert chain.find("eu.gcr.io", "eu.gcr.io/team/app") is not None


async def test_a_secret_in_both_lists_is_one_of_secrets(api: FakeKubernetes, accounts: ServiceAccounts) -> None:
    """C54: it is read once, and matched by the exact form only."""
    put_account(api, "both", "both", pull=("both",))
    put_config(api, "both", "gcr.io/team", username="me")

    chain = await accounts.keychain("team", "bot")
    described = await accounts.describe("team", "bot")

    assert (len(chain.entries), chain.pull_entries) == (1, ())
    assert described is not None
    assert len(described.secrets) == 1


async def test_a_reference_without_a_name_is_missing(api: FakeKubernetes, accounts: ServiceAccounts) -> None:
    """C55: it is told as such, and nobody asks for a Secret without a name."""
    api.put(f"{CORE}/serviceaccounts", {"metadata": {"name": "bot"}, "secrets": [{}], "imagePullSecrets": [{}]})

    described = await accounts.describe("team", "bot")

    assert described is not None
    assert described.missing == ("",)
    assert (await accounts.keychain("team", "bot")).keys == ()


async def test_what_any_account_names_is_told(api: FakeKubernetes, accounts: ServiceAccounts) -> None:
    """R170: the secrets of other accounts of the namespace are out of bounds for bindings, too; elsewhere's are not."""
    put_account(api, "mine", pull=("pull",))
    other = {"metadata": {"name": "other"}, "secrets": [{"name": "theirs"}, {}]}
    api.put(f"{CORE}/serviceaccounts", other)
    api.put("/api/v1/namespaces/else/serviceaccounts", {"metadata": {"name": "x"}, "secrets": [{"name": "far"}]})

    described = await accounts.describe("team", "bot")

    assert described is not None
    assert described.account_secrets == {"mine", "theirs"}


async def test_the_first_secret_for_a_registry_wins(api: FakeKubernetes, accounts: ServiceAccounts) -> None:
    """C35: the account's order decides, whatever the types and spellings; one that is missing is passed over."""
    put_account(api, "gone", "config", "basic")
    put_config(api, "config", "gcr.io", username="config")
    put_login(api, "basic", docker="https://gcr.io")

    chain = await accounts.keychain("team", "bot")

    assert [(key, login.username) for key, login in chain.entries] == [("gcr.io", "config")]


async def test_no_name_is_the_default_account(api: FakeKubernetes, accounts: ServiceAccounts) -> None:
    """C31: without a name the namespace's `default` is asked; C34: without a namespace, nobody."""
    api.put(f"{CORE}/serviceaccounts", {"metadata": {"name": "default"}, "secrets": [{"name": "reg"}]})
    put_login(api, "reg", docker="annotated.io")

    assert (await accounts.keychain("team", "")).keys == ("annotated.io",)
    assert (await accounts.keychain("", "bot")).keys == ()


async def test_the_process_own_logins_come_after_secrets(api: FakeKubernetes, accounts: ServiceAccounts) -> None:
    """What the controller was given itself helps where no Secret does; cluster builders have nothing else."""
    own = keychain_from_login("gcr.io", username="own", password="p")
    put_account(api, "mine")
    put_login(api, "mine", docker="https://gcr.io")
    asked = ServiceAccounts(accounts.kube, own)

    mine = (await asked.keychain("team", "bot")).find("gcr.io")
    cluster = (await asked.keychain("", "")).find("gcr.io")

    assert (mine and mine.username, cluster and cluster.username) == ("mine", "own")


@pytest.mark.parametrize("annotation", ["reg.io:*", "reg io"])
async def test_an_annotation_that_is_no_registry_is_told(
    api: FakeKubernetes, accounts: ServiceAccounts, annotation: str
) -> None:
    """Such a login could never be used; the message names the Secret."""
    put_account(api, "odd")
    put_login(api, "odd", docker=annotation)

    with pytest.raises(PermanentError, match=r"secret odd in namespace team: .* is no registry"):
        await accounts.keychain("team", "bot")


async def test_who_asks_meanwhile_waits_for_the_reading_that_is_under_way(
    api: FakeKubernetes, accounts: ServiceAccounts
) -> None:
    """A hundred Builds that come at once cost one reading; the next one reads anew."""
    put_account(api, "there")
    put_login(api, "there", docker="gcr.io")

    described = await asyncio.gather(*(accounts.describe("team", "bot") for _ in range(100)))
    once = len(api.requests)
    later = await accounts.describe("team", "bot")

    assert {answer and answer.missing for answer in described} == {()}
    assert (once, len(api.requests), later) == (3, 6, described[0])


async def test_a_reading_that_fails_fails_for_all_who_wait(api: FakeKubernetes, accounts: ServiceAccounts) -> None:
    """And not for who asks then."""
    put_account(api)
    api.refuse_next("GET", "serviceaccounts", 503)

    waited = await asyncio.gather(*(accounts.describe("team", "bot") for _ in range(3)), return_exceptions=True)

    assert [type(answer) for answer in waited] == [TransientError] * 3
    assert await accounts.describe("team", "bot") is not None


async def test_a_reading_that_is_broken_off_lets_others_try_again(
    api: FakeKubernetes, accounts: ServiceAccounts
) -> None:
    """Their error is one that passes."""
    put_account(api)
    first = asyncio.create_task(accounts.describe("team", "bot"))
    second = asyncio.create_task(accounts.describe("team", "bot"))
    await asyncio.sleep(0)

    first.cancel()

    with pytest.raises(TransientError):
        await second
