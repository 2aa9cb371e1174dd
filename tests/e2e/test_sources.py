"""Sources on the real cluster: private git over ssh and https, archives of an S3, an image of layers.

The ssh server and the S3 run in this process, at the machine's address as pods see it.
"""

import base64
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import aiohttp
import asyncssh
import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from dev.build_service import SAMPLE, kubectl, read_configuration
from dev.environment import Environment
from dev.machine.probes import wait_for
from dev.services.git import create_repository
from dev.services.working_copy import copy_of
from kpack_reconciler.clients.registry.client import RegistryClient
from kpack_reconciler.model.references import parse_image
from tests.fakes.registry_host import digest_of
from tests.fakes.ssh_host import SshHost, ssh_host

pytestmark = pytest.mark.e2e

NAMESPACE = "sources"
GIT, BLOB = "build.pivotal.io/git", "build.pivotal.io/blob"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "hidden"}
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def in_namespace(service: Environment, *arguments: str, stdin: str | None = None) -> str:
    return kubectl(service, "-n", NAMESPACE, *arguments, stdin=stdin)


def apply(service: Environment, *objects: Mapping[str, object]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": objects}
    in_namespace(service, "apply", "-f", "-", stdin=json.dumps(listed))


def a_secret(name: str, kind: str, data: Mapping[str, str], **annotations: str) -> Mapping[str, object]:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    metadata = {"name": name, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": metadata, "data": encoded}


def an_account(name: str, *secrets: str) -> Mapping[str, object]:
    named = [{"name": secret} for secret in secrets]
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}, "secrets": named}


def an_image(service: Environment, name: str, source: Mapping[str, object]) -> Mapping[str, object]:
    """Give an Image whose service account has its own name."""
    spec = {
        "tag": f"{service.registry}/{NAMESPACE}/{name}",
        "builder": {"kind": "Builder", "name": "sample-builder"},
        "serviceAccount": name,
        "source": source,
    }
    return {"apiVersion": "build.pivotal.io/v1alpha1", "kind": "Image", "metadata": {"name": name}, "spec": spec}


def await_told(service: Environment, name: str, words: str) -> None:
    """Wait until the Image's source is refused with these words."""
    place = ("get", f"sourceresolver/{name}-source", "--ignore-not-found", "-o")
    wait_for(
        lambda: words in in_namespace(service, *place, "jsonpath={.status.conditions[0].message}"),
        what=f"{words!r} on the source of Image {name}",
        seconds=60,
    )


def await_built(service: Environment, name: str) -> None:
    in_namespace(service, "wait", "--for=jsonpath={.status.buildCounter}=1", f"image/{name}", "--timeout=90s")
    in_namespace(service, "wait", "--for=condition=Settled", f"image/{name}", "--timeout=180s")
    in_namespace(service, "wait", "--for=condition=Ready", f"image/{name}", "--timeout=5s")


def archive() -> bytes:
    """The sample application as a tar.gz with one folder at its top."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as made:
        made.add(SAMPLE, arcname="app-1.0")
    return file.getvalue()


@pytest.fixture(scope="module", autouse=True)
def namespace(service: Environment) -> Iterator[None]:
    if not service.host:
        pytest.skip("pods of a named cluster do not reach this process")
    kubectl(service, "create", "namespace", NAMESPACE)
    kubectl(service, "label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    builder = {"image": read_configuration(service.state)["builderImage"]}
    metadata = {"name": "sample-builder"}
    apply(
        service, {"apiVersion": "build.pivotal.io/v1alpha1", "kind": "Builder", "metadata": metadata, "spec": builder}
    )
    yield
    kubectl(service, "delete", "namespace", NAMESPACE, "--wait=false")


@pytest.fixture(scope="module")
def ssh(service: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshHost]:
    """Give an ssh server with the sample application at `/app.git`."""
    root = tmp_path_factory.mktemp("ssh")
    bare = create_repository(root, "app")
    copy = copy_of(SAMPLE, root / "work", url=str(bare), branch="main", environment=service.variables())
    copy.push("Hello, ssh!")
    with ssh_host(root, address=service.host) as host:
        yield host


@pytest.fixture(scope="module")
def s3(service: Environment) -> Iterator[str]:
    """Give the URL of the sample application's archive in an S3."""
    moto = ThreadedMotoServer(ip_address=service.host, port=0, verbose=False)
    moto.start()
    address = f"http://{service.host}:{moto.get_host_and_port()[1]}"
    client = s3_client(address)
    client.create_bucket(Bucket="sources")
    client.put_object(Bucket="sources", Key="app.tgz", Body=archive())
    yield f"{address}/sources/app.tgz"
    moto.stop()


