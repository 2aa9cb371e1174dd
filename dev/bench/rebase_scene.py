"""A registry of one's own, an application and two run images in it, and both ways to rebase: the lifecycle's and ours.

Shared by the bench and by the test that compares digests. Rules:
- Everything lies in a folder of the caller's and ends with the context; no cluster, no root, only loopback.
- All requests go through a relay that counts them, so that both sides are measured alike.
"""

import asyncio
import json
import os
import random
import socket
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import aiohttp

from dev.bench.relay import LOOPBACK, Traffic, relay
from dev.errors import DevError
from dev.images.images import ComposedImage, push
from dev.images.layers import Entry, Layer, make_layer
from dev.machine.probes import listens, wait_for
from dev.services.registry import configuration
from kpack_api.types import BuiltImage
from kpack_api.wire import LocalObjectReference
from kpack_reconciler.clients.registry import RegistryClient
from kpack_reconciler.effects.rebase import Rebaser
from kpack_reconciler.model.actions import RebaseImage
from kpack_reconciler.model.credentials import ANONYMOUS, Keychain
from kpack_reconciler.model.facts import ImageRebased, RebaseQuestion
from kpack_reconciler.model.references import parse_tag

OCI: Final = "application/vnd.oci.image"
STACK: Final = {"io.buildpacks.stack.id": "sample", "io.buildpacks.base.distro.name": "debian"}
_START_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A registry: where it is reached directly and through the counting relay."""

    direct: str
    relayed: str
    traffic: Traffic


class LifecycleError(RuntimeError):
    """The lifecycle's rebaser failed; the message is what it printed."""


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """Run a registry and a relay while the context is open."""
    with registry(folder) as direct, relay(direct) as (relayed, traffic):
        yield Scene(direct=direct, relayed=relayed, traffic=traffic)


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Run a registry on a free port while the context is open; `host:port`."""
    port = _free_port()
    address = f"{LOOPBACK}:{port}"
    file = folder / "registry.json"
    file.write_text(json.dumps(configuration(address=address, data=folder / "data", users=None)))
    process = subprocess.Popen(
        ["docker-registry", "serve", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: listens(LOOPBACK, port=port), what="an answer of the registry", seconds=_START_SECONDS)
        yield address
    finally:
        process.kill()
        process.wait()


def run_image(folder: Path, name: str, *, size: int = 1000, labels: Mapping[str, str] = STACK) -> ComposedImage:
    """Give a run image of two layers, the second of which is made for this name; bytes that no one can compress."""
    layers = (_layer(folder, "common", size), _layer(folder, name, size))
    return ComposedImage(layers=layers, environment={"PATH": f"/{name}"}, labels=labels, user="1000:1000")


def application(
    folder: Path, base: ComposedImage, *, run_name: str, platform_api: str, labels: Mapping[str, str] | None = None
) -> ComposedImage:
    """Give an application on a run image, with the labels of a lifecycle that speaks this platform API."""
    layer = _layer(folder, "application", 1000)
    names = {"image": run_name} if _version(platform_api) >= (0, 12) else {}
    metadata = {
        "app": [{"sha": layer.diff_id}],
        "buildpacks": [
            {
                "key": "sample/<&>",
                "version": "1.0",
                "layers": {"deps": {"sha": layer.diff_id, "data": {"z": 1.50, "a": [1e21, {"c": 1, "b": "ü"}]}}},
            }
        ],
        "config": {"sha": layer.diff_id},
        "launcher": {"sha": layer.diff_id},
        "process-types": {"sha": ""},
        "runImage": {"topLayer": base.layers[-1].diff_id, "reference": run_name, **names},
        "stack": {"runImage": {"image": run_name}},
    }
    build = {"buildpacks": [{"id": "sample/<&>", "version": "1.0"}], "launcher": {"version": "0.21.0"}}
    written = {
        "io.buildpacks.lifecycle.metadata": json.dumps(metadata),
        "io.buildpacks.build.metadata": json.dumps(build),
        **(labels or {}),
    }
    environment = {**base.environment, "CNB_PLATFORM_API": platform_api, "CNB_APP_DIR": "/workspace"}
    return replace(
        base.with_layers((layer,), labels=written), environment=environment, entrypoint=("/cnb/process/web",)
    )


def push_to(registry: str, name: str, image: ComposedImage, *, in_oci_form: bool = False) -> str:
    """Have an image in a registry under this repository and tag; its digest reference."""
    reference = asyncio.run(push(image, f"{registry}/{name}"))
    return asyncio.run(_in_oci_form(f"{registry}/{name}", image)) if in_oci_form else reference


async def _in_oci_form(tag: str, image: ComposedImage) -> str:
    """Write the manifest of an image that was pushed again, with OCI's media types."""
    manifest = json.loads(image.manifest(image.config()))
    manifest["mediaType"], manifest["config"]["mediaType"] = f"{OCI}.manifest.v1+json", f"{OCI}.config.v1+json"
    for layer in manifest["layers"]:
        layer["mediaType"] = f"{OCI}.layer.v1.tar+gzip"
    reference, raw = parse_tag(tag), json.dumps(manifest).encode()
    async with aiohttp.ClientSession() as http:
        digest = await RegistryClient(http).push_manifest(reference, raw, media_type=manifest["mediaType"])
    return str(reference.with_digest(digest))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """The lifecycle's `rebaser` as a process; `program` is the lifecycle, `folder` one to work in."""

    program: Path
    folder: Path

    def rebase(self, *, tags: tuple[str, ...], run_image: str, platform_api: str, previous: str = "") -> str:
        """Rebase `previous`, else the image behind the first tag, write it under all tags; the reported digest."""
        rebaser, report = self.folder / "rebaser", self.folder / "report.toml"
        if not rebaser.exists():
            rebaser.symlink_to(self.program.resolve())  # it is told by its name what to be
        named = ["-previous-image", previous] if previous else []
        command = [str(rebaser), "-run-image", run_image, "-report", str(report), *named, *tags]
        environment = {"CNB_PLATFORM_API": platform_api, "HOME": str(self.folder), "PATH": os.environ["PATH"]}
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
        if result.returncode != 0:
            raise LifecycleError(f"exit {result.returncode}: {result.stdout}{result.stderr}")
        return str(tomllib.loads(report.read_text())["image"]["digest"])


