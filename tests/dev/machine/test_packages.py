from pathlib import Path

import pytest

from dev.errors import DevError
from dev.machine import packages
from dev.machine.packages import Tool, install, missing, services_held_back


def test_only_packages_of_missing_tools_are_named(tmp_path: Path) -> None:
    """A tool that is there, from whatever source, needs no package; each package is named once."""
    (tmp_path / "ptp").touch()
    tools = (
        Tool(name="sh", package="dash"),
        Tool(name="no-such-tool", package="runtime"),
        Tool(name="no-such-client", package="runtime"),
        Tool(name="ptp", package="plugins", places=(tmp_path / "nowhere", tmp_path / "ptp")),
    )

    assert missing(tools) == ("runtime",)


def test_services_are_held_back_while_installing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package must not start its own daemon; afterwards the machine is as before."""
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(packages, "POLICY", policy)

    with services_held_back():
        assert policy.read_text().endswith("exit 101\n")

    assert not policy.exists()


def test_a_policy_of_the_machine_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone else's policy decides, and stays."""
    policy = tmp_path / "policy-rc.d"
    policy.write_text("exit 104\n")
    monkeypatch.setattr(packages, "POLICY", policy)

    with services_held_back():
        pass

    assert policy.read_text() == "exit 104\n"


def test_a_refused_installation_tells_apts_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has apt's own error, the command to try by hand, and the log."""
    tool = tmp_path / "apt-get"
    tool.write_text("#!/bin/sh\necho 'E: Unable to locate package runtime' >&2\nexit 100\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(packages, "POLICY", tmp_path / "policy-rc.d")
    log = tmp_path / "logs" / "apt.log"

    with pytest.raises(DevError, match="Unable to locate package runtime") as caught:
        install(["runtime"], log=log)

    assert "apt-get install runtime" in caught.value.message
    assert caught.value.log == log
