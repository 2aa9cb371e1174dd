"""`prepare`, the first step of a build pod: credentials, source, platform environment.

Owns the order and what later steps find in their folders: docker config in HOME, /platform/env, the company's
authorities, the source in the workspace, project-metadata.toml. Leaves reading Secrets, asking registries and fetching
to the modules beside it.

Rules:
- Registries are asked before the source is fetched, so that a missing right is told before minutes of building.
- The step may run again in the same pod: the workspace is emptied first.
- The application's own variables (`project.toml`) come first, so that the Build's win (kpack); those of the company's
  network before both.
- Nothing of a secret is printed.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from kpack_api.process import StepEnvironment
from kpack_reconciler.model.credentials import Keychain
from kpack_reconciler.model.docker_config import docker_config
from kpack_reconciler.model.references import InvalidReferenceError
from kpack_reconciler.settings import SettingsError, read_network
from kpack_reconciler.steps.network import platform_variables
from kpack_reconciler.steps.places import BUILD_POD, Places
from kpack_reconciler.steps.project_descriptor import apply_descriptor
from kpack_reconciler.steps.registries import check_read, check_write, cloud_logins
from kpack_reconciler.steps.report import StepError, fail, say
from kpack_reconciler.steps.secrets import read_pull_secrets, read_secrets
from kpack_reconciler.steps.source import application_folder, fetch_source


class _Variable(msgspec.Struct):
    name: str
    value: str = ""


def main(arguments: Sequence[str], environment: Mapping[str, str] = os.environ, places: Places = BUILD_POD) -> int:
    """Run the step; the exit code. A failure is told in the log and as the termination message."""
    try:
        prepare(arguments, environment, places)
    except StepError as error:
        return fail(str(error), code=error.code, termination_log=places.termination_log)
    except (InvalidReferenceError, SettingsError) as error:
        return fail(str(error), termination_log=places.termination_log)
    return 0


def prepare(arguments: Sequence[str], environment: Mapping[str, str], places: Places) -> None:
    """Do what the step is for. Raises StepError, InvalidReferenceError and SettingsError."""
    if changes := environment.get(StepEnvironment.BUILD_CHANGES):
        say(f"Build reason(s): {changes}")
    say("Loading registry credentials from service account secrets")
    network = read_network(environment)
    secrets = read_secrets(arguments, places.secrets)
    if not secrets.keychain.entries:
        say("No registry credentials were loaded from service account secrets")
    keychain = secrets.keychain + read_pull_secrets(places.builder_pull_secrets)
    variables = read_variables(environment.get(StepEnvironment.PLATFORM_ENV_VARS, ""))
    tag, run_image = environment.get(StepEnvironment.IMAGE_TAG, ""), environment.get(StepEnvironment.RUN_IMAGE, "")
    clouds = asyncio.run(cloud_logins(keychain, filter(None, (tag, run_image))))
    write_docker_config(keychain + clouds, places.home)
    account = environment.get(StepEnvironment.SERVICE_ACCOUNT, "of the Build")
    if tag:
        asyncio.run(check_write(tag, secrets.keychain + clouds, account=account))
    if run_image:
        asyncio.run(check_read(run_image, keychain + clouds, account=account))
    if network.certificates:
        from kpack_reconciler.steps.certificates import write_certificates  # noqa: PLC0415 - cryptography

        write_certificates(network.certificates, places.certificates)
    fetch_source(environment, secrets, places)
    described = apply_descriptor(application_folder(environment, places), places.home)
    write_platform_environment({**platform_variables(network), **described, **variables}, places.platform)


def write_docker_config(keychain: Keychain, home: Path) -> None:
    """Leave the logins where the lifecycle looks for them, readable by the build's user only."""
    folder = home / ".docker"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "config.json"
    file.touch(mode=0o600)
    file.write_bytes(docker_config(keychain))


def read_variables(text: str) -> Mapping[str, str]:
    """The Build's variables by name; StepError when the text is no JSON list of variables with names."""
    try:
        variables = msgspec.json.decode(text, type=list[_Variable]) if text else []
    except msgspec.DecodeError as error:
        raise StepError(f"error setting up platform env vars: {error}") from error
    for variable in variables:
        if "/" in variable.name or variable.name in {"", ".", ".."}:
            raise StepError(f"{variable.name!r} is no name for an environment variable; correct spec.build.env")
    return {variable.name: variable.value for variable in variables}


def write_platform_environment(variables: Mapping[str, str], platform: Path) -> None:
    """Leave one file per variable below <platform>/env."""
    folder = platform / "env"
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in variables.items():
        (folder / name).write_text(value)
