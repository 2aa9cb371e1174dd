"""A git server's push hook, sent right after the head of a repository moved, as GitLab sends it.

Ours alone: kpack has no push receiver. The controller is started anew with its endpoint for hooks, which is off by
default.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import aiohttp

from dev.bench.ours import Ours
from dev.bench.place import Place
from dev.errors import DevError
from dev.machine.files import write
from dev.machine.probes import listens, wait_for
from dev.machine.processes import Daemon
from kpack_api.process import HOOKS_PATH, HOOKS_PORT, Environment

SECRET: Final = "a-secret-of-the-bench"  # noqa: S105 - of a server that lives for minutes
_START_SECONDS = 60.0
_FIRST_ERROR = 400


def with_hooks(place: Place) -> Daemon:
    """Describe our first replica with its endpoint for hooks."""
    folder = place.cluster.state.root / "hooks"
    folder.mkdir(exist_ok=True)
    write(folder / "bench", SECRET)
    daemon = Ours().daemon(place, 0)
    more = {
        Environment.HOOKS_SECRETS_PATH.value: str(folder),
        Environment.POD_ADDRESS.value: str(place.cluster.addresses.node),
    }
    return replace(daemon, environment={**daemon.environment, **more})


def restart_with_hooks(place: Place) -> None:
    """Have the controller run with its endpoint, and wait until that listens."""
    daemon = with_hooks(place)
    place.stop(daemon.name)
    place.start(daemon)
    wait_for(
        lambda: listens(place.cluster.addresses.node, port=HOOKS_PORT),
        what="an answer of the hooks' endpoint",
        seconds=_START_SECONDS,
        alive=lambda: place.cluster.processes.check(daemon.name),
    )


async def send_hook(http: aiohttp.ClientSession, place: Place, repository: str) -> None:
    """Send what GitLab sends after a push to `main`; DevError when it is not taken."""
    headers = {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": SECRET, "Content-Type": "application/json"}
    url = f"https://{place.cluster.addresses.node}:{HOOKS_PORT}{HOOKS_PATH}"
    body = json.dumps(payload(f"{place.git_url}/{repository}.git"))
    async with http.post(url, data=body, headers=headers, ssl=False) as answer:
        if answer.status >= _FIRST_ERROR:
            raise DevError(f"the hook was answered {answer.status}: {await answer.text()}")


def payload(url: str) -> Mapping[str, object]:
    """Give the body of GitLab's push hook, as far as it says which branch of which repository."""
    return {"object_kind": "push", "ref": "refs/heads/main", "project": {"git_http_url": url}}
