"""A name and a password, made up at first start and kept in the state.

Owns their file and the forms servers want them in. Passwords never appear in arguments or logs.
"""

import ctypes
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dev.errors import DevError
from dev.machine.files import write

BCRYPT_SETTING: Final = b"$2b$04$"
SALT_CHARACTERS: Final = 22
SALT_ALPHABET: Final = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a server of the environment asks for."""

    username: str
    password: str = field(repr=False)


def ensure(file: Path, *, username: str) -> Credentials:
    """Read the credentials in a file; make them up when there is none."""
    if not file.exists():
        write(file, f"{username}:{secrets.token_urlsafe(18)}")
    return read(file)


def read(file: Path) -> Credentials:
    """Read a `username:password` file."""
    username, _, password = file.read_text().strip().partition(":")
    return Credentials(username=username, password=password)


def htpasswd(credentials: Credentials) -> str:
    """Write the line of an htpasswd file; bcrypt, the only form the registry takes.

    The C library makes the hash: Python has lost its own door to it in 3.13.
    """
    salt = "".join(secrets.choice(SALT_ALPHABET) for _ in range(SALT_CHARACTERS))
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    hashed: bytes | None = library.crypt(credentials.password.encode(), BCRYPT_SETTING + salt.encode())
    if hashed is None or not hashed.startswith(BCRYPT_SETTING):
        raise DevError("this machine's libcrypt knows no bcrypt; install Debian's libcrypt1")
    return f"{credentials.username}:{hashed.decode()}\n"
