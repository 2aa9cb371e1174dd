"""The cache of built tools on disk.

    <cache>/tools/<name>-<key>/   one program, complete or absent
    <cache>/bin/<key>/            the programs of one set by all their names: put it first on PATH;
                                  its time is that of its last use
    <cache>/logs/<name>.log       what Go said at the last build
    <cache>/work/                 Go's own caches and temporary files: gone after a build that succeeded
    <cache>/lock                  held by the process that builds

Rules it keeps:
- a folder in `tools` or `bin` is made in `work` and renamed: a crash leaves no half tool;
- `bin` has hard links: Pulumi's Python host looks for its companion beside its own file, and looks through
  symbolic links.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dev.toolchain.catalog import Tool
from dev.toolchain.failures import disk_too_small
from dev.toolchain.keys import set_key

_LOOK_EVERY = 0.5
_UNUSED_DAYS = 30


def default_cache(environment: Mapping[str, str]) -> Path:
    """Return `$PULUMI_KPACK_CACHE`, or `pulumi-kpack` in `$XDG_CACHE_HOME` or in `~/.cache`."""
    if own := environment.get("PULUMI_KPACK_CACHE"):
        return Path(own).absolute()
    if caches := environment.get("XDG_CACHE_HOME"):
        return Path(caches).absolute() / "pulumi-kpack"
    return Path.home() / ".cache" / "pulumi-kpack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """One cache folder; it need not exist yet."""

    folder: Path

    @property
    def work(self) -> Path:
        """Go's caches and temporary files."""
        return self.folder / "work"

    @property
    def logs(self) -> Path:
        """One log for each tool."""
        return self.folder / "logs"

    def tool(self, tool: Tool, key: str) -> Path:
        """Where this build of a tool lives."""
        return self.folder / "tools" / f"{tool.name}-{key}"

    def missing(self, keyed: Mapping[Tool, str]) -> tuple[Tool, ...]:
        """Return the tools that are not built yet, in their order."""
        return tuple(tool for tool, key in keyed.items() if not self.tool(tool, key).is_dir())

    @contextmanager
    def locked(self, *, waiting: Callable[[], None]) -> Iterator[None]:
        """Hold the right to build; `waiting` is called about twice a second while another process has it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            while not _try_lock(lock.fileno()):
                waiting()
                time.sleep(_LOOK_EVERY)
            yield

    def prepare(self) -> None:
        """Make the folders that a build writes to, without what an interrupted one left in them."""
        shutil.rmtree(self.work / "new", ignore_errors=True)
        shutil.rmtree(self.work / "tmp", ignore_errors=True)
        for folder in (self.work / "new", self.work / "tmp", self.logs, self.folder / "tools"):
            folder.mkdir(parents=True, exist_ok=True)

    def require(self, megabytes: int) -> None:
        """Raise ToolchainError when a build of this size cannot fit; what lies in `work` is part of it."""
        used = sum(path.lstat().st_size for path in self.work.rglob("*") if not path.is_dir())
        needed = megabytes * 1_000_000 - used
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise disk_too_small(self.folder, needed=needed, free=free)

    def clear(self) -> None:
        """Remove Go's caches and temporary files."""
        shutil.rmtree(self.work)

    def prune(self) -> None:
        """Remove sets that were not used for a month, then old tools that are in no set."""
        oldest = time.time() - _UNUSED_DAYS * 86400
        for folder in (self.folder / "bin").glob("*"):
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder)
        for folder in (self.folder / "tools").glob("*"):
            in_no_set = all(program.stat().st_nlink == 1 for program in folder.iterdir())
            if in_no_set and folder.stat().st_mtime < oldest:
                shutil.rmtree(folder)

    def bin(self, keyed: Mapping[Tool, str]) -> Path:
        """Return the folder of this set's programs, made if need be; all of its tools must be built."""
        names = {name: (tool, key) for tool, key in keyed.items() for name in (tool.name, *tool.links)}
        target = self.folder / "bin" / set_key({name: key for name, (_, key) in names.items()})
        if target.is_dir():
            os.utime(target)
            return target
        target.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="new-") as new:
            folder = Path(new) / "bin"
            folder.mkdir()
            for name, (tool, key) in names.items():
                os.link(self.tool(tool, key) / tool.name, folder / name)
            _publish(folder, target)
        return target


def _publish(new: Path, target: Path) -> None:
    """Rename a complete folder to its place, unless another process has put the same there meanwhile."""
    try:
        new.rename(target)
    except OSError:
        if not target.is_dir():
            raise


def _try_lock(descriptor: int) -> bool:
    """Take the lock if it is free; the kernel gives it back when this process ends, however it ends."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
