"""Of whatever a reference names, the linux/amd64 image's own bytes are read."""

import json

import aiohttp
import pytest

from kpack_reconciler.clients.registry import RegistryClient
from kpack_reconciler.clients.registry.images import read_image
from kpack_reconciler.errors import PermanentError
from kpack_reconciler.model.rebase import RemoteImage
from kpack_reconciler.model.references import parse_image
from tests.fakes.registry import INDEX, FakeRegistry


async def read(registry: FakeRegistry, name: str = "team/app:1") -> RemoteImage:
    async with registry.serve() as address, aiohttp.ClientSession() as http:
        return await read_image(RegistryClient(http), parse_image(f"{address}/{name}"))


async def test_an_image_is_read_with_its_digest() -> None:
    """Manifest and config come as they are; the reference has the digest instead of the tag."""
    registry = FakeRegistry()
    digest = registry.put_image("team/app", "1", labels={"a": "b"})

    image = await read(registry)

    assert (image.reference.tag, image.reference.digest) == (None, digest)
    assert json.loads(image.config)["config"]["Labels"] == {"a": "b"}
    assert image.manifest == registry.manifests["team/app", digest][0]


@pytest.mark.parametrize(
    "platform", [{"os": "linux", "architecture": "amd64"}, None], ids=["for linux/amd64", "for no platform"]
)
async def test_of_an_index_the_child_is_read(platform: dict[str, str] | None) -> None:
    """The digest is the child's, as the lifecycle records it."""
    registry = FakeRegistry()
    other = registry.put_image("team/app", "arm", labels={})
    digest = registry.put_image("team/app", "amd", labels={"a": "b"})
    children = [
        {"digest": other, "platform": {"os": "linux", "architecture": "arm64"}},
        {"digest": digest, "platform": platform},
    ]
    registry.put_manifest("team/app", "1", {"manifests": children}, media_type=INDEX)

    assert (await read(registry)).reference.digest == digest


@pytest.mark.parametrize(
    ("document", "media_type"),
    [
        pytest.param({"fsLayers": []}, "application/vnd.docker.distribution.manifest.v2+json", id="no config"),
        pytest.param({"manifests": []}, INDEX, id="an index without children"),
        pytest.param({"manifests": 7}, INDEX, id="an index of another shape"),
    ],
)
async def test_what_is_no_image_is_refused(document: object, media_type: str) -> None:
    """With its name."""
    registry = FakeRegistry()
    registry.put_manifest("team/app", "1", document, media_type=media_type)

    with pytest.raises(PermanentError, match=r"team/app[:@]") as refused:
        await read(registry)

    assert refused.value.reason in {"UnsupportedImage", "UnsupportedPlatform"}
