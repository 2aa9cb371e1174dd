"""`prepare`, the first step of a build pod: credentials, source, platform environment.

Owns the order and what later steps find in their folders: docker config in HOME, /platform/env, the source in the
workspace, project-metadata.toml. Leaves reading Secrets, asking registries and fetching to the modules beside it.

Rules:
- Registries are asked before the source is fetched, so that a missing right is told before minutes of building.
- The step may run again in the same pod: the workspace is emptied first.
- Nothing of a secret is printed.
"""

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import tomli_w

from kpack_api import process
from kpack_api.process import StepEnvironment
from kpack_reconciler.model.credentials import Keychain, docker_config
from kpack_reconciler.model.git_credentials import choose_git_credentials, public_url
from kpack_reconciler.model.references import InvalidReferenceError
from kpack_reconciler.steps.git import fetch_commit
from kpack_reconciler.steps.registries import check_read, check_write
from kpack_reconciler.steps.report import TERMINATION_LOG, StepError, fail, say
from kpack_reconciler.steps.secrets import MountedSecrets, read_pull_secrets, read_secrets


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
    builder_pull_secrets: Path = Path(process.BUILDER_PULL_SECRETS_PATH)
    project_metadata: Path = Path(process.PROJECT_METADATA_PATH)
    termination_log: Path = TERMINATION_LOG


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ, places: Places = Places()) -> int:
    """Run the step; the exit code. A failure is told in the log and as the termination message."""
    try:
        prepare(arguments, environment, places)
    except (StepError, InvalidReferenceError) as error:
        return fail(str(error), termination_log=places.termination_log)
    return 0


def prepare(arguments: Sequence[str], environment: Mapping[str, str], places: Places) -> None:
    """Do what the step is for. Raises StepError and InvalidReferenceError."""
    if changes := environment.get(StepEnvironment.BUILD_CHANGES):
        say(f"Build reason(s): {changes}")
    say("Loading registry credentials from service account secrets")
    secrets = read_secrets(arguments, places.secrets)
    if not secrets.keychain.entries:
        say("No registry credentials were loaded from service account secrets")
    keychain = secrets.keychain + read_pull_secrets(places.builder_pull_secrets)
    write_docker_config(keychain, places.home)
    if tag := environment.get(StepEnvironment.IMAGE_TAG):
        asyncio.run(check_write(tag, secrets.keychain))
    if run_image := environment.get(StepEnvironment.RUN_IMAGE):
        asyncio.run(check_read(run_image, keychain))
    write_platform_environment(environment.get(StepEnvironment.PLATFORM_ENV_VARS, ""), places.platform)
    fetch_source(environment, secrets, places)


def write_docker_config(keychain: Keychain, home: Path) -> None:
    """Leave the logins where the lifecycle looks for them, readable by the build's user only."""
    folder = home / ".docker"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "config.json"
    file.touch(mode=0o600)
    file.write_bytes(docker_config(keychain))


def write_platform_environment(variables: str, platform: Path) -> None:
    """Leave one file per variable below <platform>/env; StepError when the text is no JSON list of variables."""
    folder = platform / "env"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        decoded = msgspec.json.decode(variables, type=list[_Variable]) if variables else []
    except msgspec.DecodeError as error:
        raise StepError(f"error setting up platform env vars: {error}") from error
    for variable in decoded:
        if "/" in variable.name or variable.name in {"", ".", ".."}:
            raise StepError(f"{variable.name!r} is no name for an environment variable; correct spec.build.env")
        (folder / variable.name).write_text(variable.value)


def fetch_source(environment: Mapping[str, str], secrets: MountedSecrets, places: Places) -> None:
    """Have the source in the workspace, and leave word of where it came from. Raises StepError."""
    url, revision = environment.get(StepEnvironment.GIT_URL), environment.get(StepEnvironment.GIT_REVISION, "")
    if not url:
        raise StepError("only git sources can be fetched so far; use spec.source.git")
    shown = public_url(url)
    say(f'Cloning "{shown}" @ "{revision}"...')
    _empty(places.workspace)
    try:
        credentials = choose_git_credentials(url, secrets.git)
        commit = fetch_commit(url, revision, places.workspace, credentials=credentials, home=places.home)
    except StepError as error:
        raise StepError(f"unable to fetch git repository {shown} @ {revision}: {error}") from error
    _check_sub_path(environment.get(StepEnvironment.SOURCE_SUB_PATH, ""), places.workspace)
    source = {"type": "git", "metadata": {"repository": shown, "revision": revision}, "version": {"commit": commit}}
    places.project_metadata.mkdir(parents=True, exist_ok=True)
    (places.project_metadata / "project-metadata.toml").write_text(tomli_w.dumps({"source": source}))
    say(f'Successfully cloned "{shown}" @ "{revision}" in path "{places.workspace}"')


def _empty(folder: Path) -> None:
    """Remove what an earlier run left; the folder itself is a volume and stays."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _check_sub_path(sub_path: str, workspace: Path) -> None:
    if sub_path and not (workspace / sub_path).is_dir():
        raise StepError(f"the source has no folder {sub_path!r}; correct spec.source.subPath")
