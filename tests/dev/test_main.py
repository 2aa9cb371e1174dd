import os
import subprocess
import sys
from pathlib import Path

from dev.state import CHECKOUT


def run_dev(*arguments: str, state: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PULUMI_KPACK_STATE": str(state)}
    command = [sys.executable, "-m", "dev", *arguments]
    return subprocess.run(
        command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_errors_are_told_without_a_trace(tmp_path: Path) -> None:
    """A person gets one message on standard error and exit code 1; `eval` gets nothing."""
    result = run_dev("env", state=tmp_path)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("\nerror: no environment is up for this checkout; run `make up`")


def test_half_a_choice_of_cluster_is_refused(tmp_path: Path) -> None:
    """Arguments are judged before anything is touched."""
    result = run_dev("up", "--context", "prod", state=tmp_path / "state")

    assert result.returncode == 1
    assert "add REGISTRY=" in result.stderr
    assert not (tmp_path / "state").exists()


def test_down_without_up(tmp_path: Path) -> None:
    """There is nothing to do, and that is no error."""
    result = run_dev("down", state=tmp_path / "state")

    assert (result.returncode, result.stdout) == (0, "nothing is up\n")


def test_status_without_up(tmp_path: Path) -> None:
    """It says that nothing is up and how to change that."""
    result = run_dev("status", state=tmp_path / "state")

    assert result.returncode == 0
    assert "not up" in result.stdout
