"""`prepare`, the first step of a build pod: credentials, source, platform environment.

Rules:
- Registries are asked before the source is fetched: may we read the run image and write the tag? A refusal names the
  registry and what to do, before minutes of building.
- What later steps read is left in their folders: docker config in HOME, /platform/env, project-metadata.toml.
- Nothing of a secret is printed.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec
import tomli_w

from kpack_api import process
from kpack_api.process import StepEnvironment
from kpack_reconciler.clients.registry import RegistryClient
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.credentials import InvalidDockerConfigError, Keychain, docker_config
from kpack_reconciler.model.git_credentials import choose_git_credentials
from kpack_reconciler.model.references import InvalidReferenceError, parse_image, parse_tag
from kpack_reconciler.steps.git import fetch_commit
from kpack_reconciler.steps.report import TERMINATION_LOG, StepError, fail, say
from kpack_reconciler.steps.secrets import MountedSecrets, read_secrets


class _Variable(msgspec.Struct):
    name: str
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where things lie; the defaults are the build pod's."""

    workspace: Path = Path(process.WORKSPACE_PATH)
    platform: Path = Path(process.PLATFORM_PATH)
    home: Path = Path(process.HOME_PATH)
    secrets: Path = Path(process.SECRETS_PATH)
    project_metadata: Path = Path(process.PROJECT_METADATA_PATH)
    termination_log: Path = TERMINATION_LOG


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ, places: Places = Places()) -> int:
    """Run the step; the exit code. A failure is told in the log and as the termination message."""
    try:
        prepare(arguments, environment, places)
    except (StepError, PermanentError, TransientError, InvalidDockerConfigError, InvalidReferenceError) as error:
        return fail(str(error), termination_log=places.termination_log)
    return 0


def prepare(arguments: Sequence[str], environment: Mapping[str, str], places: Places) -> None:
    """Do what the step is for."""
    if changes := environment.get(StepEnvironment.BUILD_CHANGES):
        say(f"Build reason(s): {changes}")
    secrets = read_secrets(arguments, places.secrets)
    write_docker_config(secrets.keychain, places.home)
    asyncio.run(check_registries(environment, secrets.keychain))
    write_platform_environment(environment.get(StepEnvironment.PLATFORM_ENV_VARS, ""), places.platform)
    fetch_source(environment, secrets, places)
    sub_path = environment.get(StepEnvironment.SOURCE_SUB_PATH, "")
    if sub_path and not (places.workspace / sub_path).is_dir():
        raise StepError(f"the source has no folder {sub_path!r}; correct spec.source.subPath")


def write_docker_config(keychain: Keychain, home: Path) -> None:
    """Leave the logins where the lifecycle looks for them."""
    folder = home / ".docker"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_bytes(docker_config(keychain))


async def check_registries(environment: Mapping[str, str], keychain: Keychain) -> None:
    """Ask whether the tag can be written and the run image be read."""
    async with aiohttp.ClientSession() as http:
        client = RegistryClient(http, keychain)
        if run_image := environment.get(StepEnvironment.RUN_IMAGE):
            await client.check_pull(parse_image(run_image))
        if tag := environment.get(StepEnvironment.IMAGE_TAG):
            say(f"Checking access to {parse_tag(tag).repository_name}")
            await client.check_push(parse_tag(tag))


def write_platform_environment(variables: str, platform: Path) -> None:
    """Leave one file per variable below <platform>/env."""
    folder = platform / "env"
    folder.mkdir(parents=True, exist_ok=True)
    for variable in msgspec.json.decode(variables, type=list[_Variable]) if variables else []:
        (folder / variable.name).write_text(variable.value)


def fetch_source(environment: Mapping[str, str], secrets: MountedSecrets, places: Places) -> None:
    """Have the source in the workspace, and leave where it came from."""
    url, revision = environment.get(StepEnvironment.GIT_URL), environment.get(StepEnvironment.GIT_REVISION, "")
    if not url:
        raise StepError("only git sources can be fetched so far; use spec.source.git")
    say(f"Cloning {url} @ {revision}")
    try:
        credentials = choose_git_credentials(url, secrets.git)
        fetch_commit(url, revision, places.workspace, credentials=credentials, home=places.home)
    except StepError as error:
        raise StepError(f"could not fetch {url} @ {revision}: {error}") from error
    source = {"type": "git", "metadata": {"repository": url, "revision": revision}, "version": {"commit": revision}}
    places.project_metadata.mkdir(parents=True, exist_ok=True)
    (places.project_metadata / "project-metadata.toml").write_text(tomli_w.dumps({"source": source}))
    say(f"Successfully cloned {url} @ {revision}")
