"""Ways to states that a search seldom meets: each brings the machine where one guard of the product is all there is.

The watches in their order: claims, pods, builders, Builds, ClusterBuilders, Images, SourceResolvers.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.scenarios.machine import KpackMachine
from tests.scenarios.network import Fate

_PODS, _IMAGES, _RESOLVERS = 1, 5, 6
_ALL = range(7)
_ENOUGH = 40


@contextmanager
def machine() -> Iterator[KpackMachine]:
    """A machine that is led by hand."""
    led = KpackMachine()
    try:
        yield led
        led.laws_hold()
    finally:
        led.end()


def a_question_that_was_not_asked_for_long(led: KpackMachine) -> None:
    """A source is asked for again whose answer is old, and the git server is slow."""
    led.rest(how="succeed")
    led.edit(name="app", what="account")
    led.happen(what="commit")
    led.rest(how="succeed")
    led.edit(name="app", what="account")
    for _ in range(12):
        for watch in (_IMAGES, _RESOLVERS):
            led.deliver(which=watch, most=_ENOUGH, old=False)
        to_the_api_server = (number for number, call in enumerate(led.leader.network.waiting) if call.path)
        led.leader.settle(next(to_the_api_server, 0))


def a_watch_that_lags_behind_the_newest_build(led: KpackMachine) -> None:
    """An old leader sees the Build that the new one made, but not the Image's change that it was made for."""
    led.rest(how="succeed")
    led.ask_for_a_build(name="app", what="env")
    led.change_leader(how="take over")
    led.go_on(rounds=8, old=False, how="succeed")
    led.run(rounds=4, late={_IMAGES}, old=True, how="succeed", fate=Fate.ANSWERED)


def a_status_that_is_written_late(led: KpackMachine) -> None:
    """An old leader's write is under way while the Build's pod ends and the new leader tells it."""
    while not led.world.live_pods():
        for watch in _ALL:
            led.deliver(which=watch, most=_ENOUGH, old=False)
        led.wait(seconds=0.5, poll=True, old=False)
        led.work(calls=1, position=0, fate=Fate.ANSWERED, old=False)
    for _ in ("starts", "ends"):
        led.run_pod(which=0, how="succeed")
    led.change_leader(how="take over")
    led.go_on(rounds=2, old=False, how="succeed")
    led.work(calls=1, position=0, fate=Fate.ANSWERED, old=True)


def a_deletion_that_no_watch_told(led: KpackMachine) -> None:
    """A pod is gone while its watch is away, and the watch cannot be resumed."""
    led.go_on(rounds=9, old=False, how="start")
    led.run_pod(which=0, how="vanish")
    led.happen(what="tidy")
    led.break_watch(which=_PODS, how="expire", old=False)
    led.rest(how="succeed")


def an_image_of_the_same_name(led: KpackMachine) -> None:
    """An Image is made anew before the garbage collector has its predecessor's Builds."""
    led.rest(how="succeed")
    led.take_away(name="app", what="replace")
    led.go_on(rounds=4, old=False, how="succeed")
