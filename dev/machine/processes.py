"""Long-lived processes: started once, remembered, and ended only when they are surely ours.

Owns the records of daemons and their starting and ending. Rules:
- a record holds pid, start time and boot; a process is ours only when all three match, so a recycled pid is
  never signalled;
- signals go through a pidfd that was opened before the check: nothing can slip in between;
- a daemon whose command or configuration changed is restarted, one that died is started again;
- before a daemon is started, what an earlier one left behind in its cgroup is ended (a crash of `dev` itself
  may leave a daemon without a record);
- output goes to `<name>.log`; the previous run's is kept as `<name>.previous.log`.
"""

import hashlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from dev.errors import DevError
from dev.machine.cgroups import PROCESSES_FILE, read_members
from dev.machine.probes import listens

TERM_SECONDS: Final = 10.0
KILL_SECONDS: Final = 10.0
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")

START_SCRIPT: Final = 'if [ -n "$0" ]; then echo $$ >"$0"; fi; log=$1; shift; "$@" </dev/null >>"$log" 2>&1 & echo $!'
"""Joins the cgroup, starts the daemon in the background, where it is init's child, and prints its pid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A process that is to run.

    `configuration` are files it reads at start: when one changes, it is restarted. `environment` is added to
    the caller's; it may carry secrets, `command` must not. `outlived_by` begins the names of programs it
    starts that must live on without it, empty when there are none. `address` is where it is going to listen:
    something else there is refused before it starts.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    configuration: tuple[Path, ...] = ()
    outlived_by: str = ""
    address: tuple[str, int] | None = None

    def fingerprint(self) -> str:
        """Tell apart what the daemon was started from; secrets go in only as a hash."""
        program = _version(Path(self.command[0]))
        digest = hashlib.sha256(repr((self.command, sorted(self.environment.items()), program)).encode())
        for file in self.configuration:
            digest.update(file.read_bytes())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process of this boot; `started` is its start time in clock ticks since boot."""

    pid: int
    started: int


class ProcessRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a started daemon."""

    name: str
    pid: int
    started: int
    boot: str
    fingerprint: str

    def process(self) -> Process | None:
        """Return the process when it still runs, None when it ended or the pid is someone else's."""
        if self.boot != read_boot() or read_start(self.pid) != self.started:
            return None
        return Process(pid=self.pid, started=self.started)


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """The daemons of one environment.

    `prefix` is put before every command (entering the network namespace); `group` is the cgroup in which each
    daemon gets one of its own, None to stay in the caller's.
    """

    records: Path
    logs: Path
    prefix: tuple[str, ...] = ()
    group: Path | None = None

    def ensure(self, daemon: Daemon) -> bool:
        """Have a daemon run as described; True when it had to be started."""
        fingerprint = daemon.fingerprint()
        record = self.find(daemon.name)
        if record is not None and record.process() is not None:
            if record.fingerprint == fingerprint:
                return False
            self.stop([daemon.name])
        end(self._leftovers(daemon))
        _refuse_taken_port(daemon)
        self._start(daemon, fingerprint)
        return True

    def find(self, name: str) -> ProcessRecord | None:
        """Return the record of a daemon, None when it was never started."""
        try:
            return msgspec.json.decode((self.records / f"{name}.json").read_bytes(), type=ProcessRecord)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def all(self) -> tuple[ProcessRecord, ...]:
        """Return all records, by name."""
        names = sorted(file.stem for file in self.records.glob("*.json"))
        return tuple(record for record in map(self.find, names) if record is not None)

    def is_running(self, name: str) -> bool:
        """Tell whether a daemon runs."""
        record = self.find(name)
        return record is not None and record.process() is not None

    def check(self, name: str) -> None:
        """Raise DevError with the daemon's log when it does not run."""
        if not self.is_running(name):
            raise DevError(f"{name} ended by itself; its log tells why", self.log(name))

    def stop(self, names: Collection[str]) -> None:
        """End daemons together, politely at first, and forget them."""
        records = [record for record in map(self.find, names) if record is not None]
        end([process for process in (record.process() for record in records) if process is not None])
        for record in records:
            (self.records / f"{record.name}.json").unlink(missing_ok=True)

    def log(self, name: str) -> Path:
        """Name the log of a daemon."""
        return self.logs / f"{name}.log"

    def _leftovers(self, daemon: Daemon) -> tuple[Process, ...]:
        """Find what is in a daemon's cgroup without being meant to live on."""
        if self.group is None:
            return ()
        members = identify(read_members(self.group / daemon.name / PROCESSES_FILE))
        kept = daemon.outlived_by
        return tuple(p for p in members if not (kept and read_program(p.pid).startswith(kept)))

    def _start(self, daemon: Daemon, fingerprint: str) -> None:
        log = self.log(daemon.name)
        if log.exists():
            log.replace(log.with_suffix(".previous.log"))
        log.touch(mode=0o600)
        pid = self._launch(daemon, log)
        started = read_start(pid)
        if started is None:
            raise DevError(f"{daemon.name} ended as soon as it was started; its log tells why", log)
        record = ProcessRecord(name=daemon.name, pid=pid, started=started, boot=read_boot(), fingerprint=fingerprint)
        file = self.records / f"{daemon.name}.json"
        file.with_suffix(".new").write_bytes(msgspec.json.encode(record))
        file.with_suffix(".new").replace(file)

    def _launch(self, daemon: Daemon, log: Path) -> int:
        group = ""
        if self.group is not None:
            (self.group / daemon.name).mkdir(exist_ok=True)
            group = str(self.group / daemon.name / PROCESSES_FILE)
        command = ["sh", "-c", START_SCRIPT, group, str(log), *self.prefix, *daemon.command]
        environment = {**os.environ, **daemon.environment}
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=environment,
            cwd="/",
            start_new_session=True,
            check=True,
        )
        return int(result.stdout)


