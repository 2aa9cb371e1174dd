"""An ssh connection to a git server: who is trusted, and how one logs in; for the poller and for fetches alike.

Imported only where ssh is spoken. Rules:
- A server shows one of the host keys that the Secret's `known_hosts` tells, or without one a published key of
  `model.host_keys`; anything else is refused with the fingerprint that was shown. Nothing is trusted at first sight.
- The Secret's private key is the only way to log in: no agent, no passwords, no file of this machine's user.
- A private key with the line ends of Windows, or without the last one, is a key.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncssh

from kpack_api.names import GIT_ANNOTATION
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.git_credentials import SshCredentials
from kpack_reconciler.model.git_urls import SshAddress
from kpack_reconciler.model.host_keys import PUBLISHED

_SECONDS = 15
_SILENT_KEEPALIVES = 4
_DEFAULT_PORT = 22
_LOCAL_USER = {"LOGNAME": "git", "HOME": "/"}
"""What asyncssh looks for in the environment, or else in /etc/passwd, which does not know the users of pods."""


@asynccontextmanager
async def connected(
    address: SshAddress, credentials: SshCredentials | None
) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """A connection to a server that is the one it claims to be. Raises PermanentError and TransientError."""
    if credentials is None:
        raise PermanentError(
            "GitUnauthorized",
            f"{address.host} is spoken to over ssh, and the service account has no key for it: give it a"
            f" kubernetes.io/ssh-auth secret annotated {GIT_ANNOTATION}: git@{address.host}",
        )
    known, client = _known_hosts(credentials), _Client()
    options = _options(address, credentials, known)
    try:
        connection = await asyncssh.connect(address.host, address.port, client_factory=lambda: client, options=options)
    except asyncssh.HostKeyNotVerifiable as error:
        raise _untrusted(address, credentials, known=known, shown=client.shown or str(error)) from error
    except asyncssh.PermissionDenied as error:
        raise PermanentError(
            "GitUnauthorized",
            f"{address.host} does not let user {address.user!r} in with the key of secret {credentials.secret}:"
            " correct the key, or register its public half with the server",
        ) from error
    except (TimeoutError, OSError, asyncssh.Error) as error:
        raise TransientError(
            f"ssh server {address.host}:{address.port} does not answer: {type(error).__name__} {error}"
        ) from error
    async with connection:
        yield connection


class _Client(asyncssh.SSHClient):
    """Remembers the host key that is not known; it is never trusted."""

    shown = ""

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        """Refuse the key, and keep its fingerprint for the message."""
        self.shown = f"{key.get_algorithm()} {key.get_fingerprint()}"
        return False


def _options(
    address: SshAddress, credentials: SshCredentials, known: asyncssh.SSHKnownHosts
) -> asyncssh.SSHClientConnectionOptions:
    for name, value in _LOCAL_USER.items():
        os.environ.setdefault(name, value)
    return asyncssh.SSHClientConnectionOptions(
        config=None,
        username=address.user,
        known_hosts=known,
        client_keys=[_private_key(credentials)],
        agent_path=None,
        preferred_auth="publickey",
        gss_host=None,
        connect_timeout=_SECONDS,
        login_timeout=_SECONDS,
        keepalive_interval=_SECONDS,
        keepalive_count_max=_SILENT_KEEPALIVES,
    )


def _private_key(credentials: SshCredentials) -> asyncssh.SSHKey:
    text = credentials.private_key.replace("\r\n", "\n").strip() + "\n"
    try:
        return asyncssh.import_private_key(text)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise PermanentError(
            "InvalidCredentials",
            f"secret {credentials.secret}: ssh-privatekey is no private key that can be used: it must be in PEM or"
            " OpenSSH form, without a passphrase; correct the Secret",
        ) from error


def _known_hosts(credentials: SshCredentials) -> asyncssh.SSHKnownHosts:
    try:
        return asyncssh.import_known_hosts(credentials.known_hosts.replace("\r\n", "\n").strip() or PUBLISHED)
    except ValueError as error:
        raise PermanentError(
            "InvalidCredentials",
            f"secret {credentials.secret}: known_hosts is not in OpenSSH's form; make it with ssh-keyscan",
        ) from error


def _untrusted(
    address: SshAddress, credentials: SshCredentials, *, known: asyncssh.SSHKnownHosts, shown: str
) -> PermanentError:
    """What to tell of a server whose key is not known, or is another one than known."""
    host, secret = address.host, credentials.secret
    port = "" if address.port == _DEFAULT_PORT else f"-p {address.port} "
    if any(known.match(host, "", address.port)):
        return PermanentError(
            "HostKeyChanged",
            f"{host} shows another host key ({shown}) than the one that is known: someone may stand between. If the"
            f" server's key was changed, correct known_hosts of secret {secret}",
        )
    return PermanentError(
        "HostKeyUnknown",
        f"the host key of {host} is not known ({shown}): give secret {secret} the key known_hosts with what"
        f" `ssh-keyscan {port}{host}` prints, and compare the fingerprint with the server's",
    )
