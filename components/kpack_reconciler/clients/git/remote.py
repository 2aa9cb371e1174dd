"""Asking a git server which objects are behind its branches and tags, whatever the URL is spoken to with."""

from collections.abc import Collection

import aiohttp

from kpack_reconciler.clients.git.http import ls_refs_over_http
from kpack_reconciler.clients.git.references import Ref
from kpack_reconciler.errors import PermanentError
from kpack_reconciler.model.git_credentials import AnyCredentials, GitCredentials, SshCredentials
from kpack_reconciler.model.git_urls import is_http, is_ssh, public_url


async def ls_refs(
    http: aiohttp.ClientSession,
    url: str,
    revisions: Collection[str],
    *,
    credentials: AnyCredentials | None = None,
) -> tuple[Ref, ...]:
    """The references that the revisions can mean. Raises PermanentError for a refusal, TransientError otherwise.

    Credentials of the other kind than the URL's count as none.
    """
    try:
        if is_http(url):
            login = credentials if isinstance(credentials, GitCredentials) else None
            return await ls_refs_over_http(http, url, revisions, login)
        if is_ssh(url):
            from kpack_reconciler.clients.git.ssh import ls_refs_over_ssh  # noqa: PLC0415 - asyncssh is heavy

            key = credentials if isinstance(credentials, SshCredentials) else None
            return await ls_refs_over_ssh(url, revisions, key)
    except ValueError as error:  # a host that is none, an address that is none, text that cannot be sent
        raise PermanentError("InvalidGitUrl", f"{public_url(url)}: {error}; correct spec.source.git.url") from error
    raise PermanentError(
        "UnsupportedGitUrl", f"{public_url(url)}: not a git URL; write https://…, ssh://… or git@host:path"
    )
