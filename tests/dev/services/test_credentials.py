import ctypes
from pathlib import Path

from dev.services import credentials
from dev.services.credentials import Credentials, htpasswd


def test_a_password_is_made_up_once(tmp_path: Path) -> None:
    """Every start of a server asks for the same password; only its owner can read it."""
    file = tmp_path / "credentials"

    first = credentials.ensure(file, username="git")

    assert credentials.ensure(file, username="git") == first == credentials.read(file)
    assert len(first.password) >= 20
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_password_is_not_shown() -> None:
    """Credentials that end in a log or a trace show no password."""
    assert "hunter2" not in repr(Credentials(username="git", password="hunter2"))


def test_a_htpasswd_line_is_bcrypt_of_the_password() -> None:
    """The registry takes no other form."""
    user, _, hashed = htpasswd(Credentials(username="bot", password="hunter2")).strip().partition(":")

    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    assert user == "bot"
    assert hashed.startswith("$2b$")
    assert library.crypt(b"hunter2", hashed.encode()) == hashed.encode()
