"""A registry that asks who one is: our client beside the real one, then a build that pushes there.

The first half needs no cluster: Debian's docker-registry on a free port, with an htpasswd file.
"""

import asyncio
import base64
import hashlib
import json
import socket
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import aiohttp
import pytest

from dev.build_service import APPLICATION, kubectl, read_configuration
from dev.environment import Environment
from dev.machine.probes import listens, wait_for
from dev.services import registry
from dev.services.credentials import Credentials, htpasswd
from kpack_api.names import BUILD_NEEDED_ANNOTATION
from kpack_reconciler.clients.registry import RegistryClient, UnauthorizedError
from kpack_reconciler.errors import PermanentError
from kpack_reconciler.model.credentials import ANONYMOUS, Keychain, keychain_from_login
from kpack_reconciler.model.references import parse_tag

pytestmark = pytest.mark.e2e

NAMESPACE = "guarded"
PORT = 5003
LOGIN = Credentials(username="someone", password="top secret: with a colon")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
T = TypeVar("T")


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[str]:
    """Give `host:port` of a real registry with one user."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    users, file = tmp_path / "users", tmp_path / "registry.json"
    users.write_text(htpasswd(LOGIN))
    file.write_text(
        json.dumps(registry.configuration(address=f"127.0.0.1:{port}", data=tmp_path / "data", users=users))
    )
    command = ["docker-registry", "serve", str(file)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: listens("127.0.0.1", port=port), what="an answer of the registry", seconds=20)
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def login(host: str, password: str = LOGIN.password) -> Keychain:
    return keychain_from_login(host, username=LOGIN.username, password=password)


def ask(keychain: Keychain, question: Callable[[RegistryClient], Awaitable[T]]) -> T:
    async def answer() -> T:
        async with aiohttp.ClientSession() as http:
            return await question(RegistryClient(http, keychain))

    return asyncio.run(answer())


async def push_image(client: RegistryClient, tag: str) -> str:
    """Push an image without layers; its digest."""
    config = json.dumps({"config": {"Labels": {"is": "ours"}}}).encode()
    kind = "application/vnd.oci.image.config.v1+json"
    described = {"mediaType": kind, "size": len(config), "digest": digest_of(config)}
    body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": []}
    await client.push_blob(parse_tag(tag), digest_of(config), config)
    return await client.push_manifest(parse_tag(tag), json.dumps(body).encode(), media_type=MANIFEST)


def test_the_right_login_writes_and_reads(guarded: str) -> None:
    """Push, HEAD, config and mount do with a real registry what they do with the fake one."""

    async def all_of_it(client: RegistryClient) -> None:
        pushed = await push_image(client, f"{guarded}/team/app:1")
        config = await client.config(parse_tag(f"{guarded}/team/app:1"))
        assert (config.digest, config.labels) == (pushed, {"is": "ours"})
        assert await client.digest(parse_tag(f"{guarded}/team/app:1")) == pushed
        other = parse_tag(f"{guarded}/team/other:1")
        assert not await client.has_blob(other, digest_of(config.raw))
        assert await client.mount(other, digest_of(config.raw), source="team/app")
        assert await client.has_blob(other, digest_of(config.raw))
        await client.check_push(other)
        with pytest.raises(PermanentError, match=r"does not exist \(404\)"):
            await client.digest(other)

    ask(login(guarded), all_of_it)


@pytest.mark.parametrize("keychain", [None, "wrong"], ids=["missing", "wrong"])
def test_another_login_is_refused(guarded: str, keychain: str | None) -> None:
    """Neither reading nor writing works, and both are told with the registry's own words."""
    given = ANONYMOUS if keychain is None else login(guarded, keychain)
    reference = parse_tag(f"{guarded}/team/app:1")

    with pytest.raises(UnauthorizedError, match="not allowed to read from"):
        ask(given, lambda client: client.check_pull(reference))
    with pytest.raises(UnauthorizedError, match="UNAUTHORIZED: authentication required"):
        ask(given, lambda client: client.check_push(reference))


