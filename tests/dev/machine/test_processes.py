import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from dev.errors import DevError
from dev.machine import processes
from dev.machine.probes import wait_for
from dev.machine.processes import Daemon, Process, Processes, ProcessRecord


@pytest.fixture
def daemons(tmp_path: Path) -> Iterator[Processes]:
    """Daemons of nobody: no cgroup, no namespace; what a test leaves running is ended."""
    (tmp_path / "records").mkdir()
    (tmp_path / "logs").mkdir()
    own = Processes(records=tmp_path / "records", logs=tmp_path / "logs")
    yield own
    own.stop([record.name for record in own.all()])


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that `dev` knows nothing of."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def make_daemon(name: str = "sleeper", *command: str, configuration: tuple[Path, ...] = ()) -> Daemon:
    return Daemon(name=name, command=command or ("sleep", "60"), configuration=configuration)


def make_record(process: Process, **changes: object) -> ProcessRecord:
    valid = ProcessRecord(
        name="sleeper", pid=process.pid, started=process.started, boot=processes.read_boot(), fingerprint=""
    )
    return msgspec.structs.replace(valid, **changes)


def identify(pid: int) -> Process:
    (process,) = processes.identify([pid])
    return process


def test_a_daemon_runs_after_it_was_started(daemons: Processes) -> None:
    """Starting gives a running process with a record."""
    assert daemons.ensure(make_daemon())

    assert daemons.is_running("sleeper")


def test_a_running_daemon_is_left_alone(daemons: Processes) -> None:
    """A second `up` starts nothing."""
    daemons.ensure(make_daemon())
    before = daemons.find("sleeper")

    assert not daemons.ensure(make_daemon())
    assert daemons.find("sleeper") == before


def test_a_killed_daemon_is_started_again(daemons: Processes) -> None:
    """`up` after a crash recovers."""
    daemons.ensure(make_daemon())
    before = daemons.find("sleeper")
    assert before is not None
    processes.end([identify(before.pid)], term_seconds=0)

    assert daemons.ensure(make_daemon())
    assert daemons.is_running("sleeper")


def test_changed_configuration_restarts_a_daemon(daemons: Processes, tmp_path: Path) -> None:
    """A daemon never runs on with a configuration that is no more."""
    file = tmp_path / "config"
    file.write_text("one")
    daemons.ensure(make_daemon(configuration=(file,)))
    before = daemons.find("sleeper")
    assert before is not None
    file.write_text("two")

    assert daemons.ensure(make_daemon(configuration=(file,)))
    assert before.process() is None


def test_a_stopped_daemon_is_forgotten(daemons: Processes) -> None:
    """Stopping ends the process and removes its record."""
    daemons.ensure(make_daemon())
    record = daemons.find("sleeper")
    assert record is not None

    daemons.stop(["sleeper"])

    assert record.process() is None
    assert daemons.all() == ()


def test_a_daemon_that_ignores_sigterm_is_killed(daemons: Processes) -> None:
    """Patience has an end."""
    ready = daemons.log("stubborn")
    ignoring = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    script = f"import signal, time; {ignoring}; print(1, flush=True); time.sleep(60)"
    daemons.ensure(make_daemon("stubborn", sys.executable, "-c", script))
    wait_for(lambda: "1" in ready.read_text(), what="the daemon's start", seconds=20)
    record = daemons.find("stubborn")
    assert record is not None

    processes.end([identify(record.pid)], term_seconds=0.1)

    assert record.process() is None


