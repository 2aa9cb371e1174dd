"""What the processes count for Prometheus: every metric, and the functions that count in it.

Owns names, labels and buckets. Leaves when to count to the loop, the observers and the wiring.

Rules:
- A metric that controller-runtime or client-go has keeps its name, labels and meaning; others begin with `kpack_`.
- A label's values are few and ours: never an Image, a namespace, a URL or a message.
- Clients, steps, the command line and what only computes do not import this module: they count nothing.

Cost: 0.3 to 3 µs for each event (`docs/metrics.md` has the table); depths and sizes are read when they are scraped.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Final

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

from kpack_reconciler.model.facts import Fault
from kpack_reconciler.model.failures import FailureClass

disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the series, and no rule of ours reads them

_SECONDS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_LONG_SECONDS: Final = (0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 300.0, 1000.0)
_WAITED_SECONDS: Final = (1.0, 10.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)


class Source(StrEnum):
    """What is polled."""

    GIT = "git"
    REGISTRY = "registry"


class HookOutcome(StrEnum):
    """What became of a push hook."""

    ASKED = "asked"
    """Something is asked about now."""
    UNCONCERNED = "unconcerned"
    """Nothing is built from what was pushed, or nothing was pushed."""
    FORWARDED = "forwarded"
    """The leader has it, which counts it again."""
    DENIED = "denied"
    """The secret was not proven."""
    REFUSED = "refused"
    """It could not be understood, or is too large."""
    LIMITED = "limited"
    """There were too many."""
    UNAVAILABLE = "unavailable"
    """There is no leader, or no secret."""


class Outcome(StrEnum):
    """How a look at an object ended."""

    DONE = "success"
    AGAIN = "requeue_after"
    CONFLICT = "requeue"
    TRANSIENT = "transient"
    PERMANENT = "permanent"
    BUG = "bug"


OTHER_FAILURE: Final = "other"
"""The class of a failure whose reason is another one's word."""
_ERRORS: Final = frozenset({Outcome.TRANSIENT, Outcome.PERMANENT, Outcome.BUG})

_QUEUE = ["name"]
QUEUE_DEPTH = Gauge("workqueue_depth", "Keys that wait for a worker.", _QUEUE)
QUEUE_ADDS = Counter("workqueue_adds", "Keys that were added and did not wait yet.", _QUEUE)
QUEUE_WAITED = Histogram(
    "workqueue_queue_duration_seconds", "From a key's adding to its look.", _QUEUE, buckets=_LONG_SECONDS
)
QUEUE_WORKED = Histogram(
    "workqueue_work_duration_seconds", "How long a worker had a key.", _QUEUE, buckets=_LONG_SECONDS
)
QUEUE_RETRIES = Counter("workqueue_retries", "Keys that were told to come again later, after failures or not.", _QUEUE)
QUEUE_LONGEST = Gauge("workqueue_longest_running_processor_seconds", "Age of the oldest look that goes on.", _QUEUE)

_CONTROLLER = ["controller"]
LOOKS = Counter("controller_runtime_reconcile", "Looks at objects, by how they ended.", [*_CONTROLLER, "result"])
LOOK_ERRORS = Counter("controller_runtime_reconcile_errors", "Looks that ended with an error.", _CONTROLLER)
LOOK_REFUSALS = Counter(
    "controller_runtime_terminal_reconcile_errors", "Looks that the API server refused to let act.", _CONTROLLER
)
LOOK_BUGS = Counter("controller_runtime_reconcile_panics", "Looks that met a bug of the controller.", _CONTROLLER)
LOOK_SECONDS = Histogram(
    "controller_runtime_reconcile_time_seconds",
    "How long a look took, with its actions.",
    _CONTROLLER,
    buckets=_SECONDS,
)

API_REQUESTS = Counter("rest_client_requests", "Requests to the API server.", ["code", "method", "host"])
LEADER = Gauge("leader_election_master_status", "1 where this process holds the Lease, else 0.", ["name"])
REVIEWS = Counter("controller_runtime_webhook_requests", "Admission reviews by HTTP code.", ["webhook", "code"])
REVIEW_SECONDS = Histogram(
    "controller_runtime_webhook_latency_seconds", "How long a review took.", ["webhook"], buckets=_SECONDS
)

