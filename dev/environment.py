"""What programs and tests need to use an environment that is up.

Owns the typed values and their form as variables. Reads the state, starts nothing.
"""

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dev import target
from dev.cluster import handle
from dev.cluster.handle import Cluster
from dev.errors import DevError
from dev.machine.proxies import daemon_environment
from dev.services import git
from dev.services.credentials import Credentials
from dev.state import State, default_state


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """An environment in use.

    `registry` is `host:port` (or `host/path` of a named cluster) without scheme, `git_url` the root of the
    repositories (empty when a named cluster came without), `host` the machine's address as pods see it (empty
    for a named cluster), `cluster` the handle of the machine's own cluster (None for a named one).
    """

    state: State
    kubeconfig: Path
    registry: str
    git_url: str
    host: str
    cluster: Cluster | None

    @property
    def path(self) -> tuple[Path, ...]:
        """Folders that come first on PATH: the toolchain, and the scripts beside this Python."""
        return (self.state.tools, Path(sys.executable).parent)

    def variables(self, outer: Mapping[str, str] = os.environ) -> Mapping[str, str]:
        """Give the variables to be set, on top of `outer`."""
        before = [part for part in outer.get("PATH", "").split(os.pathsep) if part]
        own = [str(part) for part in self.path]
        proxies = {} if self.cluster is None else daemon_environment(self.cluster.addresses, environment=outer)
        return {
            "KUBECONFIG": str(self.kubeconfig),
            "PATH": os.pathsep.join([*own, *(part for part in before if part not in own)]),
            "PULUMI_BACKEND_URL": f"file://{self.state.pulumi}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_HOME": str(self.state.pulumi_home),
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "REGISTRY": self.registry,
            "GIT_URL": self.git_url,
            **proxies,
        }

    def exports(self) -> str:
        """Write the variables as shell commands, to be given to `eval`."""
        lines = [f"export {name}={shlex.quote(value)}" for name, value in self.variables().items()]
        return "\n".join(lines) + "\n"

    def git_credentials(self) -> Credentials:
        """Give what the git server asks for below `private/`."""
        return git.private_credentials(self.state)


def load_environment(state: State | None = None) -> Environment:
    """Read the environment of a state (by default this checkout's); DevError when it is not up."""
    chosen = default_state() if state is None else state
    named = target.recall(chosen)
    if named is not None:
        return Environment(
            state=chosen,
            kubeconfig=chosen.kubeconfig,
            registry=named.registry,
            git_url=named.git_url,
            host="",
            cluster=None,
        )
    cluster = handle.find(chosen)
    if cluster is None or not chosen.kubeconfig.exists():
        raise DevError("no environment is up for this checkout; run `make up` (or `python -m dev cluster up`)")
    return Environment(
        state=chosen,
        kubeconfig=chosen.kubeconfig,
        registry=cluster.addresses.registry,
        git_url=cluster.addresses.git_url,
        host=str(cluster.addresses.host),
        cluster=cluster,
    )
