"""The count of who runs and the lines of those who wait, through every change that can come."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from msgspec.structs import replace

from kpack_api.core import Pod, PodStatus
from kpack_api.types import Build, BuildStatus, Kind
from kpack_reconciler.cache.turns import Turns
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.turns import QUEUED, Limits, Turn
from tests import make

_DELETED = "2026-06-09T04:10:00Z"


def a_build(number: int, namespace: str = "team", *, reason: str = "", pod: str = "", status: str = "Unknown") -> Build:
    """A Build that was created in the second of its number."""
    build = make.running_build(number)
    metadata = replace(
        build.metadata,
        uid=f"{namespace}-{number}",
        namespace=namespace,
        creation_timestamp=f"2026-06-09T04:00:{number:02}Z",
    )
    told = (make.condition("Succeeded", status, reason),)
    return replace(build, metadata=metadata, status=BuildStatus(conditions=told, pod_name=pod))


def queued(number: int, namespace: str = "team") -> Build:
    return a_build(number, namespace, reason=QUEUED)


def a_pod(build: Build, phase: str = "Running", *, deleted: bool = False) -> Pod:
    pod = make.pod(build, PodStatus(phase=phase))
    at = _DELETED if deleted else None
    return replace(pod, metadata=replace(pod.metadata, namespace=build.metadata.namespace, deletion_timestamp=at))


def key(build: Build) -> Key:
    return Key(Kind.BUILD, build.metadata.namespace, build.metadata.name)


def limited(total: int | None = 1, per_namespace: int | None = None) -> Turns:
    return Turns(Limits(total=total, per_namespace=per_namespace))


def seen(turns: Turns, *values: object) -> Turns:
    for value in values:
        turns.changed(None, value)
    return turns


def take(turns: Turns, build: Build) -> bool:
    return turns.take(build.metadata.namespace, build.metadata.uid)


def test_without_limits_nobody_asks() -> None:
    """Everything is as kpack has it; what runs is counted all the same."""
    turns = seen(Turns(), a_build(1, pod="pod"))

    assert turns.turn_of(a_build(2)) is None
    assert turns.running == 1


def test_a_turn_counts_before_its_pod_is_seen() -> None:
    """Of many who look at once, one gets the last turn."""
    turns = limited(total=1)
    first, second = a_build(1), a_build(2)

    assert turns.turn_of(first) == turns.turn_of(second) == Turn(free=True)
    assert [take(turns, build) for build in (first, second, first)] == [True, False, True]
    assert turns.turn_of(first) == Turn(held=True)
    assert turns.turn_of(second) == Turn(position=1, waiting=1, running=1)


def test_a_build_keeps_its_turn_to_its_end() -> None:
    """Neither a pod that ended nor a pause between attempts gives it away."""
    build = a_build(1, pod="pod")
    turns = seen(limited(), build, a_pod(build))

    turns.changed(a_pod(build), a_pod(build, "Failed"))
    assert turns.turn_of(build) == Turn(held=True)

    turns.changed(build, a_build(1, pod="pod", status="False"))
    assert turns.running == 0


def test_a_pod_without_its_build_holds_a_turn_while_it_runs() -> None:
    """The garbage collector may be late; once the pod is being deleted, a lost node could keep it for ever."""
    build = a_build(1, pod="pod")
    turns = seen(limited(), build, a_pod(build))

    turns.changed(build, None)
    assert turns.running == 1

    turns.changed(a_pod(build), a_pod(build, deleted=True))
    assert turns.running == 0


def test_somebody_s_pod_holds_no_turn() -> None:
    """What no Build controls is not counted, though it bears the label."""
    stranger = replace(a_pod(a_build(1)), metadata=replace(a_pod(a_build(1)).metadata, owner_references=()))

    assert seen(limited(), stranger).running == 0


def test_the_oldest_of_the_namespace_with_the_fewest_builds_is_woken() -> None:
    """Nobody else is."""
    runs = a_build(1, "crowd", pod="pod")
    turns = seen(limited(total=2), runs, a_build(2, "crowd", pod="pod"), queued(9, "few"), queued(3, "crowd"))
    turns.changed(None, queued(8, "few"))
    assert turns.give() == ()

    turns.changed(runs, a_build(1, "crowd", pod="pod", status="True"))

    assert turns.give() == (key(queued(8, "few")),)
    assert turns.turn_of(queued(8, "few")) == Turn(held=True)
    assert turns.waiting == 2


def test_a_turn_that_was_given_is_not_asked_for_again() -> None:
    """The Build's condition says for a while yet that it waits."""
    turns = seen(limited(), queued(1))
    assert turns.give() == (key(queued(1)),)

    turns.changed(queued(1), queued(1))

    assert turns.waiting == 0
    assert turns.give() == ()


def test_a_turn_that_is_given_back_goes_to_the_next() -> None:
    """Whoever gave it back waits again only once its condition says so."""
    turns = seen(limited(), queued(1), queued(2))
    assert turns.give() == (key(queued(1)),)

    turns.give_back("team-1")
    turns.give_back("team-1")

    assert turns.give() == (key(queued(2)),)


def test_a_pod_that_runs_is_not_given_back() -> None:
    """What was seen counts, whatever was decided before."""
    build = a_build(1)
    turns = seen(limited(), a_pod(build))

    turns.give_back(build.metadata.uid)

    assert turns.turn_of(build) == Turn(held=True)