BUILDS_CREATED = Counter("kpack_builds_created", "Builds that were created, by their reasons together.", ["reason"])
BUILDS_ENDED = Counter(
    "kpack_builds_ended",
    "Builds that ended, by result and by the class of a failure (`docs/failures.md`).",
    ["result", "failure_class"],
)
BUILDS_RUNNING = Gauge("kpack_builds_running", "Builds that have their turn: a pod, or the right to one.")
BUILDS_WAITING = Gauge("kpack_builds_waiting", "Builds that wait for their turn, where builds at once are limited.")
BUILD_WAITED = Histogram(
    "kpack_build_waited_seconds", "How long a Build that had to wait waited for its turn.", buckets=_WAITED_SECONDS
)
REBASES = Counter("kpack_rebases", "Rebases without a pod, by result.", ["result"])
POLLS = Counter(
    "kpack_polls", "Questions to git servers and registries about what is watched.", ["source", "host_class", "result"]
)
POLLED_AT = Gauge("kpack_last_poll_success_timestamp_seconds", "When a poll last had an answer.", ["source"])
REMOTE_REQUESTS = Counter(
    "kpack_remote_requests",
    "HTTP requests to git servers, registries and their logins.",
    ["service", "host_class", "result"],
)
LISTS = Counter(
    "kpack_reflector_lists",
    "Full lists: one at start, then one for each watch that could not be resumed.",
    ["resource"],
)
WATCH_FAILURES = Counter("kpack_reflector_failures", "Lists and watches that failed.", ["resource"])
BROKEN_SECONDS = Gauge(
    "kpack_reflector_broken_seconds",
    "For how long a collection could not be seen; of several namespaces, the one that is longest out of sight.",
    ["resource"],
)
CACHED = Gauge("kpack_cache_objects", "Objects in the cache.", ["kind"])
HOOKS = Counter("kpack_hooks", "Push hooks, by sender and by what became of them.", ["provider", "outcome"])
CERTIFICATE_ENDS = Gauge(
    "kpack_webhook_certificate_not_after_timestamp_seconds", "When the certificate that is served ends."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCounts:
    """The work queue's metrics for one kind."""

    added: Callable[[], None]
    retried: Callable[[], None]
    waited: Callable[[float], None]
    worked: Callable[[float], None]


@cache
def queue_counts(kind: str) -> QueueCounts:
    """How to count keys of a kind."""
    name = kind.lower()
    return QueueCounts(
        added=QUEUE_ADDS.labels(name).inc,
        retried=QUEUE_RETRIES.labels(name).inc,
        waited=QUEUE_WAITED.labels(name).observe,
        worked=QUEUE_WORKED.labels(name).observe,
    )


def begin(kinds: Iterable[str]) -> None:
    """Show zeros for what may be counted: an increase from nothing to one is invisible to Prometheus."""
    for kind in kinds:
        queue_counts(kind)
        for outcome in Outcome:
            _look_counts(kind, outcome)
    BUILDS_ENDED.labels("succeeded", "")
    for failure in (*FailureClass, OTHER_FAILURE):
        BUILDS_ENDED.labels("failed", failure)


def looked(kind: str, outcome: Outcome, seconds: float) -> None:
    """Count a look."""
    timed, counters = _look_counts(kind, outcome)
    timed(seconds)
    for count in counters:
        count()


@cache
def _look_counts(kind: str, outcome: Outcome) -> tuple[Callable[[float], None], tuple[Callable[[], None], ...]]:
    controller = kind.lower()
    counters = [LOOKS.labels(controller, "error" if outcome in _ERRORS else outcome)]
    if outcome in _ERRORS:
        counters.append(LOOK_ERRORS.labels(controller))
    if outcome is Outcome.PERMANENT:
        counters.append(LOOK_REFUSALS.labels(controller))
    if outcome is Outcome.BUG:
        counters.append(LOOK_BUGS.labels(controller))
    return LOOK_SECONDS.labels(controller).observe, tuple(counter.inc for counter in counters)


def polled(source: Source, host_class: str, fault: Fault | None, at: datetime) -> None:
    """Count a poll, and remember when one last had an answer; a definite refusal is one."""
    result = fault_result(fault)
    POLLS.labels(source, host_class, result).inc()
    if result != "unavailable":
        POLLED_AT.labels(source).set(at.timestamp())


def fault_result(fault: Fault | None) -> str:
    """`ok`, `refused` by a server that answers, or `unavailable`."""
    if fault is None:
        return "ok"
    return "refused" if fault.permanent else "unavailable"


def status_result(status: int) -> str:
    """What an HTTP status comes to. `challenged` stands alone: a registry asks for a login that way."""
    match status:
        case 401:
            return "challenged"
        case 429:
            return "limited"
    if status >= 500:  # noqa: PLR2004
        return "failed"
    return "refused" if status >= 400 else "ok"  # noqa: PLR2004
