"""A Build that only moves an application onto another run image: no pod, the controller rebases it.

Owns when a Build is a rebase, what is told of it, and when it is tried again. Leaves the rebase to `effects.rebase`.

Rules:
- A rebase is a Build of reason `STACK` alone, after a success on the builder's stack (kpack v0.0.9).
- It ends as a build in a pod would; `stepsCompleted` names the one step of kpack's rebase pod, and no states are told.
- What is not rebasable is built in a pod, and an Event says why.
- A fault that may pass is told and tried again, after 5 seconds at first and 5 minutes at last, or when the registry
  asked to be asked. After an hour it fails the Build, as a definite one does at once: behind a Build that waits, a
  change of its Image would wait too.
- A rebase takes no time worth a status write, unless it does.
"""

import dataclasses
from datetime import datetime, timedelta

from msgspec.structs import replace

from kpack_api.names import BUILD_REASON_ANNOTATION, BuildReason
from kpack_api.types import Build, BuiltImage
from kpack_reconciler.decide.build_status import event, executing, fail, failed, patch_status, succeeded, tell
from kpack_reconciler.decide.times import created_at
from kpack_reconciler.model.actions import Action, RebaseImage
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.facts import BuilderImage, Fault, ImageRebased, NotRebasable
from kpack_reconciler.model.questions import rebase_question
from kpack_reconciler.model.worlds import BuildWorld

REBASE_STEP = "rebase"
_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=5)
_MOST_DOUBLINGS = 10
_WORTH_TELLING = timedelta(seconds=5)
_GIVEN_UP = "tried for an hour\nonce the registry answers again, `kpack trigger` makes a new build"
_PATIENCE = timedelta(hours=1)
_NET = timedelta(minutes=1)
"""When to ask again for a rebase of which nothing was heard; whoever carries it out wakes the Build."""


def is_rebase(build: Build, image: BuilderImage) -> bool:
    """Whether the Build only needs another run image below the last result."""
    last = build.spec.last_build
    only = build.metadata.annotations.get(BUILD_REASON_ANNOTATION) == BuildReason.STACK
    return only and last is not None and last.stack_id == image.stack_id


def decide_rebase(world: BuildWorld, image: BuilderImage, now: datetime) -> Decision | None:
    """What to do about a Build that is a rebase onto this builder's run image; None where it takes or had a pod."""
    build, seen = world.build, world.rebased
    if world.pod is not None or not is_rebase(build, image):
        return None
    question = rebase_question(build, image.run_image)
    if seen is None or seen.question != question:
        order = RebaseImage(question=question, attempt=1, reason=f"only the run image changed, to {image.run_image}")
        return _under_way(build, order, now)
    if isinstance(seen.answer, BuiltImage):
        return _rebased(build, seen.answer, now)
    return _failed(build, seen, seen.answer, now) if isinstance(seen.answer, Fault) else None


def with_refusal(decision: Decision, world: BuildWorld) -> Decision:
    """The decision to make the first pod, with an Event where that is because the image cannot be rebased."""
    if world.rebased is None or not isinstance(world.rebased.answer, NotRebasable) or world.earlier:
        return decision
    refusal = world.rebased.answer
    message = f"{refusal.message}; a full build is made instead"
    told = event(world.build, reason=refusal.reason, message=message)
    return dataclasses.replace(decision, actions=(told, *decision.actions))


def _under_way(build: Build, order: RebaseImage, now: datetime) -> Decision:
    message = f"{build.metadata.name} is rebased onto {order.question.run_image}"
    if now - created_at(build.metadata.creation_timestamp, now) < _WORTH_TELLING:
        return Decision(actions=(order,), look_again=_WORTH_TELLING, reason=message)
    condition = executing(reason="Rebasing", message=message)
    told = patch_status(build, replace(build.status, conditions=(condition,)), message, now)
    return Decision(actions=(order, *told), look_again=_NET, reason=message)


def _rebased(build: Build, image: BuiltImage, now: datetime) -> Decision:
    status = replace(
        build.status,
        conditions=(succeeded(),),
        latest_image=image.latest_image,
        stack=image.stack,
        build_metadata=image.build_metadata,
        steps_completed=(REBASE_STEP,),
    )
    return tell(build, status, now)


def _failed(build: Build, seen: ImageRebased, fault: Fault, now: datetime) -> Decision:
    waited = now - created_at(build.metadata.creation_timestamp, now)
    if fault.permanent or waited >= _PATIENCE:
        told = fault.message if fault.permanent else f"{fault.message}; {_GIVEN_UP}"
        return fail(build, failed(f"build failed: {told}", reason=fault.reason), now)
    pause = min(_FIRST_PAUSE * 2 ** min(seen.attempt - 1, _MOST_DOUBLINGS), _LONGEST_PAUSE)
    due = seen.at + max(pause, seen.quiet)
    message = f"attempt {seen.attempt} to rebase failed and is repeated: {fault.message}"
    condition = executing(reason=fault.reason, message=message)
    patch = patch_status(build, replace(build.status, conditions=(condition,)), message, now)
    if now < due:
        return Decision(actions=patch, look_again=due - now, reason=message)
    order: Action = RebaseImage(question=seen.question, attempt=seen.attempt + 1, reason=message)
    return Decision(actions=(order, *patch), look_again=_NET, reason=message)
