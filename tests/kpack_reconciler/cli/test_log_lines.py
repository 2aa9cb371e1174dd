"""Lines of a log over several connections."""

import pytest

from kpack_reconciler.cli.log_lines import LogLines

FIRST, SECOND, THIRD = (
    f"2026-11-24T10:00:00.{fraction}Z {text}".encode()
    for fraction, text in (("1", "one"), ("100000001", "two"), ("2", "three"))
)


def taken(log: LogLines, *lines: bytes) -> list[bytes]:
    return [shown for line in lines if (shown := log.take(line)) is not None]


def test_times_are_taken_off() -> None:
    """A person sees the line as the program wrote it, the first time it comes."""
    log = LogLines(with_times=False)

    assert log.resume() == {"timestamps": "true"}
    assert taken(log, FIRST, SECOND, b"2026-11-24T10:00:01Z ", b"2026-11-24T10:00:02Z  indented") == [
        b"one",
        b"two",
        b"",
        b" indented",
    ]


def test_times_stay_for_whoever_asked() -> None:
    """With times a line is shown as Kubernetes sends it."""
    assert taken(LogLines(with_times=True), FIRST) == [FIRST]


def test_a_break_shows_no_line_twice_and_loses_none() -> None:
    """The second of the last line comes again, in full; what follows the last line is new."""
    log = LogLines(with_times=False)
    taken(log, FIRST, SECOND)

    assert log.resume() == {"timestamps": "true", "sinceTime": "2026-11-24T10:00:00Z"}
    assert taken(log, FIRST, SECOND, THIRD) == [b"three"]
    assert log.resume() == {"timestamps": "true", "sinceTime": "2026-11-24T10:00:00Z"}
    assert taken(log, FIRST, SECOND, THIRD) == []


def test_lines_of_one_moment_are_counted() -> None:
    """Of three lines with one time two were shown, so the third is new; its twins in text do not matter."""
    log = LogLines(with_times=False)
    taken(log, FIRST, FIRST)
    log.resume()

    assert taken(log, FIRST, FIRST, FIRST) == [b"one"]


def test_a_clock_that_was_set_back_hides_nothing() -> None:
    """Only the first lines after a break are compared with what was shown."""
    log = LogLines(with_times=False)
    taken(log, THIRD)
    log.resume()

    assert taken(log, b"2026-11-24T10:00:01Z later", FIRST) == [b"later", b"one"]


@pytest.mark.parametrize("line", [b"no time at all", b"", b"2026-11-24 10:00:00 an application's own time"])
def test_a_line_without_a_time_is_shown_as_it_is(line: bytes) -> None:
    """The rest of a line that the node's runtime split comes without a time."""
    assert taken(LogLines(with_times=False), FIRST, line) == [b"one", line]
