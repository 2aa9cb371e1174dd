"""The one directory that holds everything a development environment keeps.

Owns its layout, where it lies by default, and the lock that lets one `up` or `down` at a time work on it.
Rules:
- nothing outside of this directory is kept but the slot claim (`machine.slots`) and the toolchain's cache;
- the environment is identified by this directory: another directory is another environment, with its own
  addresses, processes and cluster;
- its path is short, because unix sockets below it may have 107 characters at most.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dev.errors import DevError

MACHINE_DIRECTORY: Final = Path("/var/lib/pulumi-kpack-dev")
"""Where states lie by default, and where all environments of a machine agree on their slots."""

CHECKOUT: Final = Path(__file__).resolve().parent.parent
VARIABLE: Final = "PULUMI_KPACK_STATE"
LONGEST_PATH: Final = 60
"""Characters of the state's path that leave room for the longest socket below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Paths below one state directory; nothing is created by asking for a path."""

    root: Path

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig; self-contained."""
        return self.root / "kubeconfig"

    @property
    def certificates(self) -> Path:
        """Keys and certificates of the cluster."""
        return self.root / "certificates"

    @property
    def logs(self) -> Path:
        """One `<daemon>.log` each, and the previous run's as `<daemon>.previous.log`."""
        return self.root / "logs"

    @property
    def processes(self) -> Path:
        """One record per daemon."""
        return self.root / "processes"

    @property
    def tools(self) -> Path:
        """Symlink to the toolchain's folder of programs."""
        return self.root / "bin"

    @property
    def network(self) -> Path:
        """The file that holds the node's network namespace."""
        return self.root / "network"

    @property
    def git(self) -> Path:
        """Bare repositories, served over HTTP."""
        return self.root / "git"

    @property
    def volumes(self) -> Path:
        """Directories behind the cluster's local PersistentVolumes."""
        return self.root / "volumes"

    @property
    def containerd(self) -> Path:
        """The directory of containerd: its configuration, socket, images and running state."""
        return self.root / "containerd"

    @property
    def kubelet(self) -> Path:
        """The kubelet's root directory."""
        return self.root / "kubelet"

    @property
    def pulumi(self) -> Path:
        """Pulumi's own state: the file backend's directory."""
        return self.root / "pulumi"

    @property
    def pulumi_home(self) -> Path:
        """Pulumi's home: plugins, workspaces, credentials."""
        return self.root / "pulumi-home"

    def create(self) -> None:
        """Make the directory: its owner's, but passable, because pods reach their volumes through it."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o711)
        for directory in (self.logs, self.processes, self.git, self.pulumi, self.pulumi_home):
            directory.mkdir(exist_ok=True)


def default_state(
    environment: Mapping[str, str] = os.environ, *, checkout: Path = CHECKOUT, is_root: bool | None = None
) -> State:
    """Name the state of a checkout: `$PULUMI_KPACK_STATE`, or a directory derived from its path.

    Who is not root, and works on a cluster that exists, has it below the home directory.
    """
    chosen = environment.get(VARIABLE, "")
    if chosen:
        return State(root=Path(chosen).absolute())
    digest = hashlib.sha256(str(checkout).encode()).hexdigest()[:8]
    if os.geteuid() == 0 if is_root is None else is_root:
        return State(root=MACHINE_DIRECTORY / digest)
    homes = environment.get("XDG_STATE_HOME") or f"{environment.get('HOME', '')}/.local/state"
    return State(root=Path(homes).absolute() / "pulumi-kpack" / digest)


@contextmanager
def locked(state: State) -> Iterator[None]:
    """Hold the state for one command; DevError when another one works on it.

    `down` removes the directory with the lock in it: a lock on a removed file is worth nothing, so the file
    is compared with the one that lies there after locking.
    """
    path = state.root / "lock"
    try:
        state.root.mkdir(parents=True, exist_ok=True)
        stream = path.open("ab")
    except OSError as error:
        raise DevError(f"{state.root} cannot be used ({error}); choose another {VARIABLE}") from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DevError(
                f"another `python -m dev` is working on {state.root}; wait for it to end and start again"
            ) from error
        if not _is_the_file_at(path, stream.fileno()):
            raise DevError(f"{state.root} was just removed by another `python -m dev down`; start again")
        yield


def _is_the_file_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
