"""What a Builder or ClusterBuilder shows: the contents of its image, or why it cannot be read.

Leaves asking the registry to the poller, which looks again whenever an answer changes.

Rules:
- A fault empties everything but `observedGeneration` and `Ready` False with its message (kpack v0.0.9), except that
  a fault that may pass leaves a builder alone whose present generation was read before.
- With `updatePolicy: external` a builder that was read stays as it is until its spec changes.
"""

from datetime import datetime

from msgspec.structs import replace

from kpack_api.names import ConditionType
from kpack_api.types import Builder, BuilderStatus, BuildStack, UpdatePolicy
from kpack_api.wire import Condition, ConditionStatus
from kpack_reconciler.decide.readiness import is_ready
from kpack_reconciler.decide.status_write import status_write
from kpack_reconciler.decide.times import with_times
from kpack_reconciler.decide.unreadable import REASON, unreadable_spec
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.facts import BuilderImage, Fault
from kpack_reconciler.model.worlds import BuilderWorld


def decide_builder(world: BuilderWorld, now: datetime) -> Decision:
    """Look at one Builder or ClusterBuilder."""
    builder = world.builder
    if builder.metadata.deletion_timestamp is not None:
        return Decision(reason="the builder is being deleted")
    answer = _answer(world)
    if answer is None:
        return Decision(reason="the builder image was not read yet")
    if builder.spec.update_policy == UpdatePolicy.EXTERNAL and is_ready(builder):
        return Decision(reason="the builder is updated from outside")
    if isinstance(answer, BuilderImage):
        return _decision(builder, _contents(answer), _ready(ConditionStatus.TRUE), now)
    if not answer.permanent and is_ready(builder):
        return Decision(reason=answer.message)
    return _decision(builder, BuilderStatus(), _ready(ConditionStatus.FALSE, answer.message), now)


def _answer(world: BuilderWorld) -> BuilderImage | Fault | None:
    if world.builder.unreadable:
        return Fault(reason=REASON, message=unreadable_spec(world.builder.unreadable), permanent=True)
    return None if world.seen is None else world.seen.answer


def _contents(image: BuilderImage) -> BuilderStatus:
    return BuilderStatus(
        builder_metadata=image.buildpacks,
        stack=BuildStack(run_image=image.run_image, id=image.stack_id),
        latest_image=image.latest_image,
    )


def _ready(status: ConditionStatus, message: str = "") -> Condition:
    return Condition(type=ConditionType.READY, status=status, message=message)


def _decision(builder: Builder, shown: BuilderStatus, ready: Condition, now: datetime) -> Decision:
    conditions = with_times((ready,), builder.status.conditions, now)
    reason = ready.message or "the builder image was read"
    return Decision(actions=status_write(builder, replace(shown, conditions=conditions), reason), reason=reason)
