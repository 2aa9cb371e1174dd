"""What a git URL says: how it is spoken to, which host it names, and a login inside of it.

Rules:
- Two forms are spoken to over ssh: `ssh://[user@]host[:port]/path` and `[user@]host:path`, of which kpack also knows
  `[user@]host:port:path`.
- Without a user the ssh user is `git`; kpack always takes `git`, which some servers do not know.
- A login inside a URL is never shown: `public_url` is the URL without it. The user name of an ssh URL is no secret.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

_HTTP = re.compile(r"https?://", re.IGNORECASE)
_SSH = re.compile(r"ssh://", re.IGNORECASE)
_END = re.compile(r"[/?#]")
_SCP = re.compile(
    r"(?:(?P<user>[\w\-.~]+)@)?(?P<host>[A-Za-z0-9._-]+):(?:(?P<port>\d{1,5}):)?(?P<path>[A-Za-z0-9./_~-].*)"
)
_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+)(?::(?P<port>\d{1,5}))?")
_SSH_PORT, _MOST_PORT = 22, 65535
_SSH_USER = "git"


@dataclass(frozen=True, slots=True, kw_only=True)
class SshAddress:
    """Where an ssh URL leads: `path` as the server is to be told it, `host` without brackets."""

    user: str
    host: str
    port: int
    path: str


def is_ssh(url: str) -> bool:
    """Whether a URL is spoken to over ssh."""
    return bool(_SSH.match(url)) or _scp(url) is not None


def is_http(url: str) -> bool:
    """Whether a URL is spoken to over http or https."""
    return bool(_HTTP.match(url))


def public_url(url: str) -> str:
    """The URL without user name and password, fit for messages, arguments and labels; of ssh without the password."""
    login, at, _ = _authority(url).rpartition("@")
    if not at:
        return url
    shown = f"{login.partition(':')[0]}@" if _SSH.match(url) else ""
    return url.replace(f"://{login}@", f"://{shown}", 1)


def login_in(url: str) -> tuple[str, str] | None:
    """The user name and password inside an http(s) URL; None where there is none."""
    user, at, _ = _authority(url).rpartition("@")
    name, _, password = user.partition(":")
    return (unquote(name), unquote(password)) if at else None


def hosts_of(url: str) -> frozenset[str]:
    """The names that a credential may give for the URL's host: as written, and without the port."""
    scp = _scp(url)
    host_and_port = scp["host"] if scp else _authority(url).rpartition("@")[2]
    return frozenset(name for name in (host_and_port, re.sub(r":\d*$", "", host_and_port)) if name)


def ssh_address(url: str) -> SshAddress:
    """Where an ssh URL leads. Raises ValueError, whose text says what to write."""
    scp = _scp(url)
    if scp:
        return SshAddress(user=scp["user"] or _SSH_USER, host=scp["host"], port=_port(scp["port"]), path=scp["path"])
    authority = _authority(url)
    login, _, host_and_port = authority.rpartition("@")
    parts = _HOST_AND_PORT.fullmatch(host_and_port)
    path = url.partition("://")[2][len(authority) :]
    if parts is None or not path.startswith("/") or path == "/":
        raise ValueError("not an ssh URL: write ssh://git@host/path or git@host:path")
    user = unquote(login.partition(":")[0]) or _SSH_USER
    return SshAddress(
        user=user,
        host=parts["host"].strip("[]"),
        port=_port(parts["port"]),
        path=path[1:] if path.startswith("/~") else path,
    )


def _scp(url: str) -> re.Match[str] | None:
    return None if "://" in url else _SCP.fullmatch(url)


def _port(text: str | None) -> int:
    port = int(text) if text else _SSH_PORT
    if not 0 < port <= _MOST_PORT:
        raise ValueError(f"{port} is no port of an ssh server")
    return port


def _authority(url: str) -> str:
    return _END.split(url.partition("://")[2], maxsplit=1)[0]


def submodule_url(parent: str, given: str) -> str:
    """A submodule's URL, which may be relative to its repository's (gitmodules). Raises ValueError."""
    if not given.startswith(("./", "../")):
        return given
    base, separator, rest = parent.rstrip("/"), "/", given.rstrip("/")
    while rest.startswith(("./", "../")):
        if rest.startswith("../"):
            base, separator = _parent(base)
            if not separator or base.endswith(":/"):
                raise ValueError(f"{given} leads out of {public_url(parent)}")
        rest = rest.partition("/")[2]
    return f"{base}{separator}{rest}"


def _parent(url: str) -> tuple[str, str]:
    """The URL without its last part, and what stood between; ("", "") where it has no more."""
    base, separator, _ = url.rpartition("/")
    if not separator and "://" not in url:
        base, separator, _ = url.rpartition(":")
    return base, separator
