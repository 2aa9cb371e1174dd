"""What a build came to, said to the person who waited for it."""

from kpack_api.names import ConditionType
from kpack_api.types import Build
from kpack_api.wire import ConditionStatus, find_condition
from kpack_reconciler.cli.session import Session
from kpack_reconciler.errors import PermanentError


def existing(state: Build | None, build: Build) -> Build:
    """The present state of a build; PermanentError where it was deleted."""
    if state is None or state.metadata.uid != build.metadata.uid:
        raise PermanentError("BuildDeleted", f"build {build.metadata.name} was deleted: see `kubectl get builds`")
    return state


def tell_verdict(session: Session, ended: Build) -> bool:
    """Say how a build ended; whether it succeeded."""
    name = ended.metadata.name
    condition = find_condition(ended.status.conditions, ConditionType.SUCCEEDED)
    if condition is not None and condition.status == ConditionStatus.TRUE:
        session.screen.note(f"build {name} succeeded")
        return True
    message = (condition.message or condition.reason if condition else "") or "the controller gives no reason"
    session.screen.error(message if message.startswith("build failed") else f"build failed: {message}")
    return False
