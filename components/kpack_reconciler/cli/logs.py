"""`kpack logs`: follow one build from before its start to its end.

Owns the order of waiting: for the Build, for its pod, for each step, for the verdict. Leaves choosing to `builds`, the
pod's order to `build_pod`, the limit of the whole to `app`.

Rules:
- Whatever is waited for is said, with each new reason.
- A log whose connection breaks is opened anew and goes on after the last line shown.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass

from kpack_api.core import Pod
from kpack_api.names import ConditionType
from kpack_api.types import Build
from kpack_api.wire import Condition, ConditionStatus, find_condition
from kpack_reconciler.cli import objects
from kpack_reconciler.cli.build_pod import has_ended, has_log, next_step, obstacle
from kpack_reconciler.cli.builds import choose_build, outcome, told, waiting_text
from kpack_reconciler.cli.screen import Screen
from kpack_reconciler.cli.watching import Watched, states_of, until
from kpack_reconciler.clients.kube.client import KubeClient, NotFoundError
from kpack_reconciler.errors import PermanentError, TransientError

_VERDICT_SECONDS = 30.0
_PAUSE_SECONDS = 1.0
_SILENCE_SECONDS = 300.0
"""A connection that brings no line for so long is opened anew: it may be dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which build to follow; `number` None means the newest."""

    namespace: str
    image: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class _End:
    """No step will start any more. `pod_exists` is False where the pod was deleted."""

    pod_exists: bool


async def follow(kube: KubeClient, wanted: Wanted, screen: Screen) -> bool:
    """Show the log of the wanted build until it ends; whether it succeeded.

    PermanentError where there is no such image, or never will be such a build.
    """
    build = await _find_build(kube, wanted, screen)
    pod_name = await _find_pod(kube, build, screen)
    if pod_name:
        await _show_steps(kube, objects.pod(wanted.namespace, pod_name), screen)
    condition = await _verdict(kube, build, screen)
    if condition.status == ConditionStatus.TRUE:
        screen.note(f"build {build.metadata.name} succeeded")
        return True
    message = condition.message or condition.reason or "the controller gives no reason"
    screen.error(message if message.startswith("build failed") else f"build failed: {message}")
    return False


async def _find_build(kube: KubeClient, wanted: Wanted, screen: Screen) -> Build:
    try:
        async with aclosing(states_of(kube, objects.image(wanted.namespace, wanted.image))) as images:
            async for image in images:
                if image is None:
                    break
                build = choose_build(image, await objects.builds_of(kube, image), wanted.number)
                if build is not None:
                    return build
                screen.note(waiting_text(image, wanted.number))
    except NotFoundError as error:
        raise objects.not_installed() from error
    raise objects.image_not_found(wanted.namespace, wanted.image)


async def _find_pod(kube: KubeClient, build: Build, screen: Screen) -> str:
    """The name of the build's pod; "" where it has ended without one."""

    def answer(state: Build | None) -> str | None:
        seen = _existing(state, build)
        if seen.status.pod_name or outcome(seen):
            return seen.status.pod_name
        said = told(find_condition(seen.status.conditions, ConditionType.SUCCEEDED))
        screen.note(f"waiting for the pod of build {build.metadata.name}" + (f": {said}" if said else ""))
        return None

    return await until(kube, objects.build(build.metadata.namespace, build.metadata.name), answer)


async def _show_steps(kube: KubeClient, watched: Watched[Pod], screen: Screen) -> None:
    shown: set[str] = set()
    while True:
        step = await _started_step(kube, watched, shown, screen)
        if isinstance(step, _End):
            if not step.pod_exists:
                screen.note(f"pod {watched.name} is gone, and its log with it")
            return
        screen.heading(step.upper())
        await _show_log(kube, f"{watched.path}/{watched.name}/log", step, screen)
        shown.add(step)


async def _started_step(kube: KubeClient, watched: Watched[Pod], shown: set[str], screen: Screen) -> str | _End:
    def answer(pod: Pod | None) -> str | _End | None:
        if pod is None:
            return _End(pod_exists=False)
        step = next_step(pod, shown)
        if step is None:
            return _End(pod_exists=True)
        if has_log(pod, step):
            return step
        if has_ended(pod):
            return _End(pod_exists=True)
        hindrance = obstacle(pod, step)
        if hindrance:
            screen.note(f"waiting for step {step}: {hindrance}")
        return None

    return await until(kube, watched, answer)


async def _show_log(kube: KubeClient, path: str, step: str, screen: Screen) -> None:
    shown = 0
    while True:
        lines = kube.lines(path, params={"container": step, "follow": "true"}, read_timeout=_SILENCE_SECONDS)
        number = 0
        try:
            async with aclosing(lines):
                async for line in lines:
                    number += 1
                    if number > shown:
                        screen.raw(line)
                        shown = number
        except NotFoundError:
            screen.note(f"the log of step {step} is gone")
        except TransientError:
            await asyncio.sleep(_PAUSE_SECONDS)
            continue
        return


async def _verdict(kube: KubeClient, build: Build, screen: Screen) -> Condition:
    """The build's `Succeeded` condition, once the controller has told it."""

    def answer(state: Build | None) -> Condition | None:
        condition = outcome(_existing(state, build))
        if condition is None:
            screen.note(f"waiting for the result of build {build.metadata.name}")
        return condition

    try:
        async with asyncio.timeout(_VERDICT_SECONDS):
            return await until(kube, objects.build(build.metadata.namespace, build.metadata.name), answer)
    except TimeoutError as error:
        raise PermanentError(
            "NoResult",
            f"the pod of build {build.metadata.name} has ended, but no result is told: is the controller running?"
            " See `kubectl logs -n kpack deployment/kpack-controller`",
        ) from error


def _existing(state: Build | None, build: Build) -> Build:
    if state is None or state.metadata.uid != build.metadata.uid:
        raise PermanentError("BuildDeleted", f"build {build.metadata.name} was deleted: see `kubectl get builds`")
    return state
