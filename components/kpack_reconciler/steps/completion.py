"""`completion`, the last container of a build pod: tells what was built.

It reads the exporter's report and the labels of the pushed image, and leaves them as its termination message, so that
the controller needs no registry to fill a Build's status.

Rules:
- The image is read with the logins that the exporter wrote it with, found as the lifecycle finds them.
- What may pass is tried three times, for the build is done and paid for.
"""

import asyncio
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kpack_api import process
from kpack_api.process import StepEnvironment
from kpack_reconciler.clients.keychains.files import read_docker_folder
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.application_image import read_built_image
from kpack_reconciler.model.built_image import encode_built_image
from kpack_reconciler.model.references import DIGEST, parse_tag
from kpack_reconciler.steps.registries import ask_patiently, code_of
from kpack_reconciler.steps.report import TERMINATION_LOG, StepError, fail, leave, say


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
    except StepError as error:
        return fail(str(error), code=error.code, termination_log=places.termination_log)
    leave(image, termination_log=places.termination_log)
    say("Build successful")
    return 0


def complete(environment: Mapping[str, str], places: Places) -> str:
    """Find out what was built; the termination message. Raises StepError."""
    try:
        tag = parse_tag(environment.get(StepEnvironment.IMAGE_TAG, ""))
        reference = tag.with_digest(read_digest(places.report / "report.toml"))
        keychain = read_docker_folder(places.home / ".docker")
        config = asyncio.run(ask_patiently(keychain, lambda client: client.config(reference)))
        return encode_built_image(read_built_image(reference, config.labels))
    except (PermanentError, TransientError) as error:
        raise StepError(f"the built image cannot be read: {error}", code=code_of(error)) from error
    except ValueError as error:  # a tag, a docker config, labels, or a result that is too long
        raise StepError(str(error)) from error


def read_digest(report: Path) -> str:
    """The digest in the exporter's report; StepError when there is none."""
    try:
        digest = tomllib.loads(report.read_text())["image"]["digest"]
    except (OSError, KeyError, TypeError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StepError(f"the export step left no digest in {report}: {error}") from error
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        raise StepError(f"the export step left no digest in {report}, but {str(digest)[:100]!r}")
    return digest
