"""Sample builders: the build image with a lifecycle and our two buildpacks, for both generations of the lifecycle.

Owns the files below /cnb and the labels of a builder image (CNB platform specification, as pack writes them).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dev.images.images import ComposedImage
from dev.images.layers import Entry, Layer, digest_of, make_layer, tree
from dev.state import CHECKOUT

SAMPLES: Final = CHECKOUT / "dev" / "samples" / "buildpacks"
PHASES: Final = ("analyzer", "builder", "creator", "detector", "exporter", "rebaser", "restorer")
NAMESPACE: Final = "kpack-samples"
VERSION: Final = "0.1.0"
BUILDPACKS: Final = ("go", "labels")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """A generation of the lifecycle: its programs on the machine, and the API versions that it speaks."""

    version: str
    program: str
    launcher: str
    platform_apis: tuple[str, ...]
    buildpack_apis: tuple[str, ...]
    buildpack_api: str

    def apis(self) -> Mapping[str, Mapping[str, list[str]]]:
        """Give the label `io.buildpacks.lifecycle.apis`."""
        return {
            "buildpack": {"deprecated": [], "supported": list(self.buildpack_apis)},
            "platform": {"deprecated": [], "supported": list(self.platform_apis)},
        }


TODAY: Final = Lifecycle(
    version="0.21.0",
    program="lifecycle",
    launcher="launcher",
    platform_apis=("0.7", "0.8", "0.9", "0.10", "0.11", "0.12", "0.13", "0.14", "0.15"),
    buildpack_apis=("0.7", "0.8", "0.9", "0.10", "0.11", "0.12"),
    buildpack_api="0.10",
)
TUTORIAL: Final = Lifecycle(
    version="0.9.3",
    program="lifecycle-0.9",
    launcher="launcher-0.9",
    platform_apis=("0.3",),
    buildpack_apis=("0.2", "0.3", "0.4"),
    buildpack_api="0.4",
)


def builder_image(
    base: ComposedImage, lifecycle: Lifecycle, *, tools: Path, cache: Path, run_image: str, version: str = VERSION
) -> ComposedImage:
    """Give the builder on this build image whose applications run on `run_image`, a digest reference.

    `version` is that of its buildpacks.
    """
    buildpacks = {name: buildpack_layer(cache, name, lifecycle, version) for name in BUILDPACKS}
    layers = [
        lifecycle_layer(cache, lifecycle, tools),
        *buildpacks.values(),
        configuration_layer(cache, lifecycle, run_image, version),
    ]
    return base.with_layers(layers, labels=builder_labels(lifecycle, buildpacks, run_image, version))


def lifecycle_layer(cache: Path, lifecycle: Lifecycle, tools: Path) -> Layer:
    """Give the lifecycle's programs and descriptor."""
    program, launcher = (tools / lifecycle.program).resolve(), (tools / lifecycle.launcher).resolve()
    key = f"lifecycle {lifecycle} {digest_of(program)} {digest_of(launcher)} v1"
    return make_layer(cache / "layers", key, lambda _work: _lifecycle_entries(lifecycle, program, launcher))


def buildpack_layer(cache: Path, name: str, lifecycle: Lifecycle, version: str = VERSION) -> Layer:
    """Give one of our buildpacks below /cnb/buildpacks, declared for the buildpack API of this lifecycle."""
    folder = f"cnb/buildpacks/{NAMESPACE}_{name}"
    descriptor = buildpack_descriptor(name, lifecycle, version)
    entries = [
        Entry(name="cnb"),
        Entry(name="cnb/buildpacks"),
        Entry(name=folder),
        Entry(name=f"{folder}/{version}"),
        Entry(name=f"{folder}/{version}/buildpack.toml", content=descriptor.encode(), mode=0o644),
        *tree(SAMPLES / name, prefix=f"{folder}/{version}/"),
    ]
    content = b"".join(path.read_bytes() for path in sorted((SAMPLES / name / "bin").iterdir()))
    return make_layer(cache / "layers", f"buildpack {descriptor} {content!r} v1", lambda _work: entries)


