"""What the access checks say, and when they ask again."""

import asyncio
from collections.abc import Iterator

import pytest

from kpack_reconciler.model.credentials import ANONYMOUS, Keychain, Login, keychain_from_login
from kpack_reconciler.model.exit_codes import CREDENTIALS, GENERIC, TRANSIENT
from kpack_reconciler.steps import registries
from kpack_reconciler.steps.registries import check_read, check_write, cloud_logins
from kpack_reconciler.steps.report import StepError
from tests.fakes.registry_host import RegistryHost, registry_host

ACCOUNT = "team/bot"


@pytest.fixture
def registry() -> Iterator[RegistryHost]:
    with registry_host("joe:secret") as host:
        yield host


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the checks paused; no time passes."""
    paused: list[float] = []

    async def sleep(seconds: float) -> None:
        paused.append(seconds)

    monkeypatch.setattr(registries.asyncio, "sleep", sleep)
    return paused


def login(registry: RegistryHost, password: str = "secret", *, key: str = "") -> Keychain:
    return keychain_from_login(key or registry.name, username="joe", password=password).of_secret("reg")


def refused(tag: str, keychain: Keychain) -> StepError:
    with pytest.raises(StepError) as told:
        asyncio.run(check_write(tag, keychain, account=ACCOUNT))
    return told.value


def test_a_right_to_write_is_found_out(registry: RegistryHost) -> None:
    """C39: an upload that may begin is enough; it is cancelled."""
    asyncio.run(check_write(f"{registry.name}/some/image", login(registry)))

    assert [method for method, _ in registry.requests] == ["POST", "DELETE"]


def test_a_missing_login_is_told_with_all_that_is_needed(registry: RegistryHost) -> None:
    """R194, C41: account, registry, kind of Secret, annotation and its value; what was asked, and its answer."""
    told = refused(f"{registry.name}/some/image", keychain_from_login("quay.io", username="joe", password="hidden"))

    url = f"http://{registry.name}/v2/some/image/blobs/uploads/"
    assert str(told) == (
        f'Error verifying write access to "{registry.name}/some/image": not allowed to write to'
        f" {registry.name}/some/image (POST {url}: UNAUTHORIZED): service account team/bot has no credentials for"
        f" registry {registry.name} (its secrets are for quay.io): name a kubernetes.io/dockerconfigjson secret with an"
        f" entry for {registry.name} in its `secrets`, or in its `secrets` a kubernetes.io/basic-auth secret annotated"
        f" build.pivotal.io/docker: {registry.name}"
    )
    assert told.code == CREDENTIALS


def test_a_wrong_login_is_told_with_its_secret(registry: RegistryHost) -> None:
    """User, Secret and account are named, and never a password."""
    told = refused(f"{registry.name}/some/image", login(registry, "hidden"))

    assert "does not let user 'joe' do this: correct secret reg of service account team/bot" in str(told)
    assert "hidden" not in str(told)
    assert told.code == CREDENTIALS


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("{}/some", 'its secret\'s "{}/some" does not count, write "{}"'),
        ("https://{}/", 'its secret\'s "https://{}/" does not count, write "{}"'),
    ],
)
def test_a_key_that_is_nearly_right_is_told(registry: RegistryHost, key: str, hint: str) -> None:
    """A key that means the registry to a reader, but not to kpack, is named with the one that counts."""
    told = refused(f"{registry.name}/some/image", login(registry, key=key.format(registry.name)))

    assert hint.replace("{}", registry.name) in str(told)


def test_what_a_registry_forbids_is_told_in_its_words(registry: RegistryHost) -> None:
    """C40, R193: method, URL and status are part of the message."""
    registry.forbidden = True
    told = refused(f"{registry.name}/some/image", login(registry))

    url = f"http://{registry.name}/v2/some/image/blobs/uploads/"
    assert f"POST {url}: unexpected status code 403 Forbidden" in str(told)
    assert told.code == CREDENTIALS


def test_what_may_pass_is_asked_again(registry: RegistryHost, pauses: list[float]) -> None:
    """Three attempts, then the step ends with the code that means `later`; `Retry-After` makes a pause longer."""
    registry.broken = True
    registry.retry_after = "9"
    told = refused(f"{registry.name}/some/image", login(registry))

    assert told.code == TRANSIENT
    assert "answered 503" in str(told)
    assert pauses == [9, 9]
    assert [method for method, _ in registry.requests] == ["POST"] * 3


def test_a_run_image_that_is_missing_is_no_fault_of_credentials(registry: RegistryHost) -> None:
    """404 is told with the image's name."""
    with pytest.raises(StepError, match=r'read access to run image ".*/run:1": .* does not exist \(404\)') as told:
        asyncio.run(check_read(f"{registry.name}/run:1", login(registry)))

    assert told.value.code == GENERIC


def test_a_run_image_may_be_read_with_a_pull_secret(registry: RegistryHost) -> None:
    """A pull secret's key may be a part of the registry."""
    digest = registry.put_image("team/run", {})
    keychain = login(registry, key=f"{registry.name}/team").as_pull_secrets()

    asyncio.run(check_read(f"{registry.name}/team/run@{digest}", keychain))


def test_an_anonymous_token_is_told_as_such(registry: RegistryHost) -> None:
    """A token in the place of a user has no name to tell."""
    told = refused(f"{registry.name}/some/image", Keychain(((registry.name, Login(identity_token="hidden")),)))

    assert "does not let the token do this: correct the login of service account team/bot" in str(told)
    assert "it has none" in str(refused(f"{registry.name}/some/image", ANONYMOUS))


class _Clouds:
    """A node in a cloud."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    async def login(self, registry: str) -> Login | None:
        """A login for one registry."""
        return Login(username="_token", password="t") if registry == "gcr.io" else None


def test_the_nodes_cloud_helps_where_no_secret_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the node has is left for the lifecycle; a Secret for the registry comes before it."""
    monkeypatch.setattr(registries, "CloudKeychains", _Clouds)
    own = keychain_from_login("gcr.io", username="me", password="p")

    found = asyncio.run(cloud_logins(ANONYMOUS, ["gcr.io/p/app", "quay.io/run"]))
    none = asyncio.run(cloud_logins(own, ["gcr.io/p/app"]))

    assert found == Keychain((("gcr.io", Login(username="_token", password="t")),))
    assert none == ANONYMOUS
    assert 'the node has a login for "gcr.io"' in capsys.readouterr().out


def test_no_cloud_is_asked_for_other_registries() -> None:
    """Outside of a cloud the step does not wait for a metadata server that is not there."""
    assert asyncio.run(cloud_logins(ANONYMOUS, ["registry.example/a/b", "ubuntu"])) == ANONYMOUS
