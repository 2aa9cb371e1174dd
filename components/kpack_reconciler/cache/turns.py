"""Who runs and who waits, where the builds that run at once are limited.

Owns the count, which follows each change of a Build or pod, and the turns that were given. Leaves who comes next to
`model.turns`. Unlimited, it counts all the same.

Rules:
- A Build has its turn from the moment it is given to the Build's end, through all attempts and the pauses between.
  That the cache has not seen the pod yet makes no difference.
- A pod that runs holds a turn by itself, too: its Build may have ended or be gone. Once it is being deleted it does so
  no more, since a lost node keeps such a pod for ever.
- A Build waits while its condition says so: what people see is the line, and a new leader finds it again.
- Each change costs the same, however many Builds there are; a turn that is given costs a look at each namespace where
  somebody waits.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator

from kpack_api.core import Pod
from kpack_api.names import ConditionType
from kpack_api.types import Build, Kind
from kpack_api.wire import Condition, ConditionStatus, find_condition
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.turns import (
    QUEUED,
    UNLIMITED,
    Age,
    Limits,
    Line,
    Load,
    Turn,
    has_room,
    next_namespace,
    waiting_turn,
)

_ENDED = frozenset({"Succeeded", "Failed"})
_NEVER_TOLD = Condition(type=ConditionType.SUCCEEDED, status=ConditionStatus.UNKNOWN)


class Turns:
    """The Builds that have their turn, and a line of those that wait for each namespace."""

    def __init__(self, limits: Limits = UNLIMITED) -> None:
        self._limits = limits
        self._given: dict[str, str] = {}
        self._pods: dict[tuple[str, str], str] = {}
        self._holds: dict[str, dict[str, int]] = {}
        self._lines: dict[str, list[Age]] = {}
        self._places: dict[str, tuple[str, Age]] = {}
        self._running = 0
        self._stirred = False

    @property
    def running(self) -> int:
        """How many builds have their turn."""
        return self._running

    @property
    def waiting(self) -> int:
        """How many Builds wait for theirs."""
        return len(self._places)

    def changed(self, before: object, after: object) -> None:
        """Follow a change: the object as it was and as it is; None where there was or is none."""
        match after or before:
            case Build():
                self._build_changed(before, after)
            case Pod() as pod:
                self._pod_changed((pod.metadata.namespace, pod.metadata.name), after)

    def turn_of(self, build: Build) -> Turn | None:
        """How a Build stands; None where nothing is limited."""
        if self._limits == UNLIMITED:
            return None
        metadata = build.metadata
        load = self._load(metadata.namespace)
        if metadata.uid in self._holds.get(metadata.namespace, ()):
            return Turn(held=True)
        if has_room(self._limits, load):
            return Turn(free=True)
        line, queued = self._lines.get(metadata.namespace, []), metadata.uid in self._places
        before = bisect_left(line, _age(build))
        return waiting_turn(self._limits, load, position=before + 1, waiting=len(line) + (not queued))

    def take(self, namespace: str, uid: str) -> bool:
        """Give a Build its turn, if it has none; False where there is no room."""
        held = uid in self._holds.get(namespace, ())
        if not held and not has_room(self._limits, self._load(namespace)):
            return False
        self._give(namespace, uid)
        return True

    def give_back(self, uid: str) -> None:
        """Take the turn from a Build that cannot use it; should it wait again, its condition will say so."""
        namespace = self._given.pop(uid, None)
        if namespace is not None:
            self._let_go(namespace, uid)

    def give(self) -> tuple[Key, ...]:
        """Give the turns that are free to those that wait; who they are."""
        return tuple(self._given_now())

    def _given_now(self) -> Iterator[Key]:
        while self._stirred:
            namespace = next_namespace(self._waiting_lines(), self._limits, self._running)
            if namespace is None:
                self._stirred = False
                return
            _, name, uid = self._lines[namespace][0]
            self._give(namespace, uid)
            yield Key(Kind.BUILD, namespace, name)

    def _waiting_lines(self) -> Iterator[Line]:
        if self._limits.total is not None and self._running >= self._limits.total:
            return
        for namespace, line in self._lines.items():
            yield Line(namespace=namespace, running=len(self._holds.get(namespace, ())), oldest=line[0])

    def _build_changed(self, before: object, after: object) -> None:
        gone = before.metadata.uid if isinstance(before, Build) else ""
        if isinstance(after, Build):
            self._follow(after)
            gone = "" if after.metadata.uid == gone else gone
        if gone:
            self._leave(gone)
            self.give_back(gone)

    def _follow(self, build: Build) -> None:
        metadata = build.metadata
        condition = find_condition(build.status.conditions, ConditionType.SUCCEEDED) or _NEVER_TOLD
        if condition.status != ConditionStatus.UNKNOWN or metadata.deletion_timestamp is not None:
            self._leave(metadata.uid)
            self.give_back(metadata.uid)
        elif build.status.pod_name:
            self._give(metadata.namespace, metadata.uid)
        elif condition.reason == QUEUED and metadata.uid not in self._given:
            self._join(metadata.namespace, _age(build))
        else:
            self._leave(metadata.uid)

    def _pod_changed(self, place: tuple[str, str], after: object) -> None:
        held = self._pods.pop(place, None)
        if isinstance(after, Pod) and (owner := _build_of(after)):
            self._pods[place] = owner
            self._hold(place[0], owner)
        if held is not None:
            self._let_go(place[0], held)

    def _give(self, namespace: str, uid: str) -> None:
        self._leave(uid)
        if uid not in self._given:
            self._given[uid] = namespace
            self._hold(namespace, uid)

    def _hold(self, namespace: str, uid: str) -> None:
        holds = self._holds.setdefault(namespace, {})
        self._running += uid not in holds
        holds[uid] = holds.get(uid, 0) + 1

    def _let_go(self, namespace: str, uid: str) -> None:
        holds = self._holds[namespace]
        holds[uid] -= 1
        if not holds[uid]:
            del holds[uid]
            self._running -= 1
            self._stirred = True
        if not holds:
            del self._holds[namespace]

    def _join(self, namespace: str, age: Age) -> None:
        uid = age[-1]
        if uid not in self._places:
            insort(self._lines.setdefault(namespace, []), age)
            self._places[uid] = (namespace, age)
            self._stirred = True

    def _leave(self, uid: str) -> None:
        place = self._places.pop(uid, None)
        if place is not None:
            namespace, age = place
            line = self._lines[namespace]
            del line[bisect_left(line, age)]
            if not line:
                del self._lines[namespace]

    def _load(self, namespace: str) -> Load:
        return Load(total=self._running, in_namespace=len(self._holds.get(namespace, ())))


def _age(build: Build) -> Age:
    metadata = build.metadata
    return metadata.creation_timestamp or "", metadata.name, metadata.uid


def _build_of(pod: Pod) -> str:
    """The UID of the Build for which this pod runs, or will; "" where it does not, or is nobody's."""
    owner = pod.metadata.controller
    over = pod.status.phase in _ENDED or pod.metadata.deletion_timestamp is not None
    return "" if over or owner is None or owner.kind != Kind.BUILD else owner.uid
