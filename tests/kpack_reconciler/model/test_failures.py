"""Reasons and their classes; attempts and their names."""

import pytest

from kpack_reconciler.model.attempts import MAXIMUM_ATTEMPTS, attempt_of, controls, pause_after, pod_names
from kpack_reconciler.model.failures import FailureClass, Reason, failure_class, is_retried
from tests import make


def test_every_reason_has_a_class() -> None:
    """And no word of others has one."""
    assert [reason for reason in Reason if failure_class(reason) is None] == []
    assert failure_class("RegistryUnreachable") is None


def test_only_what_was_done_to_a_build_is_tried_again() -> None:
    """Infrastructure and evictions; what the application, its configuration or a credential does, it would do again."""
    retried = {failure_class(reason) for reason in Reason if is_retried(reason)}

    assert retried == {FailureClass.INFRASTRUCTURE, FailureClass.EVICTED}
    assert not is_retried("")


def test_the_first_attempt_has_kpack_s_name() -> None:
    """The next ones have their number at the end; every name tells its number."""
    names = pod_names("app-build-1-7b56t")

    assert names == tuple(f"app-build-1-7b56t-build-pod{suffix}" for suffix in ("", "-2", "-3"))
    assert [attempt_of("app-build-1-7b56t", name) for name in (*names, "", "other")] == [1, 2, 3, 0, 0]


def test_names_of_long_builds_differ_and_fit() -> None:
    """At most 63 characters."""
    names = pod_names("b" * 63)

    assert len(set(names)) == MAXIMUM_ATTEMPTS
    assert {len(name) for name in names} == {63}


def test_pauses_grow() -> None:
    """There is one after each attempt but the last."""
    pauses = [pause_after(attempt) for attempt in range(1, MAXIMUM_ATTEMPTS)]

    assert pauses == sorted(pauses)


@pytest.mark.parametrize(("uid", "own"), [("u1", True), ("u2", False)])
def test_a_build_s_pod_is_the_one_it_controls(uid: str, *, own: bool) -> None:
    """By UID, since names come again."""
    build = make.metadata("app-build-1", uid="u1")
    pod = make.metadata("pod", owner=make.owner(make.Kind.BUILD, "app-build-1", uid))

    assert controls(build, pod) is own
    assert not controls(build, make.metadata("pod"))