def configuration_layer(cache: Path, lifecycle: Lifecycle, run_image: str, version: str = VERSION) -> Layer:
    """Give the detection order and the run image's name."""
    groups = "".join(
        f'[[order.group]]\nid = "{NAMESPACE}/{name}"\nversion = "{version}"\noptional = {str(name != "go").lower()}\n'
        for name in BUILDPACKS
    )
    files = {
        "order.toml": f"[[order]]\n{groups}",
        "stack.toml": f'[run-image]\nimage = "{run_image}"\n',
        **({} if lifecycle is TUTORIAL else {"run.toml": f'[[images]]\nimage = "{run_image}"\n'}),
    }
    entries = [Entry(name="cnb"), *(Entry(name=f"cnb/{n}", content=t.encode(), mode=0o644) for n, t in files.items())]
    return make_layer(cache / "layers", f"configuration {json.dumps(files)} v1", lambda _work: entries)


def buildpack_descriptor(name: str, lifecycle: Lifecycle, version: str = VERSION) -> str:
    """Give a buildpack.toml for any stack and any Linux."""
    targets = "" if lifecycle is TUTORIAL else '\n[[targets]]\nos = "linux"\n'
    return (
        f'api = "{lifecycle.buildpack_api}"\n\n[buildpack]\nid = "{NAMESPACE}/{name}"\nversion = "{version}"\n'
        f'name = "Sample {name} buildpack"\n{targets}\n[[stacks]]\nid = "*"\n'
    )


def builder_labels(
    lifecycle: Lifecycle, buildpacks: Mapping[str, Layer], run_image: str, version: str = VERSION
) -> Mapping[str, str]:
    """Give the labels that a platform reads."""
    listed = [{"id": f"{NAMESPACE}/{name}", "version": version} for name in buildpacks]
    api = {"buildpack": lifecycle.buildpack_apis[0], "platform": lifecycle.platform_apis[0]}
    metadata = {
        "description": f"Sample builder with lifecycle {lifecycle.version}",
        "buildpacks": listed,
        "stack": {"runImage": {"image": run_image, "mirrors": None}},
        "lifecycle": {"version": lifecycle.version, "api": api, "apis": lifecycle.apis()},
        "createdBy": {"name": "pulumi-kpack dev"},
    }
    group = [{**buildpack, "optional": True} if "labels" in buildpack["id"] else buildpack for buildpack in listed]
    held = {
        f"{NAMESPACE}/{name}": {
            version: {"api": lifecycle.buildpack_api, "stacks": [{"id": "*"}], "layerDiffID": layer.diff_id}
        }
        for name, layer in buildpacks.items()
    }
    return {
        "io.buildpacks.builder.metadata": json.dumps(metadata),
        "io.buildpacks.buildpack.order": json.dumps([{"group": group}]),
        "io.buildpacks.buildpack.layers": json.dumps(held),
        "io.buildpacks.lifecycle.version": lifecycle.version,
        "io.buildpacks.lifecycle.apis": json.dumps(lifecycle.apis()),
    }


def _lifecycle_entries(lifecycle: Lifecycle, program: Path, launcher: Path) -> list[Entry]:
    quoted = {
        kind: ", ".join(f'"{version}"' for version in versions)
        for kind, versions in (("platform", lifecycle.platform_apis), ("buildpack", lifecycle.buildpack_apis))
    }
    descriptor = (
        f'[lifecycle]\nversion = "{lifecycle.version}"\n\n'
        f"[apis.platform]\nsupported = [{quoted['platform']}]\n\n"
        f"[apis.buildpack]\nsupported = [{quoted['buildpack']}]\n"
    )
    return [
        Entry(name="cnb"),
        Entry(name="cnb/lifecycle.toml", content=descriptor.encode(), mode=0o644),
        Entry(name="cnb/lifecycle"),
        Entry(name="cnb/lifecycle/lifecycle", content=program),
        Entry(name="cnb/lifecycle/launcher", content=launcher),
        *(Entry(name=f"cnb/lifecycle/{phase}", link="lifecycle") for phase in PHASES),
    ]
