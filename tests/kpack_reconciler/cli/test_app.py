"""The program `kpack` as a whole: its help, its exit codes, how fast it starts."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kpack_reconciler.cli import main
from kpack_reconciler.cli.app import run

Captured = pytest.CaptureFixture[str]
OF_THE_CLUSTER = ("logs", "status", "builds", "trigger", "explain")
COMMANDS = (*OF_THE_CLUSTER, "pin")
ENVIRONMENT = {"PYTHONPATH": "components"}
HEAVY = ("aiohttp", "asyncio", "kpack_api.types", "importlib.metadata", "yaml")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, capsys: Captured) -> None:
    """`--help` shows how a command is used, and names the options of all that speak to the cluster."""
    assert run([command, "--help"]) == 0

    told = capsys.readouterr().out
    assert f"Example: kpack {command} " in told
    assert ("--namespace" in told) == (command in OF_THE_CLUSTER)


def test_help_lists_the_commands_and_the_exit_codes(capsys: Captured) -> None:
    """Whoever knows nothing learns where to go on."""
    assert run(["-help"]) == 0

    told = capsys.readouterr().out
    assert all(command in told for command in COMMANDS)
    assert "Exit codes:" in told


def test_the_version_is_that_of_the_package(capsys: Captured) -> None:
    """`--version` names the program and a number."""
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("kpack 0.")


@pytest.mark.parametrize(
    "arguments", [("lags",), ("builds",), ("status", "--output", "xml"), ("logs", "app", "--build", "first")]
)
def test_what_is_not_understood_is_an_error_of_its_own(arguments: tuple[str, ...], capsys: Captured) -> None:
    """Exit code 2 tells a mistake on the command line from a failed build."""
    assert run(arguments) == 2
    assert capsys.readouterr().err


def test_help_comes_without_what_speaks_to_a_cluster() -> None:
    """Libraries that take their time are imported only by commands that need them."""
    program = (
        "import sys; from kpack_reconciler.cli.app import run; run(['logs', '--help']);"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=ENVIRONMENT)

    assert ended.stderr == "[]\n"


def test_a_reader_that_goes_away_is_no_crash() -> None:
    """`kpack … | head -1` ends without a trace."""
    reader, writer = os.pipe()
    os.close(reader)
    program = "import sys; from kpack_reconciler.cli.app import run; sys.exit(run(['--help']))"
    ended = subprocess.run(
        [sys.executable, "-c", program], stdout=writer, stderr=subprocess.PIPE, check=False, env=ENVIRONMENT
    )
    os.close(writer)

    assert (ended.returncode, ended.stderr) == (1, b"")


def test_a_log_s_reader_that_goes_away_is_no_crash(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Bytes that are written past the console end the same way."""

    def broken(*_: object, **__: object) -> int:
        raise BrokenPipeError

    monkeypatch.setattr("kpack_reconciler.cli.app.app", broken)
    with (tmp_path / "output").open("w") as output:
        monkeypatch.setattr(sys, "stdout", output)

        assert run(["status"]) == 1


def test_the_page_about_the_command_line_tells_what_there_is(capsys: Captured) -> None:
    """docs/cli.md has a chapter for each command, and names no option that does not exist."""
    page = Path("docs/cli.md").read_text()
    for command in COMMANDS:
        run([command, "--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) | {"--help"}

    assert [line.split()[2].strip("`:") for line in page.splitlines() if line.startswith("## `kpack")] == [*COMMANDS]
    assert set(re.findall(r"--[a-z][a-z-]+", page)) <= options


def test_ctrl_c_is_an_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted program ends with 130, as shells expect."""

    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("kpack_reconciler.cli.app.run", interrupted)

    assert main() == 130