def test_a_port_that_another_process_has_is_refused(daemons: Processes) -> None:
    """What listens where a daemon is about to is told before it starts, with the way to find it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        daemon = Daemon(name="sleeper", command=("sleep", "60"), address=("127.0.0.1", port))

        with pytest.raises(DevError, match=rf"port {port} of 127\.0\.0\.1 is in use .*`ss -ltnp` shows it"):
            daemons.ensure(daemon)

    assert not daemons.is_running("sleeper")


def test_a_daemon_that_ended_by_itself_is_told_with_its_log(daemons: Processes) -> None:
    """The error of a dead daemon names the file that says why."""
    daemons.ensure(make_daemon("short", "sh", "-c", "echo no such flag >&2; sleep 0.01; exit 3"))
    wait_for(lambda: not daemons.is_running("short"), what="the daemon's end", seconds=20)

    with pytest.raises(DevError, match="short ended by itself") as caught:
        daemons.check("short")

    assert caught.value.log is not None
    assert caught.value.log.read_text() == "no such flag\n"


def test_the_log_of_the_previous_run_is_kept(daemons: Processes) -> None:
    """After a restart one can still read why the daemon died."""
    daemons.ensure(make_daemon("talker", "sh", "-c", "echo first; sleep 60"))
    wait_for(lambda: daemons.log("talker").read_text() != "", what="the first line", seconds=20)
    daemons.stop(["talker"])

    daemons.ensure(make_daemon("talker", "sh", "-c", "echo second; sleep 60"))

    assert (daemons.logs / "talker.previous.log").read_text() == "first\n"


def test_a_recycled_pid_is_not_ours(stranger: subprocess.Popen[bytes]) -> None:
    """A record whose pid now belongs to another process names no process."""
    process = identify(stranger.pid)

    assert make_record(process).process() == process
    assert make_record(process, started=process.started - 1).process() is None


def test_a_record_of_another_boot_is_not_ours(stranger: subprocess.Popen[bytes]) -> None:
    """After a reboot pids and start times may repeat."""
    assert make_record(identify(stranger.pid), boot="another").process() is None


def test_a_recycled_pid_is_not_killed(daemons: Processes, stranger: subprocess.Popen[bytes]) -> None:
    """Stopping with a stale record leaves the process that has the pid now alone."""
    record = make_record(identify(stranger.pid), started=1)
    (daemons.records / "sleeper.json").write_bytes(msgspec.json.encode(record))

    daemons.stop(["sleeper"])

    assert stranger.poll() is None
    assert daemons.find("sleeper") is None


def test_ending_checks_the_start_time(stranger: subprocess.Popen[bytes]) -> None:
    """The last look before the signal is at the start time, too."""
    processes.end([Process(pid=stranger.pid, started=1)], term_seconds=0)

    assert stranger.poll() is None


def test_ending_what_has_ended_is_no_error() -> None:
    """A process may end between looking and signalling."""
    with subprocess.Popen(["true"]) as process:
        process.wait()

    processes.end([Process(pid=process.pid, started=1)])


def test_a_damaged_record_counts_as_none(daemons: Processes) -> None:
    """A crash while writing must not block the next `up`."""
    (daemons.records / "sleeper.json").write_text("{")

    assert daemons.find("sleeper") is None


def test_what_is_left_in_the_group_is_ended_before_a_start(tmp_path: Path, stranger: subprocess.Popen[bytes]) -> None:
    """A daemon whose record was lost does not keep its successor from its port."""
    own = Processes(records=tmp_path, logs=tmp_path, group=tmp_path)
    (tmp_path / "sleeper").mkdir()
    (tmp_path / "sleeper" / "cgroup.procs").write_text(f"{stranger.pid}\n")

    own.ensure(make_daemon())
    own.stop(["sleeper"])

    assert stranger.wait(timeout=20) < 0


def test_what_must_outlive_a_daemon_is_spared(tmp_path: Path, stranger: subprocess.Popen[bytes]) -> None:
    """Containers run on while containerd is restarted."""
    own = Processes(records=tmp_path, logs=tmp_path, group=tmp_path)
    (tmp_path / "runtime").mkdir()
    (tmp_path / "runtime" / "cgroup.procs").write_text(f"{stranger.pid}\n")

    own.ensure(Daemon(name="runtime", command=("sleep", "60"), outlived_by="sleep"))
    own.stop(["runtime"])

    assert stranger.poll() is None


def test_secrets_of_the_environment_are_not_in_the_record(daemons: Processes) -> None:
    """A record holds a hash of what the daemon was started with."""
    daemon = Daemon(name="sleeper", command=("sleep", "60"), environment={"PASSWORD": "hunter2"})

    daemons.ensure(daemon)

    assert "hunter2" not in (daemons.records / "sleeper.json").read_text()


def test_this_process_has_a_start_time() -> None:
    """The reader of start times agrees with the kernel about a process that surely runs."""
    assert processes.read_start(os.getpid()) is not None
