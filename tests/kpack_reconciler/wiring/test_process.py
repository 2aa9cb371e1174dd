"""The process as the kubelet sees it: signals and exit codes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMPONENTS = Path(__file__).parents[3] / "components"
WAITING = """
import asyncio, sys
from kpack_reconciler.wiring.process import run_process

async def main():
    print("started", flush=True)
    await asyncio.Event().wait()

sys.exit(run_process(main))
"""


def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(COMPONENTS), **environment}
    return subprocess.Popen([sys.executable, *arguments], env=variables, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_in_good_order(number: signal.Signals) -> None:
    """The kubelet's SIGTERM and a developer's Ctrl+C end the process at once, with success."""
    with start("-c", WAITING) as process:
        assert process.stdout is not None
        process.stdout.readline()

        process.send_signal(number)

        assert process.wait(timeout=10) == 0


def test_an_error_ends_the_process_with_failure() -> None:
    """Whatever reaches the root makes the kubelet start the process anew."""
    with start("-c", WAITING.replace("await asyncio.Event().wait()", "raise ZeroDivisionError")) as process:
        assert process.wait(timeout=10) == 1


def test_a_missing_setting_is_named() -> None:
    """A controller without its step image says which variable to set."""
    with start("-m", "kpack_reconciler", "controller") as process:
        output, _ = process.communicate(timeout=30)

    assert process.returncode == 1
    assert "BUILD_INIT_IMAGE" in output


def test_an_unknown_command_is_a_usage_error() -> None:
    """A word that is no command ends with code 2."""
    with start("-m", "kpack_reconciler", "fly") as process:
        assert process.wait(timeout=30) == 2
