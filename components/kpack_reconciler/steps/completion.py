"""`completion`, the last container of a build pod: tells what was built.

It reads the exporter's report and the labels of the pushed image, and leaves them as its termination message, so that
the controller needs no registry to fill a Build's status.
"""

import asyncio
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec

from kpack_api import process
from kpack_api.process import StepEnvironment
from kpack_api.types import BuildpackMetadata, BuildStack, BuiltImage
from kpack_reconciler.clients.registry import ImageConfig, RegistryClient
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.built_image import encode_built_image
from kpack_reconciler.model.credentials import (
    ANONYMOUS,
    InvalidDockerConfigError,
    Keychain,
    keychain_from_docker_config,
)
from kpack_reconciler.model.references import ImageReference, InvalidReferenceError, parse_image, parse_tag
from kpack_reconciler.steps.report import TERMINATION_LOG, StepError, fail, leave, say

BUILD_METADATA_LABEL = "io.buildpacks.build.metadata"
LIFECYCLE_METADATA_LABEL = "io.buildpacks.lifecycle.metadata"
STACK_LABEL = "io.buildpacks.stack.id"
_PAUSES_SECONDS = (1, 3)


class _BuildMetadata(msgspec.Struct):
    buildpacks: list[BuildpackMetadata] | None = None


class _RunImageName(msgspec.Struct):
    image: str = ""


class _Stack(msgspec.Struct, rename="camel"):
    run_image: _RunImageName = msgspec.field(default_factory=_RunImageName)


class _RunImage(msgspec.Struct):
    image: str = ""
    reference: str = ""


class _LifecycleMetadata(msgspec.Struct, rename="camel"):
    run_image: _RunImage = msgspec.field(default_factory=_RunImage)
    stack: _Stack = msgspec.field(default_factory=_Stack)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where things lie; the defaults are the build pod's."""

    home: Path = Path(process.HOME_PATH)
    report: Path = Path(process.REPORT_PATH)
    termination_log: Path = TERMINATION_LOG


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ, places: Places = Places()) -> int:
    """Run the step; the exit code. A failure is told in the log and as the termination message."""
    try:
        if arguments:
            raise StepError(f"unknown arguments: {' '.join(arguments)}")  # noqa: TRY301 - told like every other
        image = complete(environment, places)
    except (StepError, PermanentError, TransientError, InvalidReferenceError, InvalidDockerConfigError) as error:
        return fail(str(error), termination_log=places.termination_log)
    leave(encode_built_image(image), termination_log=places.termination_log)
    say("Build successful")
    return 0


def complete(environment: Mapping[str, str], places: Places) -> BuiltImage:
    """Find out what was built."""
    tag = parse_tag(environment.get(StepEnvironment.IMAGE_TAG, ""))
    reference = tag.with_digest(read_digest(places.report / "report.toml"))
    config = asyncio.run(_read_config(reference, _keychain(places.home)))
    return read_built_image(reference, config.labels)


def read_digest(report: Path) -> str:
    """The digest in the exporter's report; StepError when there is none."""
    try:
        digest = tomllib.loads(report.read_text())["image"]["digest"]
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise StepError(f"the export step left no digest in {report}: {error}") from error
    return str(digest)


def read_built_image(reference: ImageReference, labels: Mapping[str, str]) -> BuiltImage:
    """What an application image's labels say of its buildpacks, its stack and the run image it lies on."""
    try:
        build = msgspec.json.decode(labels.get(BUILD_METADATA_LABEL, "{}"), type=_BuildMetadata)
        lifecycle = msgspec.json.decode(labels.get(LIFECYCLE_METADATA_LABEL, "{}"), type=_LifecycleMetadata)
    except msgspec.DecodeError as error:
        raise StepError(f"{reference} has labels that the lifecycle does not write: {error}") from error
    return BuiltImage(
        latest_image=str(reference),
        stack=BuildStack(run_image=_run_image(lifecycle), id=labels.get(STACK_LABEL, "")),
        build_metadata=tuple(build.buildpacks or ()),
    )


def _run_image(metadata: _LifecycleMetadata) -> str:
    """`<repository of the run image's name>@<digest that the application lies on>`, as kpack writes it."""
    name = metadata.stack.run_image.image or metadata.run_image.image
    reference = parse_image(metadata.run_image.reference) if metadata.run_image.reference else None
    if reference is None or reference.digest is None:
        return metadata.run_image.reference
    return str(parse_image(name).with_digest(reference.digest)) if name else str(reference)


def _keychain(home: Path) -> Keychain:
    file = home / ".docker" / "config.json"
    return keychain_from_docker_config(file.read_bytes()) if file.exists() else ANONYMOUS


async def _read_config(reference: ImageReference, keychain: Keychain) -> ImageConfig:
    """The config of the pushed image; what may pass is tried three times, for the build is done and paid for."""
    async with aiohttp.ClientSession() as http:
        for pause in _PAUSES_SECONDS:
            try:
                return await RegistryClient(http, keychain).config(reference)
            except TransientError:
                await asyncio.sleep(pause)
        return await RegistryClient(http, keychain).config(reference)
