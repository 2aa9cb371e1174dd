"""Docker configs in folders: of a mounted Secret, and of the process itself.

Owns where they lie. Leaves their text to `model.docker_config`, precedence to `model.credentials`.
"""

from pathlib import Path

from kpack_reconciler.errors import PermanentError
from kpack_reconciler.model.credentials import ANONYMOUS, InvalidDockerConfigError, Keychain, joined
from kpack_reconciler.model.docker_config import keychain_from_docker_cfg, keychain_from_docker_config

_READERS = {".dockercfg": keychain_from_docker_cfg, ".dockerconfigjson": keychain_from_docker_config}
_DOCKER_FILE = "config.json"


def read_secret_folder(folder: Path) -> Keychain:
    """The logins in the keys of a mounted Secret, `.dockercfg` first; ANONYMOUS where the folder is empty or absent.

    Raises InvalidDockerConfigError.
    """
    found = ((folder / name, read) for name, read in _READERS.items())
    return joined(read(path.read_bytes()) for path, read in found if path.exists())


def read_docker_folder(folder: Path) -> Keychain:
    """The logins in `config.json` of a docker CLI's folder, by its own rules; ANONYMOUS where there is none.

    Raises InvalidDockerConfigError: a file that cannot be read is not the same as none.
    """
    path = folder / _DOCKER_FILE
    return keychain_from_docker_config(path.read_bytes()).as_docker_file() if path.exists() else ANONYMOUS


def read_own_logins(*, provider: Path | None, docker: Path | None) -> Keychain:
    """The process's own logins: a Secret's folder (kpack's CREDENTIAL_PROVIDER_SECRET_PATH), then a docker CLI's.

    Raises PermanentError that names the folder.
    """
    readers = ((provider, read_secret_folder), (docker, read_docker_folder))
    try:
        return joined(read(folder) for folder, read in readers if folder is not None)
    except (InvalidDockerConfigError, OSError) as error:
        raise PermanentError("InvalidCredentials", f"the controller's own registry logins: {error}") from error