def test_positions_are_counted_within_the_namespace() -> None:
    """From the oldest; a Build that is not in the line yet is told the place that it will have."""
    turns = seen(limited(), a_build(1, pod="pod"), queued(2), queued(4), queued(5), queued(3, "other"))

    assert turns.turn_of(queued(4)) == Turn(position=2, waiting=3, running=1)
    assert turns.turn_of(a_build(3)) == Turn(position=2, waiting=4, running=1)


def test_builds_that_end_or_go_leave_the_line() -> None:
    """A Build that is told to fail while it waits, is being deleted, is gone or says something else."""
    ends, going, gone, elsewhere = (queued(number) for number in range(2, 6))
    turns = seen(limited(), a_build(1, pod="pod"), ends, going, gone, elsewhere)

    turns.changed(ends, a_build(2, status="False"))
    turns.changed(going, replace(going, metadata=replace(going.metadata, deletion_timestamp=_DELETED)))
    turns.changed(gone, None)
    turns.changed(elsewhere, a_build(5, reason="RegistryUnavailable"))

    assert turns.waiting == 0


def test_a_build_of_the_same_name_does_not_inherit_the_turn() -> None:
    """The watch may tell of the new one without having told of the old one's end."""
    old = a_build(1, pod="pod")
    new = replace(queued(1), metadata=replace(old.metadata, uid="new"))
    turns = seen(limited(), old)

    turns.changed(old, new)

    assert turns.give() == (key(new),)
    assert turns.running == 1


def test_a_namespace_at_its_limit_holds_up_nobody_else() -> None:
    """There may be room for others, though its own Builds are older."""
    turns = seen(limited(total=9, per_namespace=1), a_build(1, pod="pod"), queued(2), queued(3, "other"))

    assert turns.give() == (key(queued(3, "other")),)
    assert turns.turn_of(queued(2)) == Turn(
        position=1, waiting=1, running=1, setting="max_concurrent_builds_per_namespace"
    )


_NUMBERS, _SPACES = st.integers(1, 6), st.sampled_from(["a", "b", "c"])


class TurnsMachine(RuleBasedStateMachine):
    """Builds that come, wait, run and end in any order, told of in any order, against a plain count."""

    limits = Limits(total=4, per_namespace=2)

    def __init__(self) -> None:
        super().__init__()
        self.turns = Turns(self.limits)
        self.builds: dict[str, Build] = {}
        self.pods: dict[str, Pod] = {}
        self.begun: set[str] = set()

    @rule(number=_NUMBERS, namespace=_SPACES)
    def look(self, number: int, namespace: str) -> None:
        """A worker looks at a Build without a pod: it takes its turn, or tells that it waits."""
        build = self.builds.setdefault(f"{namespace}-{number}", a_build(number, namespace))
        if self.turns.turn_of(build) in (Turn(free=True), Turn(held=True)):
            assert take(self.turns, build)
            self.begun.add(build.metadata.uid)
        else:
            self._tell(queued(number, namespace))

    @rule(number=_NUMBERS, namespace=_SPACES, told=st.booleans())
    def run(self, number: int, namespace: str, *, told: bool) -> None:
        """The pod of a Build that has its turn is seen, or what the Build says of it is."""
        build = a_build(number, namespace, pod="pod")
        if build.metadata.uid in self.begun:
            if told:
                self._tell(build)
            else:
                self._show(build.metadata.uid, a_pod(build))

    @rule(number=_NUMBERS, namespace=_SPACES, gone=st.booleans())
    def end(self, number: int, namespace: str, *, gone: bool) -> None:
        """A Build ends, or is deleted; its pod ends with it."""
        uid = f"{namespace}-{number}"
        if uid in self.builds:
            self._tell(None if gone else a_build(number, namespace, status="True"), uid)
            self._show(uid, None)
            self.begun.discard(uid)
            del self.builds[uid]

    @invariant()
    def as_counted(self) -> None:
        """No more run than may, the count is true, and nobody waits who may run."""
        begun = self.begun | {f"{key.namespace}-{key.name.split('-')[2]}" for key in self.turns.give()}
        self.begun = begun
        waiting = {uid for uid, build in self.builds.items() if _waits(build) and uid not in begun}
        running = {space: sum(uid.startswith(space) for uid in begun) for space in "abc"}

        assert self.turns.running == len(begun) <= 4
        assert max(running.values()) <= 2
        assert self.turns.waiting == len(waiting)
        assert not waiting or len(begun) == 4 or all(running[uid[0]] == 2 for uid in waiting)

    def _tell(self, after: Build | None, uid: str = "") -> None:
        uid = after.metadata.uid if after else uid
        self.turns.changed(self.builds.get(uid), after)
        if after is not None:
            self.builds[uid] = after

    def _show(self, uid: str, after: Pod | None) -> None:
        before = self.pods.pop(uid, None)
        if before or after:
            self.turns.changed(before, after)
        if after is not None:
            self.pods[uid] = after


def _waits(build: Build) -> bool:
    return build.status.conditions[0].reason == QUEUED


def test_no_order_of_changes_gives_too_many_turns_or_loses_one() -> None:
    """However looks, watches and ends interleave."""
    run_state_machine_as_test(
        TurnsMachine, settings=settings(max_examples=60, stateful_step_count=40, derandomize=True, deadline=None)
    )
