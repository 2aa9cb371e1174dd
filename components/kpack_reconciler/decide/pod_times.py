"""When something happened to a pod.

Rules:
- What a container waits for has no time of its own in Kubernetes; it is taken as the end of what came before.
- Times that cannot be read, or lie further ahead than clocks differ, count as unknown: nothing would ever be due.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from kpack_api.core import ContainerStatus, Pod
from kpack_api.names import Step
from kpack_api.wire import ObjectMeta
from kpack_reconciler.decide.times import read_time

_YEARS = range(1970, 9000)
_CLOCK_SKEW = timedelta(hours=1)
_LONGEST_GRACE_SECONDS = 365 * 86400


def moment(text: str | None) -> datetime | None:
    """The moment in UTC; None where there is none or the text is no time."""
    try:
        at = None if text is None else read_time(text)
    except (ValueError, OverflowError):
        return None
    return at if at is not None and at.year in _YEARS else None


def containers(pod: Pod) -> Iterator[ContainerStatus]:
    """The states of all containers in the order in which they run."""
    yield from pod.status.init_container_statuses
    yield from pod.status.container_statuses


def is_step(status: ContainerStatus) -> bool:
    """Whether the container is a step of the build, not a sidecar of somebody else."""
    return status.name in frozenset(Step)


def finished_at(pod: Pod, now: datetime) -> datetime:
    """When a pod that ended did so; a pod whose containers say nothing ended when its state last changed."""
    return max(_ends(pod, now), default=changed_at(pod, now))


def changed_at(pod: Pod, now: datetime) -> datetime:
    """When a condition of the pod last changed; its creation where none says."""
    changes = _known((condition.last_transition_time for condition in pod.status.conditions), now)
    return max(changes, default=next(_known((pod.metadata.creation_timestamp,), now), now))


def waiting_since(pod: Pod, now: datetime) -> datetime:
    """Since when a pod waits for what comes next: its creation, its place on a node, or the end of its last step."""
    placed = (c.last_transition_time for c in pod.status.conditions if c.type == "PodScheduled")
    known = (*_known((pod.metadata.creation_timestamp, *placed), now), *_ends(pod, now))
    return max(known, default=now)


def deletion_asked_at(metadata: ObjectMeta) -> datetime | None:
    """When somebody asked for an object's deletion; its timestamp is that plus the grace (Kubernetes API)."""
    deadline = moment(metadata.deletion_timestamp)
    if deadline is None:
        return None
    return deadline - timedelta(seconds=min(metadata.deletion_grace_period_seconds or 0, _LONGEST_GRACE_SECONDS))


def _ends(pod: Pod, now: datetime) -> Iterator[datetime]:
    ends = (status.state.terminated for status in containers(pod))
    yield from _known((end.finished_at for end in ends if end is not None), now)


def _known(texts: Iterable[str | None], now: datetime) -> Iterator[datetime]:
    for text in texts:
        at = moment(text)
        if at is not None and at <= now + _CLOCK_SKEW:
            yield at