def in_namespace(service: Environment, *arguments: str, stdin: str | None = None) -> str:
    return kubectl(service, "-n", NAMESPACE, *arguments, stdin=stdin)


def apply(service: Environment, *objects: dict[str, object]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": objects}
    in_namespace(service, "apply", "-f", "-", stdin=json.dumps(listed))


def secret(host: str, password: str) -> dict[str, object]:
    auth = base64.b64encode(f"{LOGIN.username}:{password}".encode()).decode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "guarded-registry"},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": json.dumps({"auths": {f"https://{host}/v2/": {"auth": auth}}})},
    }


@pytest.fixture(scope="module")
def host(service: Environment) -> Iterator[str]:
    """Give the address of a registry with one user, and a namespace with a builder and an Image to be pushed there."""
    assert service.cluster is not None
    registry.start(service.cluster, "guarded", port=PORT, credentials=LOGIN)
    registry.await_ready(service.cluster, "guarded", port=PORT)
    host = f"{service.cluster.addresses.node}:{PORT}"
    kubectl(service, "create", "namespace", NAMESPACE)
    builder = {"image": read_configuration(service.state)["builderImage"]}
    source = {"git": {"url": f"{service.git_url}/{APPLICATION}.git", "revision": "main"}}
    ours = "build.pivotal.io/v1alpha1"
    account = {"metadata": {"name": "pusher"}, "secrets": [{"name": "guarded-registry"}]}
    image = {
        "tag": f"{host}/team/app",
        "serviceAccount": "pusher",
        "source": source,
        "builder": {"kind": "Builder", "name": "sample"},
    }
    apply(
        service,
        secret(host, "wrong"),
        {"apiVersion": "v1", "kind": "ServiceAccount", **account},
        {"apiVersion": ours, "kind": "Builder", "metadata": {"name": "sample"}, "spec": builder},
        {"apiVersion": ours, "kind": "Image", "metadata": {"name": "app"}, "spec": image},
    )
    yield host
    kubectl(service, "delete", "namespace", NAMESPACE, "--wait=false")
    service.cluster.processes.stop(["guarded"])


def test_a_wrong_login_is_told_on_the_image(service: Environment, host: str) -> None:
    """The message names user, Secret and service account, and no password."""
    in_namespace(service, "wait", "--for=condition=Settled", "image/app", "--timeout=120s")
    path = 'jsonpath={.status.conditions[?(@.type=="Ready")].message}'
    message = in_namespace(service, "get", "image", "app", "-o", path)

    assert f'write access to "{host}/team/app"' in message
    assert f"'{LOGIN.username}'" in message
    assert "secret guarded-registry" in message
    assert "wrong" not in message


def test_the_right_login_builds(service: Environment, host: str) -> None:
    """The corrected Secret is used by the next build; the image is where the Image says, for those who may read it."""
    apply(service, secret(host, LOGIN.password))
    path = "jsonpath={.status.latestBuildRef}"
    failed = in_namespace(service, "get", "image", "app", "-o", path)
    in_namespace(service, "annotate", "build", failed, f"{BUILD_NEEDED_ANNOTATION}=true")
    in_namespace(service, "wait", "--for=jsonpath={.status.buildCounter}=2", "image/app", "--timeout=60s")
    in_namespace(service, "wait", "--for=condition=Ready", "image/app", "--timeout=180s")
    latest = in_namespace(service, "get", "image", "app", "-o", "jsonpath={.status.latestImage}")

    digest = ask(login(host), lambda client: client.digest(parse_tag(f"{host}/team/app")))
    assert latest == f"{host}/team/app@{digest}"
    with pytest.raises(UnauthorizedError):
        ask(ANONYMOUS, lambda client: client.digest(parse_tag(f"{host}/team/app")))
