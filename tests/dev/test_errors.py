from pathlib import Path

from dev.errors import LOG_LINES, DevError, explain


def test_a_failure_shows_step_log_and_path(tmp_path: Path) -> None:
    """A person sees what failed, the last lines of the right log, and where the rest is."""
    log = tmp_path / "etcd.log"
    log.write_text("first\nsecond\n")

    text = explain(DevError("etcd ended by itself; its log tells why", log), step="etcd")

    assert text.splitlines() == [
        "step 'etcd' failed: etcd ended by itself; its log tells why",
        f"last lines of {log}:",
        "  first",
        "  second",
    ]


def test_only_the_last_lines_are_shown(tmp_path: Path) -> None:
    """A long log does not push the message off the screen."""
    log = tmp_path / "long.log"
    log.write_text("".join(f"line {number}\n" for number in range(50_000)))

    lines = explain(DevError("failed", log)).splitlines()

    assert len(lines) == 2 + LOG_LINES
    assert lines[-1] == "  line 49999"


def test_an_empty_log_is_said_to_be_empty(tmp_path: Path) -> None:
    """Its path is worth telling all the same."""
    assert explain(DevError("failed", tmp_path / "none.log")) == f"failed\nlog (empty): {tmp_path}/none.log"


def test_an_error_without_a_log() -> None:
    """Then the message is all there is."""
    assert explain(DevError("no root"), step="network") == "step 'network' failed: no root"
