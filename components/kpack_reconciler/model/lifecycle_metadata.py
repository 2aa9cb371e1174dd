"""The label `io.buildpacks.lifecycle.metadata` of an application: read, pointed at another run image, written again.

Owns its members and their order (lifecycle v0.21, `platform/files/metadata.go`). What the lifecycle does not know is
not written again; what buildpacks left in it (`data`, `store`) passes through Go's maps: sorted, numbers as floats.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from kpack_reconciler.model.go_json import canonical, encode
from kpack_reconciler.model.references import InvalidReferenceError, parse_tag

METADATA_LABEL: Final = "io.buildpacks.lifecycle.metadata"


class _Layer(msgspec.Struct, frozen=True):
    sha: str = ""


class _BuildpackLayer(msgspec.Struct, frozen=True):
    sha: str = ""
    data: Any = None
    build: bool = False
    launch: bool = False
    cache: bool = False


class _Store(msgspec.Struct, frozen=True):
    metadata: dict[str, Any] | None = None


class _Buildpack(msgspec.Struct, frozen=True):
    key: str = ""
    version: str = ""
    layers: dict[str, _BuildpackLayer] | None = None
    store: _Store | None = None


class RunImageNames(msgspec.Struct, frozen=True):
    """What a run image may be called."""

    image: str = ""
    mirrors: list[str] | None = None

    @property
    def all(self) -> tuple[str, ...]:
        """The image's name, then its mirrors'."""
        return (self.image, *(self.mirrors or ()))


class RunImage(RunImageNames, frozen=True):
    """The run image that an application lies on; its names are told since platform API 0.12."""

    top_layer: str = msgspec.field(name="topLayer", default="")
    reference: str = ""


class _Stack(msgspec.Struct, frozen=True):
    run_image: RunImageNames = msgspec.field(name="runImage", default_factory=RunImageNames)


class LifecycleMetadata(msgspec.Struct, frozen=True):
    """What the lifecycle wrote of an application's layers. `app` is a list, or an object from lifecycle 0.5."""

    app: Any = None
    sbom: _Layer | None = None
    buildpacks: list[_Buildpack] | None = None
    config: _Layer = _Layer()
    launcher: _Layer = _Layer()
    process_types: _Layer = msgspec.field(name="process-types", default=_Layer())
    run_image: RunImage = msgspec.field(name="runImage", default=RunImage())
    stack: _Stack | None = None

    def moved(self, *, top_layer: str, reference: str) -> "LifecycleMetadata":
        """The metadata of the application on another run image; the names that it may have stay."""
        return replace(self, run_image=replace(self.run_image, top_layer=top_layer, reference=reference))

    def names(self, run_image: str) -> bool:
        """Whether this is a name of the application's run image, its digest left aside."""
        known = (*self.run_image.all, *(self.stack.run_image.all if self.stack else ()))
        return _expanded(run_image) in map(_expanded, known)

    def told_names(self) -> str:
        """What it says of the run image, for a message."""
        if self.run_image.image:
            return encode(_run_image(self.run_image)).decode()
        return "not found" if self.stack is None else encode(_run_image_names(self.stack.run_image)).decode()

    def label(self) -> str:
        """The label's text."""
        document = {
            "app": canonical(self.app),
            "sbom": None if self.sbom is None else _sha(self.sbom),
            "buildpacks": None if self.buildpacks is None else [_buildpack(buildpack) for buildpack in self.buildpacks],
            "config": _sha(self.config),
            "launcher": _sha(self.launcher),
            "process-types": _sha(self.process_types),
            "runImage": _run_image(self.run_image),
            "stack": None if self.stack is None else {"runImage": _run_image_names(self.stack.run_image)},
        }
        return encode(_without(document, "sbom", "stack")).decode()


def _expanded(name: str) -> str:
    """The name in full, with a tag, without a digest; as it is where it is no image's name."""
    try:
        return str(parse_tag(name.partition("@")[0]))
    except InvalidReferenceError:
        return name


def _sha(layer: _Layer) -> dict[str, Any]:
    return {"sha": layer.sha}


def _run_image(image: RunImage) -> dict[str, Any]:
    return {"topLayer": image.top_layer, "reference": image.reference, **_run_image_names(image)}


def _run_image_names(names: RunImageNames) -> dict[str, Any]:
    return _without({"image": names.image, "mirrors": names.mirrors}, "image", "mirrors")


def _buildpack(buildpack: _Buildpack) -> dict[str, Any]:
    layers = None if buildpack.layers is None else dict(sorted(buildpack.layers.items()))
    document = {
        "key": buildpack.key,
        "version": buildpack.version,
        "layers": None if layers is None else {name: _buildpack_layer(layer) for name, layer in layers.items()},
        "store": None if buildpack.store is None else {"metadata": canonical(buildpack.store.metadata)},
    }
    return _without(document, "store")


def _buildpack_layer(layer: _BuildpackLayer) -> dict[str, Any]:
    return {
        "sha": layer.sha,
        "data": canonical(layer.data),
        "build": layer.build,
        "launch": layer.launch,
        "cache": layer.cache,
    }


def _without(document: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The document without those of these members that are empty."""
    return {name: value for name, value in document.items() if value or name not in names}
