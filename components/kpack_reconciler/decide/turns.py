"""A Build's turn to run, where the builds that run at once are limited: take it, or wait and say so.

Leaves whose turn it is to `model.turns` and `cache.turns`.

Rules:
- While a Build waits nothing is asked of anybody and no pod composed; what it needs is asked for when its turn comes.
- A Build that could not run anyhow fails at once, without waiting. A rebase needs no turn, and has none.
- The position is told when the wait begins, and when a look, one a minute, finds it down to a quarter: the status of a
  Build at position p is written 1 + log4 p times at most.
- A Build that has its turn and still lacks something gives it back, unless it has had a pod: attempts keep their place.
"""

import dataclasses
from datetime import datetime, timedelta

from msgspec.structs import replace

from kpack_reconciler.decide.build_status import event, executing, patch_status
from kpack_reconciler.decide.builds import succeeded_condition
from kpack_reconciler.decide.times import write_time
from kpack_reconciler.model.actions import Action, CreatePod, GiveTurnBack, TakeTurn
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.turns import QUEUED, Turn, told_position, turn_text
from kpack_reconciler.model.worlds import BuildWorld

_AGAIN = timedelta(minutes=1)
_WORTH_TELLING = 4


def still_queued(world: BuildWorld, now: datetime) -> Decision | None:
    """What to do about a Build that says that it waits, while it does."""
    turn = world.turn
    if turn is None or turn.held or turn.free or succeeded_condition(world.build).reason != QUEUED:
        return None
    return _wait(world, turn, now)


def in_turn(world: BuildWorld, begin: Decision, now: datetime) -> Decision:
    """The decision to begin, as soon as it is the Build's turn; one that makes no pod needs none."""
    turn = world.turn
    if turn is None or turn.held or not any(isinstance(action, CreatePod) for action in begin.actions):
        return begin
    if turn.free:
        take = TakeTurn(build=world.build.metadata, reason="fewer builds run than may")
        return dataclasses.replace(begin, actions=(take, *begin.actions))
    return _wait(world, turn, now)


def turn_given_back(world: BuildWorld) -> tuple[Action, ...]:
    """Let somebody else have the turn of a Build that must wait for something else."""
    held = world.turn is not None and world.turn.held
    if not held or world.build.status.pod_name:
        return ()
    return (GiveTurnBack(build=world.build.metadata, reason="its pod cannot be made yet"),)


def _wait(world: BuildWorld, turn: Turn, now: datetime) -> Decision:
    build = world.build
    before, message = succeeded_condition(build), turn_text(turn, build.metadata.namespace, write_time(now))
    begins = before.reason != QUEUED
    actions: tuple[Action, ...] = ()
    if begins or turn.position * _WORTH_TELLING <= told_position(before.message):
        status = replace(build.status, conditions=(executing(reason=QUEUED, message=message),))
        actions = patch_status(build, status, message, now)
    if begins:
        actions = (*actions, event(build, reason="BuildQueued", message=message))
    return Decision(actions=actions, look_again=_AGAIN, reason=message)
