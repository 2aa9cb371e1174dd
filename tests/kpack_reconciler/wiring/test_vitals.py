"""When a controller is unready or sick, and what is read at a scrape."""

import asyncio
from dataclasses import dataclass, field

import pytest

from kpack_api.types import Kind
from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.loop.queue import Queue
from kpack_reconciler.model.keys import Key
from kpack_reconciler.wiring.vitals import LONGEST_BREAK, LONGEST_LOOK, expose, sick, unready
from tests import make
from tests.fakes.clock import FakeClock
from tests.scrape import counted, scraped

KEY = Key(Kind.IMAGE, "team", "app")


@dataclass
class Seeing:
    """A reflector, as far as vitals look at it."""

    resource: str = "images"
    namespace: str = ""
    broken_since: float | None = None
    synced: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Do nothing."""


def new_queue(clock: FakeClock) -> Queue:
    return Queue(clock, jitter=lambda: 1.0)


def test_ready_is_who_has_listed_everything() -> None:
    """The answer names what is missing, and breaks that come later do not take readiness back."""
    images, pods = Seeing(), Seeing("pods")
    images.synced.set()

    before = unready((images, pods))
    pods.synced.set()
    pods.broken_since = 0.0

    assert (before, unready((images, pods))) == ("not listed yet: pods", "")


@pytest.mark.parametrize(
    ("broken_since", "ailment"),
    [(None, ""), (1.0, ""), (0.5, "not seen for 600 s: images; the log tells why")],
    ids=["never", "as long as the bound", "longer"],
)
def test_sick_is_who_cannot_see_for_too_long(broken_since: float | None, ailment: str) -> None:
    """A break that lasts longer than ten minutes is not waited out."""
    reflectors = (Seeing(broken_since=broken_since),)

    assert sick(new_queue(FakeClock()), reflectors, LONGEST_BREAK + 1.0) == ailment


def test_a_missing_list_of_a_namespace_is_named() -> None:
    """Where single namespaces are watched, the answer says in which one the list is missing."""
    assert unready((Seeing(namespace="team"),)) == "not listed yet: images in team"


def test_a_lost_namespace_makes_nobody_sick() -> None:
    """While one namespace is seen, a new process would see no more; who sees none is sick, and told once."""
    seen, lost = Seeing(namespace="here"), Seeing(namespace="gone", broken_since=0.0)
    queue, later = new_queue(FakeClock()), LONGEST_BREAK + 1.0

    before = sick(queue, (seen, lost), later)
    seen.broken_since = 0.5

    assert (before, sick(queue, (seen, lost), later)) == ("", "not seen for 600 s: images; the log tells why")


def test_the_worst_of_several_namespaces_is_read() -> None:
    """A kind has one gauge, however many namespaces it is watched in."""
    clock = FakeClock()
    clock.seconds = 9.0
    reflectors = (Seeing("pods", "a", 7.0), Seeing("pods", "b", 2.0), Seeing("pods", "c"))

    expose(new_queue(clock), Cache(), reflectors, clock.monotonic)

    assert scraped("kpack_reflector_broken_seconds", resource="pods") == 7.0


async def test_sick_is_whose_look_never_ends() -> None:
    """A look that goes on for longer than all its requests may take has hung; one that is done is forgotten."""
    clock = FakeClock()
    queue = new_queue(clock)
    queue.add(KEY)
    await queue.get()

    clock.seconds = LONGEST_LOOK
    in_time = sick(queue, (), 0.0)
    clock.seconds += 1.0
    late = sick(queue, (), 0.0)
    queue.done(KEY)

    assert (in_time, late, sick(queue, (), 0.0)) == ("", "a look has gone on for 900 s", "")


async def test_depths_sizes_and_ages_are_read_at_the_scrape() -> None:
    """Nothing is counted beforehand: the numbers are those of the moment."""
    clock, cache, seeing = FakeClock(), Cache(), Seeing(broken_since=2.0)
    queue = new_queue(clock)
    expose(queue, cache, (seeing,), clock.monotonic)

    queue.add(KEY)
    cache.images.put(make.new_image())
    clock.seconds = 5.0

    assert scraped("workqueue_depth", name="image") == 1.0
    assert scraped("workqueue_depth", name="build") == 0.0
    assert scraped("kpack_cache_objects", kind="Image") == 1.0
    assert scraped("kpack_reflector_broken_seconds", resource="images") == 3.0
    await queue.get()
    clock.seconds = 9.0
    assert scraped("workqueue_depth", name="image") == 0.0
    assert scraped("workqueue_longest_running_processor_seconds", name="image") == 4.0


async def test_the_queue_counts_as_client_go_does() -> None:
    """A key that waits is not added twice; waiting ends at the hand-out, work with `done`; later looks are retries."""
    clock = FakeClock()
    queue = new_queue(clock)
    names = (
        "workqueue_adds_total",
        "workqueue_retries_total",
        "workqueue_queue_duration_seconds_sum",
        "workqueue_work_duration_seconds_sum",
    )
    before = [counted(name, name="image") for name in names]

    queue.add(KEY)
    queue.add(KEY)
    clock.seconds = 2.0
    await queue.get()
    clock.seconds = 5.0
    queue.done(KEY)
    queue.add_after(KEY, 60.0)

    after = [counted(name, name="image") for name in names]
    assert [now - then for now, then in zip(after, before, strict=True)] == [1.0, 1.0, 2.0, 3.0]
