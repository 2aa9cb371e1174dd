"""The registry logins of the person at the keyboard: of `docker login`, credential helpers included.

Owns where they lie and how a helper is asked (docker's own protocol: the registry on its standard input, JSON on its
standard output). Leaves the file's text to `model.docker_config`.

Rules (docker CLI): the folder is $DOCKER_CONFIG, else ~/.docker; a registry's own helper (`credHelpers`) counts before
the helper of all (`credsStore`), and both before what stands in the file. A helper that knows no login is no error.
"""

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from kpack_reconciler.clients.keychains.files import read_docker_folder
from kpack_reconciler.errors import PermanentError
from kpack_reconciler.model.credentials import InvalidDockerConfigError, Keychain, Login
from kpack_reconciler.model.references import DEFAULT_REGISTRY
from kpack_reconciler.model.registry_matching import DOCKER_HUB_KEY

_HELPER_SECONDS: Final = 30


class _Helpers(msgspec.Struct, rename="camel"):
    creds_store: str = ""
    cred_helpers: dict[str, str] = {}


class _Answer(msgspec.Struct, rename="pascal"):
    username: str = ""
    secret: str = ""


def read_docker_logins(environment: Mapping[str, str], registries: Iterable[str]) -> Keychain:
    """The logins for these registries. Raises PermanentError that names the file or the helper."""
    folder = Path(environment.get("DOCKER_CONFIG") or Path.home() / ".docker")
    try:
        written = read_docker_folder(folder)
        helpers = _helpers(folder / "config.json")
    except (InvalidDockerConfigError, OSError, msgspec.DecodeError) as error:
        what = f"{folder / 'config.json'}: {error}"
        raise PermanentError("InvalidCredentials", f"{what}. Log in again, or name another $DOCKER_CONFIG") from error
    found = []
    for registry in dict.fromkeys(registries):
        key = DOCKER_HUB_KEY if registry == DEFAULT_REGISTRY else registry
        helper = helpers.cred_helpers.get(key) or helpers.cred_helpers.get(registry) or helpers.creds_store
        login = _ask(helper, key) if helper else None
        found += [(key, login)] if login is not None else []
    return Keychain(tuple(found)) + written


def _helpers(file: Path) -> _Helpers:
    return msgspec.json.decode(file.read_bytes(), type=_Helpers) if file.exists() else _Helpers()


def _ask(helper: str, registry: str) -> Login | None:
    """The login that a helper has for a registry; None where it has none."""
    program = f"docker-credential-{helper}"
    try:
        ended = subprocess.run(
            [program, "get"], input=registry, capture_output=True, text=True, check=False, timeout=_HELPER_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PermanentError(
            "NoCredentialHelper", f"{program}, which the docker config names, fails: {error}"
        ) from error
    if ended.returncode != 0:
        return None
    answer = _read_answer(ended.stdout, program)
    return Login(username=answer.username, password=answer.secret)


def _read_answer(text: str, program: str) -> _Answer:
    try:
        return msgspec.json.decode(text, type=_Answer)
    except msgspec.DecodeError as error:
        raise PermanentError("NoCredentialHelper", f"{program} answered no login: try it by hand") from error
