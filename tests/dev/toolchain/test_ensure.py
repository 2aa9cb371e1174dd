import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dev.toolchain.catalog import Tool
from dev.toolchain.ensure import Source, ensure, locate
from dev.toolchain.failures import ToolchainError
from dev.toolchain.progress import Progress, Stage
from tests.dev.toolchain.fake_go import FakeGo

MakeSource = Callable[..., Source]


def a_tool(name: str = "kubectl", **changes: object) -> Tool:
    facts: dict[str, object] = {
        "name": name,
        "module": name,
        "package": "./main",
        "seconds": 10,
        "megabytes": 0,
    }
    return Tool(**(facts | changes))  # type: ignore[arg-type]


class Reports(list[Progress]):
    """Collects progress."""

    def __call__(self, progress: Progress) -> None:
        """Keep one report."""
        self.append(progress)


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.mark.usefixtures("fake_go")
def test_a_tool_is_built_and_can_be_called_by_all_its_names(
    make_source: MakeSource, cache: Path, reports: Reports
) -> None:
    """The folder for PATH has the program by its name and by its further names."""
    source = make_source(a_tool("kube", links=("kubectl", "etcd")))

    folder = ensure(("kube",), report=reports, cache=cache, source=source)

    assert sorted(path.name for path in folder.iterdir()) == ["etcd", "kube", "kubectl"]
    assert all(os.access(path, os.X_OK) and not path.is_symlink() for path in folder.iterdir())


@pytest.mark.usefixtures("fake_go")
def test_a_file_of_a_module_becomes_a_program(make_source: MakeSource, cache: Path, reports: Reports) -> None:
    """A tool that is a file of a Go module is copied and made executable, nothing is compiled."""
    source = make_source(a_tool("exec", file="script"))

    folder = ensure(("exec",), report=reports, cache=cache, source=source)

    assert (folder / "exec").read_text() == "script\n"
    assert os.access(folder / "exec", os.X_OK)


def test_what_is_built_is_not_built_again(
    fake_go: FakeGo, make_source: MakeSource, cache: Path, reports: Reports
) -> None:
    """A second run builds nothing, reports nothing and gives the same folder."""
    source = make_source(a_tool())
    first = ensure(("kubectl",), report=reports, cache=cache, source=source)
    reports.clear()

    second = ensure(("kubectl",), report=reports, cache=cache, source=source)

    assert second == first
    assert fake_go.calls == ["build"]
    assert not reports


def test_only_what_is_asked_for_is_built(
    fake_go: FakeGo, make_source: MakeSource, cache: Path, reports: Reports
) -> None:
    """Of two tools, the one that was not asked for is neither built nor on PATH."""
    source = make_source(a_tool("one"), a_tool("two"))

    folder = ensure(("two",), report=reports, cache=cache, source=source)

    assert [path.name for path in folder.iterdir()] == ["two"]
    assert fake_go.calls == ["build"]


def test_a_changed_source_builds_its_module_alone(
    fake_go: FakeGo, make_source: MakeSource, cache: Path, reports: Reports
) -> None:
    """When one module's go.sum changes, the tools of the other one are used as they are."""
    source = make_source(a_tool("one"), a_tool("two"))
    before = ensure(("one", "two"), report=reports, cache=cache, source=source)

    (source.root / "two" / "go.sum").write_text("changed")
    after = ensure(("one", "two"), report=reports, cache=cache, source=source)

    assert after != before
    assert fake_go.calls == ["build"] * 3


@pytest.mark.usefixtures("fake_go")
def test_only_programs_and_logs_stay(make_source: MakeSource, cache: Path, reports: Reports) -> None:
    """After a build that succeeded Go's caches are gone."""
    ensure(("kubectl",), report=reports, cache=cache, source=make_source(a_tool()))

    assert sorted(path.name for path in cache.iterdir()) == ["bin", "lock", "logs", "tools"]


@pytest.mark.usefixtures("fake_go")
def test_progress_tells_tool_stage_and_time_left(make_source: MakeSource, cache: Path, reports: Reports) -> None:
    """Every tool ends with a report of being done, and the time left counts the tools to come."""
    ensure(("one", "two"), report=reports, cache=cache, source=make_source(a_tool("one"), a_tool("two")))

    done = [report for report in reports if report.stage is Stage.DONE]
    assert [(report.tool, report.number, report.tools, report.remaining) for report in done] == [
        ("one", 1, 2, 10),
        ("two", 2, 2, 0),
    ]


def test_packages_are_counted_while_compiling(fake_go: FakeGo, make_source: MakeSource, cache: Path) -> None:
    """A build that lasts tells how many of the packages are compiled; words of Go itself are not counted."""
    fake_go.answer(build="echo a/b >&2; echo go: downloading x v1 >&2; exec sleep 60")

    def stop_when_counted(progress: Progress) -> None:
        if progress.stage is Stage.COMPILING and progress.done:
            raise StopIteration(progress.done, progress.total)

    with pytest.raises(StopIteration) as stopped:
        ensure(("kubectl",), report=stop_when_counted, cache=cache, source=make_source(a_tool()))

    assert stopped.value.args == (1, 2)


def test_a_failed_build_leaves_no_half_tool_and_the_next_run_goes_on(
    fake_go: FakeGo, make_source: MakeSource, cache: Path, reports: Reports
) -> None:
    """A program written by half is never found; Go's caches stay for the next run."""
    source = make_source(a_tool("one"), a_tool("two"))
    fake_go.answer(build='case $out in *two) echo half >$out; touch $GOCACHE; echo "x.go:1: no" >&2; exit 1;; esac')
    with pytest.raises(ToolchainError):
        ensure(("one", "two"), report=reports, cache=cache, source=source)
    assert [path.name.split("-")[0] for path in (cache / "tools").iterdir()] == ["one"]
    assert (cache / "work" / "compiled").exists()

    fake_go.answer()
    folder = ensure(("one", "two"), report=reports, cache=cache, source=source)

    assert (folder / "two").read_text() == "program\n"
    assert fake_go.calls == ["build"] * 3


