"""The git server's process and its repositories.

Owns starting the server and making bare repositories. The server itself is `git_server`.
"""

import sys
from pathlib import Path
from typing import Final

from dev.cluster.handle import Cluster
from dev.errors import DevError
from dev.machine.addresses import GIT_PORT
from dev.machine.commands import run
from dev.machine.probes import answers_http, wait_for
from dev.machine.processes import Daemon
from dev.services import credentials, git_server
from dev.services.credentials import Credentials
from dev.state import CHECKOUT, State

NAME: Final = "git-server"
START_SECONDS: Final = 20.0
USERNAME: Final = "git"


def private_credentials(state: State) -> Credentials:
    """Give the name and password of the repositories under `private/`."""
    return credentials.ensure(_credentials_file(state), username=USERNAME)


def start(cluster: Cluster) -> bool:
    """Have the server run; True when it had to be started."""
    private_credentials(cluster.state)
    daemon = Daemon(
        name=NAME,
        command=(
            sys.executable,
            "-m",
            "dev.services.git_server",
            f"--root={cluster.state.git}",
            f"--address={cluster.addresses.node}",
            f"--port={GIT_PORT}",
            f"--credentials={_credentials_file(cluster.state)}",
        ),
        environment={"PYTHONPATH": str(CHECKOUT), "PYTHONUNBUFFERED": "1"},
        configuration=(Path(git_server.__file__), _credentials_file(cluster.state)),
        address=(str(cluster.addresses.node), GIT_PORT),
    )
    return cluster.processes.ensure(daemon)


def await_ready(cluster: Cluster) -> None:
    """Wait until the server answers."""
    wait_for(
        lambda: answers_http(cluster.addresses.node, port=GIT_PORT, path=git_server.HEALTH),
        what=f"an answer of the git server at {cluster.addresses.git_url}",
        seconds=START_SECONDS,
        alive=lambda: cluster.processes.check(NAME),
    )


def create_repository(root: Path, name: str, *, branch: str = "main") -> Path:
    """Make an empty bare repository `<name>.git` that takes pushes; one that exists is kept.

    A name that begins with `private/` asks for credentials.
    """
    path = root / f"{name}.git"
    if not path.resolve().is_relative_to(root.resolve()):
        raise DevError(f"the repository name {name!r} leads out of {root}; use a plain name")
    if not (path / "HEAD").exists():
        path.mkdir(parents=True, exist_ok=True)
        run(["git", "init", "--quiet", "--bare", f"--initial-branch={branch}", str(path)])
        run(["git", "--git-dir", str(path), "config", "http.receivepack", "true"])
    return path


def _credentials_file(state: State) -> Path:
    return state.root / "git-credentials"