def _refuse_taken_port(daemon: Daemon) -> None:
    if daemon.address is None:
        return
    host, port = daemon.address
    if listens(host, port=port):
        raise DevError(
            f"port {port} of {host} is in use by another process, so {daemon.name} cannot start: "
            "end that process (`ss -ltnp` shows it) and run the same command again"
        )


def _version(program: Path) -> tuple[int, int]:
    """Tell apart versions of a program, whatever folder it is linked into; a bare name has none."""
    if not program.is_absolute():
        return (0, 0)
    facts = program.stat()
    return (facts.st_ino, facts.st_mtime_ns)


def read_boot() -> str:
    """Return the id of the running boot."""
    return BOOT_ID.read_text().strip()


def read_start(pid: int) -> int | None:
    """Return the start time of a process in clock ticks since boot; None when none runs."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, started = fields[0], fields[19]
    return None if state in {"Z", "X"} else int(started)


def read_program(pid: int) -> str:
    """Return the name of the program a process runs (15 characters at most); empty when there is none."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def identify(pids: Iterable[int]) -> tuple[Process, ...]:
    """Give pids of running processes their start times."""
    starts = ((pid, read_start(pid)) for pid in pids)
    return tuple(Process(pid=pid, started=started) for pid, started in starts if started is not None)


def end(processes: Collection[Process], *, term_seconds: float = TERM_SECONDS) -> None:
    """End processes together: SIGTERM, after `term_seconds` SIGKILL; DevError when one outlives that, too.

    `term_seconds` 0 kills at once.
    """
    with _opened(processes) as descriptors:
        if term_seconds > 0:
            _signal(descriptors, signal.SIGTERM)
            _await_ends(descriptors, term_seconds)
        _signal(descriptors, signal.SIGKILL)
        if not _await_ends(descriptors, KILL_SECONDS):
            pids = [process.pid for process in processes if read_start(process.pid) == process.started]
            raise DevError(f"processes {pids} outlive SIGKILL (stuck in the kernel); see `ps -o pid,stat,wchan`")


@contextmanager
def _opened(processes: Collection[Process]) -> Iterator[set[int]]:
    """Open a pidfd of each process that is still the one meant."""
    descriptors: set[int] = set()
    try:
        for process in processes:
            with suppress(ProcessLookupError):
                descriptor = os.pidfd_open(process.pid)
                if read_start(process.pid) == process.started:
                    descriptors.add(descriptor)
                else:
                    os.close(descriptor)
        yield descriptors
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _signal(descriptors: Collection[int], number: signal.Signals) -> None:
    for descriptor in descriptors:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, number)


def _await_ends(descriptors: Collection[int], seconds: float) -> bool:
    """Wait until every process has ended; False when the time is over."""
    deadline = time.monotonic() + seconds
    waiting = set(descriptors)
    poll = select.poll()
    for descriptor in waiting:
        poll.register(descriptor, select.POLLIN)
    while waiting:
        left = deadline - time.monotonic()
        ended = {descriptor for descriptor, _ in poll.poll(max(0, left) * 1000)}
        for descriptor in ended:
            poll.unregister(descriptor)
        waiting -= ended
        if left <= 0:
            break
    return not waiting