def test_a_failure_names_tool_module_and_log(
    fake_go: FakeGo, make_source: MakeSource, cache: Path, reports: Reports
) -> None:
    """The error of a build carries the tool, the Go module, and the log with Go's own words."""
    fake_go.answer(build='echo "main.go:7: undefined: x" >&2; exit 1')

    with pytest.raises(ToolchainError, match=r"kubectl \(Go module cluster\)") as failure:
        ensure(("kubectl",), report=reports, cache=cache, source=make_source(a_tool(module="cluster")))

    assert failure.value.log == cache / "logs" / "kubectl.log"
    assert failure.value.log.read_text() == "main.go:7: undefined: x\n"


def test_an_interruption_ends_go(fake_go: FakeGo, make_source: MakeSource, cache: Path) -> None:
    """When the run is interrupted while compiling, no `go` stays behind."""
    fake_go.answer(build=f"echo $$ >{fake_go.folder}/pid; exec sleep 60")

    def interrupt(_progress: Progress) -> None:
        if (fake_go.folder / "pid").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure(("kubectl",), report=interrupt, cache=cache, source=make_source(a_tool()))

    with pytest.raises(ProcessLookupError):
        os.kill(int((fake_go.folder / "pid").read_text()), 0)


@pytest.mark.usefixtures("fake_go")
def test_a_second_run_waits_for_the_first(make_source: MakeSource, cache: Path) -> None:
    """While another process holds the cache's lock nothing is built, and waiting is reported."""
    cache.mkdir()
    lock = (cache / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    stages = []

    def release(progress: Progress) -> None:
        stages.append(progress.stage)
        lock.close()

    ensure(("kubectl",), report=release, cache=cache, source=make_source(a_tool()))

    assert stages[0] is Stage.WAITING
    assert Stage.DONE in stages


def test_what_another_run_has_built_meanwhile_is_used(
    fake_go: FakeGo, make_source: MakeSource, cache: Path, reports: Reports, tmp_path: Path
) -> None:
    """A run that waited looks again before it builds."""
    source = make_source(a_tool())
    other = tmp_path / "other"
    ensure(("kubectl",), report=reports, cache=other, source=source)
    cache.mkdir()
    lock = (cache / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)

    def finish(_progress: Progress) -> None:
        if not lock.closed:
            (other / "tools").rename(cache / "tools")
            lock.close()

    ensure(("kubectl",), report=finish, cache=cache, source=source)

    assert fake_go.calls == ["build"]


@pytest.mark.usefixtures("fake_go")
def test_a_disk_that_is_too_small_is_told_at_once(make_source: MakeSource, cache: Path, reports: Reports) -> None:
    """A build that cannot fit does not begin, and the message names the folder and the way out."""
    source = make_source(a_tool(megabytes=10**9))

    with pytest.raises(ToolchainError, match=r"1000000\.0 GB in .*cache.*PULUMI_KPACK_CACHE"):
        ensure(("kubectl",), report=reports, cache=cache, source=source)

    assert not reports


@pytest.mark.usefixtures("fake_go")
def test_a_cache_that_cannot_be_made_is_told(make_source: MakeSource, tmp_path: Path, reports: Reports) -> None:
    """A cache folder below a file gives a message that names it."""
    (tmp_path / "file").touch()

    with pytest.raises(ToolchainError, match=r"Cannot write to .*/file/cache: Not a directory"):
        ensure(("kubectl",), report=reports, cache=tmp_path / "file" / "cache", source=make_source(a_tool()))


@pytest.mark.usefixtures("fake_go")
def test_a_failure_of_the_reporter_is_not_blamed_on_the_cache(make_source: MakeSource, cache: Path) -> None:
    """An OSError of the caller's report passes through."""

    def broken(_progress: Progress) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        ensure(("kubectl",), report=broken, cache=cache, source=make_source(a_tool()))


@pytest.mark.usefixtures("fake_go")
def test_an_unknown_tool_is_told_with_the_known_ones(make_source: MakeSource, cache: Path, reports: Reports) -> None:
    """A wrong name is answered with the names to choose from."""
    source = make_source(a_tool("one"), a_tool("two"))

    with pytest.raises(ToolchainError, match=r"no tool named 'three'\. Choose from one, two"):
        ensure(("three",), report=reports, cache=cache, source=source)


@pytest.mark.usefixtures("fake_go")
def test_sets_and_tools_unused_for_a_month_go_when_others_are_built(
    make_source: MakeSource, cache: Path, reports: Reports
) -> None:
    """An old set goes with its tool; a set in use stays."""
    source = make_source(a_tool("old"), a_tool("used"), a_tool("new"))
    old = ensure(("old",), report=reports, cache=cache, source=source)
    used = ensure(("used",), report=reports, cache=cache, source=source)
    for folder in (old, used, *(cache / "tools").iterdir()):
        os.utime(folder, (0, 0))
    ensure(("used",), report=reports, cache=cache, source=source)

    ensure(("new",), report=reports, cache=cache, source=source)

    assert sorted(path.name.split("-")[0] for path in (cache / "tools").iterdir()) == ["new", "used"]
    assert used.is_dir()
    assert not old.exists()


@pytest.mark.usefixtures("fake_go")
def test_a_program_on_path_is_located() -> None:
    """`locate` gives the path of what is on PATH, and None for what is not."""
    go, nothing = locate("go"), locate("no-such-program")

    assert go is not None
    assert go.name == "go"
    assert nothing is None
