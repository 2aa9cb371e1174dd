import json
from pathlib import Path

from dev.images.images import ComposedImage, push
from dev.images.layers import Entry, make_layer
from tests.fakes.registry import FakeRegistry, digest_of


def an_image(cache: Path) -> ComposedImage:
    layer = make_layer(cache, "key", lambda _work: [Entry(name="a", content=b"text")])
    return ComposedImage(layers=(layer,), environment={"A": "b"}, labels={"one": "1"}, user="1000:1000")


def test_the_manifest_describes_config_and_layers(tmp_path: Path) -> None:
    """A manifest names its parts by the digests of their bytes, a config its layers by those of their content."""
    image = an_image(tmp_path)
    config = image.config()

    manifest = json.loads(image.manifest(config))

    assert manifest["config"]["digest"] == digest_of(config)
    assert [layer["digest"] for layer in manifest["layers"]] == [image.layers[0].digest]
    assert json.loads(config)["rootfs"]["diff_ids"] == [image.layers[0].diff_id]


def test_more_layers_keep_what_the_image_says(tmp_path: Path) -> None:
    """An image on top of another has its environment, user and labels."""
    image = an_image(tmp_path)

    higher = image.with_layers(image.layers, labels={"two": "2"})

    assert len(higher.layers) == 2
    assert (higher.environment, higher.user, higher.labels) == ({"A": "b"}, "1000:1000", {"one": "1", "two": "2"})


async def test_pushing_twice_sends_once(tmp_path: Path) -> None:
    """The second push of an unchanged image is one HEAD of its tag, with the same digest reference."""
    registry, image = FakeRegistry(), an_image(tmp_path)

    async with registry.serve() as host:
        first = await push(image, f"{host}/kpack/app:dev")
        sent = len(registry.requests)
        second = await push(image, f"{host}/kpack/app:dev")

    assert first == second == f"{host}/kpack/app@{digest_of(image.manifest(image.config()))}"
    assert registry.requests[sent:] == [("HEAD", "/v2/kpack/app/manifests/dev")]
