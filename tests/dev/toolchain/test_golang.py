from pathlib import Path

import pytest

from dev.toolchain.failures import ToolchainError
from dev.toolchain.golang import find_go, needed_version
from tests.dev.toolchain.fake_go import FakeGo


@pytest.fixture
def module(tmp_path: Path) -> Path:
    (tmp_path / "go.mod").write_text("module m\n\ngo 1.26.0\n\nrequire x v1.0.0\n")
    return tmp_path


def test_go_is_asked_for_version_and_platform(fake_go: FakeGo, module: Path) -> None:
    """A Go that is new enough is described by its own words."""
    go = find_go([module])

    assert (go.executable, go.version, go.platform) == (fake_go.folder / "go", "go1.26.8", "linux/amd64")


def test_no_go_is_told_with_what_to_install(tmp_path: Path, module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Go on PATH the message names the version to install."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ToolchainError, match=r"^Go is not on PATH\. Install Go 1\.26\.0 or newer"):
        find_go([module])


def test_an_old_go_is_told_with_what_to_install(fake_go: FakeGo, module: Path) -> None:
    """A Go older than a module's `go` line is refused by its name and version."""
    fake_go.answer(env="""echo '{"GOVERSION": "go1.25.9", "GOHOSTOS": "linux", "GOHOSTARCH": "amd64"}'""")

    with pytest.raises(ToolchainError, match=r"/go is go1\.25\.9, which is too old\. Install Go 1\.26\.0"):
        find_go([module])


@pytest.mark.parametrize("env", ["exit 1", "echo nonsense", "echo '{}'"])
def test_a_go_that_does_not_answer_is_told(fake_go: FakeGo, module: Path, env: str) -> None:
    """A broken Go is named, with the command to try."""
    fake_go.answer(env=env)

    with pytest.raises(ToolchainError, match=r"does not tell its version .*Try '.*go env GOVERSION'"):
        find_go([module])


@pytest.mark.parametrize(
    ("line", "version"), [("go 1.26.0", (1, 26, 0)), ("go 1.25", (1, 25, 0)), ("go 1.26.8", (1, 26, 8))]
)
def test_the_needed_version_is_the_go_line(tmp_path: Path, line: str, version: tuple[int, int, int]) -> None:
    """A patch level that the line leaves out is nought."""
    (tmp_path / "go.mod").write_text(f"module m\n\n{line}\n\ntoolchain go1.99.0\n")

    assert needed_version(tmp_path / "go.mod") == version


def test_a_go_mod_without_a_version_is_a_mistake_of_ours(tmp_path: Path) -> None:
    """A go.mod without a `go` line is not excused."""
    (tmp_path / "go.mod").write_text("module m\n")

    with pytest.raises(ValueError, match="no Go version"):
        needed_version(tmp_path / "go.mod")
