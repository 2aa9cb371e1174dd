"""The tiny images that both controllers need: run images, a ready-made builder, and what kpack composes one of.

Owns their contents. Rules:
- both builders have the same stack, buildpack and lifecycle version, and their layers one small file;
- there are two run images, `run:1` and `run:2`, and a ready-made builder on each, `builder:1` and `builder:2`;
- applications are rebasable: their labels are those of a lifecycle's export.
"""

import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from dev.bench.load import in_parallel
from dev.bench.rebase_scene import STACK, application, run_image
from dev.images.images import ComposedImage, push, sha256
from dev.images.layers import Entry, Layer, make_layer

STACK_ID: Final = STACK["io.buildpacks.stack.id"]
BUILDPACK: Final = {"id": "bench", "version": "1.0.0"}
LIFECYCLE_VERSION: Final = "0.20.12"
PLATFORM_APIS: Final = ("0.7", "0.8", "0.9", "0.10")
_BUILDPACK_API = "0.8"
_USER = {"CNB_USER_ID": "1000", "CNB_GROUP_ID": "1000", "CNB_STACK_ID": STACK_ID}
_APIS = {
    "buildpack": {"deprecated": [], "supported": ["0.8", "0.9", "0.10"]},
    "platform": {"deprecated": [], "supported": list(PLATFORM_APIS)},
}
_API = {"buildpack": _BUILDPACK_API, "platform": PLATFORM_APIS[0]}


async def push_builders(registry: str) -> None:
    """Have all of them in the registry, but the applications."""
    with tempfile.TemporaryDirectory() as folder:
        for name, image in _images(registry, Path(folder)).items():
            await push(image, f"{registry}/{name}")


async def push_applications(registry: str, tags: Iterable[str]) -> str:
    """Have one rebasable application on `run:1` behind each tag; its digest."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = run_image(folder, "run-1")
        built = {"buildpacks": [BUILDPACK], "launcher": {"version": LIFECYCLE_VERSION}}
        app = application(
            folder,
            base,
            run_name=f"{registry}/stack/run:1",
            platform_api=PLATFORM_APIS[-1],
            labels={"io.buildpacks.build.metadata": json.dumps(built)},
        )

        async def send(tag: str) -> None:
            await push(app, tag)

        await in_parallel(send(tag) for tag in tags)
        return sha256(app.manifest(app.config()))


def _images(registry: str, folder: Path) -> Mapping[str, ComposedImage]:
    runs = {f"stack/run:{number}": run_image(folder, f"run-{number}") for number in (1, 2)}
    build = ComposedImage(
        layers=(_layer(folder, "build"),), environment={**_USER, "PATH": "/bin"}, labels=STACK, user="1000:1000"
    )
    ready = {f"ready/builder:{number}": _builder(build, f"{registry}/stack/run:{number}") for number in (1, 2)}
    return {
        **runs,
        "stack/build:1": build,
        "lifecycle:1": _lifecycle(folder),
        "buildpack:1": _buildpack(folder),
        **ready,
    }


def _builder(build: ComposedImage, run_name: str) -> ComposedImage:
    metadata = {
        "buildpacks": [BUILDPACK],
        "stack": {"runImage": {"image": run_name}},
        "lifecycle": {"version": LIFECYCLE_VERSION, "api": _API, "apis": _APIS},
    }
    return build.with_layers((), labels={"io.buildpacks.builder.metadata": json.dumps(metadata)})


def _lifecycle(folder: Path) -> ComposedImage:
    metadata = {"lifecycle": {"version": LIFECYCLE_VERSION}, "api": _API}
    labels = {
        "io.buildpacks.lifecycle.version": LIFECYCLE_VERSION,
        "io.buildpacks.lifecycle.apis": json.dumps(_APIS),
        "io.buildpacks.builder.metadata": json.dumps(metadata),
    }
    return ComposedImage(layers=(_layer(folder, "cnb/lifecycle/lifecycle"),), labels=labels)


def _buildpack(folder: Path) -> ComposedImage:
    layer = _layer(folder, "cnb/buildpacks/bench/1.0.0/buildpack.toml")
    stacks = [{"id": STACK_ID}]
    held = {"bench": {"1.0.0": {"api": _BUILDPACK_API, "layerDiffID": layer.diff_id, "stacks": stacks}}}
    labels = {
        "io.buildpacks.buildpackage.metadata": json.dumps({**BUILDPACK, "stacks": stacks}),
        "io.buildpacks.buildpack.layers": json.dumps(held),
    }
    return ComposedImage(layers=(layer,), labels=labels)


def _layer(folder: Path, name: str) -> Layer:
    return make_layer(folder / "layers", name, lambda _work: [Entry(name=name, content=name.encode(), mode=0o644)])