def rebase_by_controller(*, app_image: str, run_image: str, tags: tuple[str, ...]) -> ImageRebased:
    """Do what the controller does for a Build that is a rebase."""
    question = RebaseQuestion(
        namespace="bench",
        build="app-build-2",
        build_uid="uid",
        service_account="default",
        app_image=app_image,
        run_image=run_image,
        tags=tags,
    )
    order = RebaseImage(question=question, attempt=1, reason="the run image moved")
    return asyncio.run(_carry_out(order))


def digest_of(outcome: ImageRebased) -> str:
    """The digest of an image that was rebased; DevError for any other outcome."""
    if not isinstance(outcome.answer, BuiltImage):
        raise DevError(f"not rebased: {outcome.answer.message}")
    return outcome.answer.latest_image.partition("@")[2]


async def _carry_out(order: RebaseImage) -> ImageRebased:
    async with aiohttp.ClientSession() as http:
        rebaser = Rebaser(keychain=_anonymous, http=http, now=lambda: datetime.now(UTC), done=_ignored)
        return await rebaser.carry_out(order)


async def _anonymous(_namespace: str, _name: str, _pull_secrets: tuple[LocalObjectReference, ...]) -> Keychain:
    return ANONYMOUS


def _ignored(_outcome: ImageRebased) -> None:
    """Nobody waits for the outcome: it is returned."""


def _layer(folder: Path, name: str, size: int) -> Layer:
    content = random.Random(name).randbytes(size)  # noqa: S311 - the same bytes each time, which do not compress
    entry = Entry(name=f"{name}.bin", content=content, mode=0o644)
    return make_layer(folder / "layers", f"{name} {size}", lambda _work: [entry])


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((LOOPBACK, 0))
        return int(found.getsockname()[1])
