"""Which repository a URL names, whatever it is written like: its path on the server.

Rules:
- `https://host/team/app`, `ssh://git@host:22/team/app.git` and `git@host:Team/app.git` are one repository: user, port,
  `.git`, outer slashes and the letters' case do not count. Bitbucket Data Center's `/scm/` is left out.
- The host does not count either: a cluster often reaches a server by another name than the one in its payloads, and
  Bitbucket Data Center's name none. Two repositories of one path on two servers cost one request too many.
"""

from urllib.parse import unquote, urlsplit

from kpack_reconciler.model.git_urls import is_ssh, ssh_address

_SCM = "/scm/"


def repository_path(url: str) -> str:
    """The path that a repository has on its server: `team/app`; "" where the URL names none."""
    try:
        path = ssh_address(url).path if is_ssh(url) else urlsplit(url).path
    except ValueError:
        return ""
    whole = f"/{unquote(path).strip('/').lower()}"
    return whole.rpartition(_SCM)[2].strip("/").removesuffix(".git")
