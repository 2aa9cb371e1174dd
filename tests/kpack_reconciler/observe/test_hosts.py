"""How long a server that does not answer is left alone."""

from datetime import timedelta

import pytest

from kpack_reconciler.observe.hosts import LONGEST, Hosts
from tests import make

MINUTE = timedelta(minutes=1)


def quiet_for(hosts: Hosts, host: str = "git.example") -> timedelta:
    """Until when it is left alone, in steps of ten seconds."""
    waits = (timedelta(seconds=seconds) for seconds in range(0, 4000, 10))
    return next(wait for wait in waits if hosts.fault(host, make.NOW + wait, reason="GitUnavailable") is None)


@pytest.mark.parametrize(("failures", "minutes"), [(0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (5, 4), (40, 4)], ids=str)
def test_a_host_that_fails_in_a_row_is_left_alone_ever_longer(failures: int, minutes: int) -> None:
    """The first failure costs nothing, and there is an end to it."""
    hosts, at = Hosts(MINUTE), make.NOW - MINUTE * LONGEST * failures
    for _ in range(failures):
        at += MINUTE * LONGEST
        hosts.failed("git.example", at, None)

    assert quiet_for(hosts) == MINUTE * minutes
    assert quiet_for(hosts, "other.example") == timedelta(0)


def test_failures_of_one_moment_count_once() -> None:
    """Of a hundred requests that were under way; a longer wait that one of them was told counts."""
    hosts = Hosts(MINUTE)
    for _ in range(100):
        hosts.failed("git.example", make.NOW, None)
    assert quiet_for(hosts) == MINUTE

    hosts.failed("git.example", make.NOW, 90.0)
    assert quiet_for(hosts) == timedelta(seconds=90)


def test_what_a_host_asks_for_counts_at_once() -> None:
    """And ends by itself."""
    hosts = Hosts(MINUTE)
    hosts.failed("git.example", make.NOW, 30.0)

    fault = hosts.fault("git.example", make.NOW, reason="GitUnavailable")

    assert quiet_for(hosts) == timedelta(seconds=30)
    assert fault is not None
    assert (fault.reason, fault.permanent) == ("GitUnavailable", False)
    assert fault.message == "git.example is left alone until 04:05:36 UTC: it was too busy"


def test_one_answer_ends_it() -> None:
    """And the next failure is the first again."""
    hosts = Hosts(MINUTE)
    for _ in range(2):
        hosts.failed("git.example", make.NOW, None)

    hosts.answered("git.example")
    hosts.failed("git.example", make.NOW, None)

    assert quiet_for(hosts) == timedelta(0)


def test_a_clock_that_was_set_back_leaves_nobody_alone_for_long() -> None:
    """More than an hour is no pause."""
    hosts = Hosts(MINUTE)
    hosts.failed("git.example", make.NOW + timedelta(days=1), 30.0)

    assert hosts.fault("git.example", make.NOW, reason="GitUnavailable") is None
