"""Images to rebase: the documents beside this file, read and written by lifecycle v0.20.12, and changes of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kpack_reconciler.model.image_documents import digest_of
from kpack_reconciler.model.lifecycle_metadata import METADATA_LABEL
from kpack_reconciler.model.rebase import RebasedImage, RemoteImage, rebase
from kpack_reconciler.model.rebase_checks import NotRebasableError
from kpack_reconciler.model.references import parse_image

DOCUMENTS = Path(__file__).parent / "rebase"
RUN_REPOSITORY, APP_REPOSITORY = "localhost:5000/stack/run", "localhost:5000/team/app"
OCI = "application/vnd.oci.image"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
KPACK = (0, 9)
TODAY = (0, 12)
Change = Callable[[Any], None]


def document(name: str) -> bytes:
    return (DOCUMENTS / f"{name}.json").read_bytes()


def image(name: str, repository: str, manifest: bytes | None = None, config: bytes | None = None) -> RemoteImage:
    raw = manifest or document(f"{name}-manifest")
    reference = parse_image(f"{repository}@{digest_of(raw)}")
    return RemoteImage(reference=reference, manifest=raw, config=config or document(f"{name}-config"))


def app(change: Change | None = None) -> RemoteImage:
    """The application; `change` edits its config."""
    return image("app", APP_REPOSITORY, config=changed("app-config", change))


def run(change: Change | None = None) -> RemoteImage:
    """The new run image; `change` edits its config."""
    return image("run", RUN_REPOSITORY, config=changed("run-config", change))


def changed(name: str, change: Change | None) -> bytes:
    if change is None:
        return document(name)
    config = json.loads(document(name))
    change(config)
    return json.dumps(config).encode()


def labelled(**labels: str | None) -> Change:
    """Set the labels `io.buildpacks.<name>` (`_` for `.`); None takes one away."""

    def change(config: Any) -> None:
        for name, value in labels.items():
            set_label(config, f"io.buildpacks.{name.replace('_', '.')}", value)

    return change


def set_label(config: Any, name: str, value: str | None) -> None:
    config["config"]["Labels"].pop(name, None)
    if value is not None:
        config["config"]["Labels"][name] = value


def built_with(version: str | None, **rest: object) -> Change:
    """The application's platform API, and members of its config; both images then run on the same machine."""

    def change(config: Any) -> None:
        config.update({"architecture": "arm64", "variant": "v8", **rest})
        environment = [entry for entry in config["config"]["Env"] if not entry.startswith("CNB_PLATFORM_API")]
        config["config"]["Env"] = environment + ([] if version is None else [f"CNB_PLATFORM_API={version}"])

    return change


def both(*changes: Change) -> Change:
    def change(config: Any) -> None:
        for one in changes:
            one(config)

    return change


def metadata(**members: object) -> Change:
    """Members of the lifecycle's metadata in the application's label."""

    def change(config: Any) -> None:
        held = json.loads(config["config"]["Labels"][METADATA_LABEL])
        config["config"]["Labels"][METADATA_LABEL] = json.dumps({**held, **members})

    return change


def onto(
    old: RemoteImage, new: RemoteImage, *, name: str = RUN_REPOSITORY, platform_api: tuple[int, int] = KPACK
) -> RebasedImage:
    return rebase(old, new, run_image=name, platform_api=platform_api)


def refusal(old: RemoteImage, new: RemoteImage, **rest: Any) -> tuple[str, str]:
    with pytest.raises(NotRebasableError) as refused:
        onto(old, new, **rest)
    return refused.value.reason, str(refused.value)


def metadata_of(result: RebasedImage) -> Any:
    return json.loads(result.labels[METADATA_LABEL])


def in_oci_form(name: str, layers: int) -> bytes:
    """The manifest with OCI's media types: its own, its config's, and those of its first layers."""
    manifest = json.loads(document(f"{name}-manifest"))
    manifest["mediaType"] = f"{OCI}.manifest.v1+json"
    manifest["config"]["mediaType"] = f"{OCI}.config.v1+json"
    for layer in manifest["layers"][:layers]:
        layer["mediaType"] = f"{OCI}.layer.v1.tar+gzip"
    return json.dumps(manifest, separators=(",", ":")).encode()


def in_place_of(member: str, value: object) -> bytes:
    """The application's manifest, with another value for a member of its first layer."""
    manifest = json.loads(document("app-manifest"))
    manifest["layers"][0][member] = value
    return json.dumps(manifest).encode()
