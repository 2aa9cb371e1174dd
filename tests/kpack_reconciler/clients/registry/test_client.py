"""The registry client against a registry in memory."""

import aiohttp
import pytest

from kpack_reconciler.clients.registry import RegistryClient
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.credentials import ANONYMOUS, Keychain, keychain_from_login
from kpack_reconciler.model.references import ImageReference, parse_image
from tests.fakes.registry import INDEX, FakeRegistry, digest_of


def logins(registry: str, password: str) -> Keychain:
    return keychain_from_login(registry, username="me", password=password)


def reference(registry: str, name: str = "team/app:1") -> ImageReference:
    return parse_image(f"{registry}/{name}")


@pytest.mark.parametrize("scheme", ["", "basic", "bearer"])
async def test_the_login_is_given_as_the_registry_asks(scheme: str) -> None:
    """An open registry gets no login, others the one of the keychain by basic or token authentication."""
    fake = FakeRegistry(scheme=scheme)
    expected = fake.put_image("team/app", "1", labels={})

    async with fake.serve() as registry, aiohttp.ClientSession() as http:
        found = await RegistryClient(http, logins(registry, "hidden")).digest(reference(registry))

    assert found == expected


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
@pytest.mark.parametrize("password", ["wrong-secret", None])
async def test_a_refused_login_names_the_registry(scheme: str, password: str | None) -> None:
    """A wrong or missing login is a refusal for good that names the registry and no password."""
    fake = FakeRegistry(scheme=scheme)
    fake.put_image("team/app", "1", labels={})

    async with fake.serve() as registry, aiohttp.ClientSession() as http:
        keychain = ANONYMOUS if password is None else logins(registry, password)
        with pytest.raises(PermanentError) as caught:
            await RegistryClient(http, keychain).digest(reference(registry))

    assert caught.value.reason == "Unauthorized"
    assert f"credentials for {registry}" in str(caught.value)
    assert "wrong-secret" not in str(caught.value)


async def test_a_missing_image_is_named() -> None:
    """404 is a refusal for good that names the image."""
    async with FakeRegistry().serve() as registry, aiohttp.ClientSession() as http:
        with pytest.raises(PermanentError, match="team/app:1 does not exist") as caught:
            await RegistryClient(http).digest(reference(registry))

    assert caught.value.reason == "NotFound"


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_may_pass_is_transient(status: int) -> None:
    """A rate limit or a fault of the server is worth another try, at the time that it names."""
    broken = FakeRegistry(broken=status, said={"Retry-After": "7"})
    async with broken.serve() as registry, aiohttp.ClientSession() as http:
        with pytest.raises(TransientError, match=f"registry {registry} answered {status}") as told:
            await RegistryClient(http).digest(reference(registry))

    assert told.value.retry_after == 7


async def test_a_registry_that_does_not_answer_is_transient() -> None:
    """A refused connection is worth another try."""
    async with FakeRegistry().serve() as registry:
        pass
    async with aiohttp.ClientSession() as http:
        with pytest.raises(TransientError, match="does not answer"):
            await RegistryClient(http).digest(reference(registry))


async def test_other_bytes_than_the_digest_says_are_not_taken() -> None:
    """Manifests and blobs that do not have the digest they were asked by are dropped."""
    fake, wrong = FakeRegistry(), digest_of(b"promised")
    fake.manifests["team/app", wrong] = (b"{}", "application/json")
    fake.blobs["team/app", wrong] = b"{}"

    async with fake.serve() as registry, aiohttp.ClientSession() as http:
        client, asked = RegistryClient(http), reference(registry).with_digest(wrong)
        with pytest.raises(TransientError, match="other bytes"):
            await client.manifest(asked)
        with pytest.raises(TransientError, match="other bytes"):
            await client.blob(asked, wrong)


async def test_of_an_index_the_linux_amd64_image_is_read() -> None:
    """V76: an index stands for its linux/amd64 image, by HEAD and by GET; what it holds is read once."""
    fake = FakeRegistry()
    arm = fake.put_image("team/app", "arm", labels={"is": "arm"})
    amd = fake.put_image("team/app", "amd", labels={"is": "amd"}, env=("A=1",))
    entries = [
        {"digest": digest, "platform": {"os": "linux", "architecture": name}}
        for digest, name in ((arm, "arm64"), (amd, "amd64"))
    ]
    fake.put_manifest("team/app", "1", {"manifests": entries}, media_type=INDEX)

    async with fake.serve() as registry, aiohttp.ClientSession() as http:
        client = RegistryClient(http)
        config = await client.config(reference(registry))
        fake.requests.clear()
        digests = [await client.digest(reference(registry)) for _ in range(3)]

    assert (config.labels, config.env, config.digest) == ({"is": "amd"}, ("A=1",), amd)
    assert digests == [amd] * 3
    assert [method for method, _ in fake.requests] == ["HEAD", "GET", "HEAD", "HEAD"]


async def test_a_blob_and_a_manifest_are_pushed_once() -> None:
    """An upload stores the bytes; a blob that is there is not sent again."""
    fake, raw = FakeRegistry(scheme="bearer"), b"layer"

    async with fake.serve() as registry, aiohttp.ClientSession() as http:
        client, target = RegistryClient(http, logins(registry, "hidden")), reference(registry)
        await client.push_blob(target, digest_of(raw), raw)
        await client.push_blob(target, digest_of(raw), raw)
        pushed = await client.push_manifest(target, b"{}", media_type=INDEX)

    assert fake.blobs["team/app", digest_of(raw)] == raw
    assert fake.manifests["team/app", "1"] == (b"{}", INDEX)
    assert pushed == digest_of(b"{}")
    assert [path for method, path in fake.requests if method == "PUT"].count("/v2/team/app/blobs/uploads/1") == 1


async def test_a_blob_is_mounted_from_another_repository() -> None:
    """A mount tells whether the registry had the blob where it was said to be."""
    fake = FakeRegistry()
    digest = fake.put_blob("team/base", b"layer")

    async with fake.serve() as registry, aiohttp.ClientSession() as http:
        client, target = RegistryClient(http), reference(registry)
        mounted = await client.mount(target, digest, source="team/base")
        absent = await client.mount(target, digest_of(b"else"), source="team/base")

    assert (mounted, absent) == (True, False)
    assert fake.blobs["team/app", digest] == b"layer"


async def test_checking_a_push_leaves_nothing() -> None:
    """Whether one may write is asked by an upload that is cancelled."""
    fake = FakeRegistry()

    async with fake.serve() as registry, aiohttp.ClientSession() as http:
        await RegistryClient(http).check_push(reference(registry))

    assert [method for method, _ in fake.requests] == ["POST", "DELETE"]
    assert not fake.blobs
