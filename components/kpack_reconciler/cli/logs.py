"""`kpack logs`: follow one build from before its start to its end.

Owns the order of waiting: for the Build, for each attempt's pod, for each step, for the verdict. Leaves choosing to
`builds` and `attempts`, the pod's order to `build_pod`, a container's log to `log_stream`, the limit to `session`.

Rule: whatever is waited for is said, with each new reason.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass

from kpack_api.core import Pod
from kpack_api.names import ConditionType
from kpack_api.types import Build
from kpack_api.wire import find_condition
from kpack_reconciler.cli import objects
from kpack_reconciler.cli.attempts import Attempt, may_be_rebased, next_attempt, was_rebased
from kpack_reconciler.cli.build_pod import has_ended, has_log, next_step, obstacle
from kpack_reconciler.cli.builds import choose_build, outcome, told, waiting_text
from kpack_reconciler.cli.log_stream import StepLog, show_log
from kpack_reconciler.cli.session import Session
from kpack_reconciler.cli.verdict import existing, tell_verdict
from kpack_reconciler.cli.watching import Watched, read_all, states_of, until
from kpack_reconciler.clients.kube.client import NotFoundError
from kpack_reconciler.errors import PermanentError
from kpack_reconciler.model.failures import RETRYING, is_retried

_VERDICT_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which build to follow; `number` None means the newest. `timestamps` puts its time before each line."""

    image: str
    number: int | None = None
    timestamps: bool = False


@dataclass(frozen=True, slots=True)
class _End:
    """No step will start any more. `pod_exists` is False where the pod was deleted."""

    pod_exists: bool


async def follow(session: Session, wanted: Wanted) -> bool:
    """Show the log of the wanted build until it ends; whether it succeeded.

    PermanentError where there is no such image, or never will be such a build.
    """
    build = await _find_build(session, wanted)
    shown: set[str] = set()
    while isinstance(news := await _next_news(session, build, shown), Attempt):
        await _show_attempt(session, build, news, timestamps=wanted.timestamps)
        shown |= {news.mark, news.pod}
    return _tell(session, news)


def _tell(session: Session, ended: Build) -> bool:
    """Say what became of a build whose log was shown, as far as it has one."""
    if was_rebased(ended):
        base = f" onto {ended.status.stack.run_image}" if ended.status.stack.run_image else ""
        session.screen.note(f"build {ended.metadata.name} was rebased by the controller{base}: no pod ran, so no log")
        said = told(find_condition(ended.status.conditions, ConditionType.SUCCEEDED))
        if said:
            session.screen.note(said)
    return tell_verdict(session, ended)


async def _find_build(session: Session, wanted: Wanted) -> Build:
    try:
        async with aclosing(states_of(session.kube, objects.images(session.namespace, wanted.image))) as images:
            async for image in images:
                if image is None:
                    break
                build = choose_build(image, await objects.builds_of(session.kube, image), wanted.number)
                if build is not None:
                    return build
                session.screen.note(waiting_text(image, wanted.number))
    except NotFoundError as error:
        raise objects.not_installed() from error
    raise await objects.image_not_found(session.kube, session.namespace, wanted.image)


async def _next_news(session: Session, build: Build, shown: set[str]) -> Attempt | Build:
    """The next attempt to show; after the last one, the build with its outcome."""
    namespace, name = build.metadata.namespace, build.metadata.name
    try:
        async with (
            asyncio.timeout(None) as patience,
            aclosing(states_of(session.kube, objects.build(namespace, name), patient=True)) as states,
        ):
            async for state in states:
                seen = existing(state, build)
                pods = await read_all(session.kube, objects.pods(namespace, name), patient=True)
                attempt = next_attempt(seen, pods, shown)
                if attempt is not None or outcome(seen) is not None:
                    return attempt or seen
                session.screen.note(_wait_text(seen, waits_for_result=bool(shown)))
                patience.reschedule(_deadline(seen) if shown else None)
    except TimeoutError as error:
        raise PermanentError("NoResult", _no_result(name)) from error
    raise AssertionError("a watch without end has ended")


def _wait_text(build: Build, *, waits_for_result: bool) -> str:
    name = build.metadata.name
    awaited = "the rebase" if may_be_rebased(build) else "the pod"
    condition = find_condition(build.status.conditions, ConditionType.SUCCEEDED)
    said = told(condition)
    text = f"waiting for {'the result' if waits_for_result else awaited} of build {name}"
    return f"{text}: {said}" if said else text


def _deadline(build: Build) -> float | None:
    """Until when a result or another attempt must be told; None while the controller says that it will try again."""
    condition = find_condition(build.status.conditions, ConditionType.SUCCEEDED)
    if condition is not None and (condition.reason == RETRYING or is_retried(condition.reason)):
        return None
    return asyncio.get_running_loop().time() + _VERDICT_SECONDS


def _no_result(name: str) -> str:
    return (
        f"the pod of build {name} has ended, but no result is told: is the controller running?"
        " See `kubectl logs -n kpack deployment/kpack-controller`"
    )


async def _show_attempt(session: Session, build: Build, attempt: Attempt, *, timestamps: bool) -> None:
    """Show each step of one pod, or say that it is gone."""
    if attempt.number > 1:
        session.screen.note(f"attempt {attempt.number} of build {build.metadata.name}, in pod {attempt.pod}")
    pod = objects.pod(build.metadata.namespace, attempt.pod)
    shown: set[str] = set()
    while not isinstance(step := await _started_step(session, pod, attempt, shown), _End):
        session.screen.heading(step.upper())
        await show_log(session, StepLog(pod=pod, uid=attempt.uid, step=step, with_times=timestamps))
        shown.add(step)
    if not step.pod_exists:
        session.screen.note(f"pod {attempt.pod} is gone, and {'the rest of its log' if shown else 'its log'} with it")


async def _started_step(session: Session, pod: Watched[Pod], attempt: Attempt, shown: set[str]) -> str | _End:
    def answer(found: Pod | None) -> str | _End | None:
        if found is None or found.metadata.uid != attempt.uid:
            return _End(pod_exists=False)
        step = next_step(found, shown)
        if step is None:
            return _End(pod_exists=True)
        if has_log(found, step):
            return step
        if has_ended(found) or attempt.final:
            return _End(pod_exists=True)
        hindrance = obstacle(found, step)
        if hindrance:
            session.screen.note(f"waiting for step {step}: {hindrance}")
        return None

    return await until(session.kube, pod, answer, patient=True)
