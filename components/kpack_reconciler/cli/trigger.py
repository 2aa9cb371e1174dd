"""`kpack trigger`: ask for another build of an image.

kpack's API for it (v0.0.9): the annotation `image.build.pivotal.io/additionalBuildNeeded` on the image's newest Build.
The value says nothing to the controller; ours is the time at which somebody asked.

Rules:
- Whoever waits gets the image on standard output, and all else on standard error.
- Asking twice before the next build is made is asking once.
- Without a Build there is nothing to annotate, and the first one comes by itself: that is said, with what it waits for.
"""

from contextlib import aclosing
from datetime import UTC, datetime

from kpack_api.names import BUILD_NEEDED_ANNOTATION, ConditionType
from kpack_api.types import Build, Image, Kind
from kpack_api.wire import ConditionStatus, find_condition
from kpack_reconciler.cli import objects
from kpack_reconciler.cli.builds import in_order, number_of, outcome, title, told, waiting_text
from kpack_reconciler.cli.session import Session
from kpack_reconciler.cli.verdict import existing, tell_verdict
from kpack_reconciler.cli.watching import changes_of, states_of
from kpack_reconciler.clients.kube.client import NotFoundError, PatchStyle
from kpack_reconciler.clients.kube.paths import object_path
from kpack_reconciler.errors import PermanentError


async def ask_for_build(session: Session, name: str, *, wait: bool) -> bool:
    """Ask, and say what happens next; whether the build succeeded, which is True for whoever does not wait.

    PermanentError where there is no such image, or where it has no Build yet.
    """
    image = await objects.image_named(session.kube, session.namespace, name)
    builds = await objects.builds_of(session.kube, image)
    if not builds:
        raise PermanentError("NoBuild", f"there is no build to repeat yet: {waiting_text(image, None)}")
    newest = builds[-1]
    await _annotate(session, newest)
    say = session.screen.note if wait else session.screen.text
    for line in _what_happens_next(image, newest):
        say(line)
    return not wait or await _wait_for_successor(session, image, newest)


async def _annotate(session: Session, newest: Build) -> None:
    metadata = newest.metadata
    asked = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    patch = {"metadata": {"annotations": {BUILD_NEEDED_ANNOTATION: asked}}}
    path = object_path(Kind.BUILD, metadata.namespace, metadata.name)
    try:
        await session.kube.patch(path, patch, style=PatchStyle.MERGE)
    except NotFoundError as error:
        raise PermanentError("BuildDeleted", f"build {metadata.name} was deleted just now: ask again") from error


def _what_happens_next(image: Image, newest: Build) -> list[str]:
    """What becomes of the request, in sentences."""
    number, next_number = number_of(newest), number_of(newest) + 1
    already = BUILD_NEEDED_ANNOTATION in newest.metadata.annotations
    asked = f"another build of {title(image)} was asked for" + (" already" if already else "")
    follow = f"follow it: kpack logs {image.metadata.name} -n {image.metadata.namespace} --build {next_number}"
    if outcome(newest) is None:
        return [f"{asked}: build {next_number} is made when build {number} has ended, whatever it comes to", follow]
    ready = find_condition(image.status.conditions, ConditionType.READY)
    if ready is not None and ready.status != ConditionStatus.TRUE and ready.reason not in ("", "BuildFailed"):
        return [f"{asked}: build {next_number} is made as soon as this is over: {told(ready)}", follow]
    return [f"{asked}: build {next_number} is made at once, with reason TRIGGER", follow]


async def _wait_for_successor(session: Session, image: Image, before: Build) -> bool:
    """Wait for the result of the build after this one, and tell it."""
    build = await _successor(session, image, before)
    session.screen.note(f"waiting for the result of build {build.metadata.name}")
    ended = await _ended(session, build)
    succeeded = tell_verdict(session, ended)
    if succeeded and ended.status.latest_image:
        session.screen.text(ended.status.latest_image)
    return succeeded


async def _successor(session: Session, image: Image, before: Build) -> Build:
    watched = objects.builds(image.metadata.namespace, image.metadata.name)
    async with aclosing(changes_of(session.kube, watched, patient=True)) as batches:
        async for batch in batches:
            builds = in_order(image, (change.state for change in batch if change.state is not None))
            later = [build for build in builds if number_of(build) > number_of(before)]
            if later:
                return later[0]
    raise AssertionError("a watch without end has ended")


async def _ended(session: Session, build: Build) -> Build:
    watched = objects.build(build.metadata.namespace, build.metadata.name)
    async with aclosing(states_of(session.kube, watched, patient=True)) as states:
        async for state in states:
            seen = existing(state, build)
            if outcome(seen) is not None:
                return seen
            said = told(find_condition(seen.status.conditions, ConditionType.SUCCEEDED))
            if said:
                session.screen.note(said)
    raise AssertionError("a watch without end has ended")