def s3_client(address: str):  # type: ignore[no-untyped-def]  # noqa: ANN201 - boto3 has no types
    return boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


def ssh_secret(host: SshHost, **changes: str) -> Mapping[str, object]:
    data = {"ssh-privatekey": host.private_key, "known_hosts": host.known_hosts, **changes}
    return a_secret("git-ssh", "kubernetes.io/ssh-auth", data, **{GIT: f"git@{host.address}"})


def test_git_over_ssh(service: Environment, ssh: SshHost) -> None:
    """Without a key, with a wrong one, with an unknown host: each is told; with the right Secret the build starts."""
    source = {"git": {"url": ssh.url("app"), "revision": "main"}}
    other = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()

    apply(service, an_account("ssh"), an_image(service, "ssh", source))
    await_told(service, "ssh", "has no key for it")
    apply(service, ssh_secret(ssh, known_hosts=""), an_account("ssh", "git-ssh"))
    await_told(service, "ssh", "ssh-keyscan")
    apply(service, ssh_secret(ssh, **{"ssh-privatekey": other}))
    await_told(service, "ssh", "does not let user 'git' in")
    apply(service, ssh_secret(ssh))

    await_built(service, "ssh")


def test_private_git_over_http(service: Environment, tmp_path: Path) -> None:
    """Missing and wrong credentials are told on the Image's source; with the right ones the build starts."""
    create_repository(service.state.git, "private/sources-app")
    url, login = f"{service.git_url}/private/sources-app.git", service.git_credentials()
    host = service.git_url.partition("://")[2]
    address = url.replace("://", f"://{login.username}:{login.password}@")
    copy_of(SAMPLE, tmp_path / "app", url=address, branch="main", environment=service.variables()).push("Hello!")

    def secret(password: str) -> Mapping[str, object]:
        data = {"username": login.username, "password": password}
        return a_secret("git-http", "kubernetes.io/basic-auth", data, **{GIT: f"http://{host}"})

    apply(service, an_account("http"), an_image(service, "http", {"git": {"url": url, "revision": "main"}}))
    await_told(service, "http", "has no login for it")
    apply(service, secret("wrong"), an_account("http", "git-http"))
    await_told(service, "http", "the login that it was shown is wrong")
    apply(service, secret(login.password))

    await_built(service, "http")


def test_an_archive_of_an_s3(service: Environment, s3: str) -> None:
    """With a key pair, and by a presigned URL, whose signature is on no label of the image."""
    strip = {"stripComponents": 1}
    place = s3.rpartition("/sources/")[0]
    presigned = s3_client(place).generate_presigned_url(
        "get_object", Params={"Bucket": "sources", "Key": "app.tgz"}, ExpiresIn=3600
    )
    apply(
        service,
        a_secret("s3", "Opaque", KEYS, **{BLOB: service.host}),
        *(an_account("keyed", "s3"), an_account("presigned")),
        an_image(service, "keyed", {"blob": {"url": s3, **strip}}),
        an_image(service, "presigned", {"blob": {"url": presigned, **strip}}),
    )

    for name in ("keyed", "presigned"):
        await_built(service, name)


async def test_an_image_of_layers(service: Environment) -> None:
    """The layers are the source, the folder in them is found by `subPath`."""
    reference = parse_image(f"{service.registry}/{NAMESPACE}/layers-source")
    layer, config = archive(), b"{}"
    descriptors = [{"mediaType": LAYER, "digest": digest_of(layer), "size": len(layer)}]
    described = {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": digest_of(config),
        "size": len(config),
    }
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": descriptors}
    async with aiohttp.ClientSession() as http:
        client = RegistryClient(http)
        for blob in (layer, config):
            await client.push_blob(reference, digest_of(blob), blob)
        await client.push_manifest(reference, json.dumps(manifest).encode(), media_type=MANIFEST)

    source = {"registry": {"image": str(reference)}, "subPath": "app-1.0"}
    apply(service, an_account("layers"), an_image(service, "layers", source))

    await_built(service, "layers")
