"""An explanation in plain sentences, as lines. Pure.

Rule: commits and digests are cut to the length by which people tell them apart; JSON and YAML carry them whole.
"""

import re
from collections.abc import Iterator

from kpack_api.names import BuildReason
from kpack_api.wire import ConditionStatus
from kpack_reconciler.cli.differences import Difference
from kpack_reconciler.cli.durations import duration_text
from kpack_reconciler.cli.explanation import Explanation, Hindrance, NextBuild
from kpack_reconciler.model.turns import QUEUED

_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")
_COMMIT_LENGTH = 12
_WORDS = {
    BuildReason.CONFIG: "the image's configuration changed",
    BuildReason.COMMIT: "the git revision moved",
    BuildReason.BUILDPACK: "the builder no longer has a buildpack that the build before it used",
    BuildReason.STACK: "the builder has another run image",
    BuildReason.TRIGGER: "another build was asked for",
}
_CONTROLLER_LOG = "kubectl logs -n kpack deployment/kpack-controller"


def sentences(told: Explanation) -> Iterator[str]:
    """The explanation, line by line."""
    image = f"Image {told.namespace}/{told.name}"
    words = {ConditionStatus.TRUE: "is ready", ConditionStatus.FALSE: "is not ready"}
    yield f"{image} {words.get(told.ready, 'is not settled yet')}" + (
        f": {told.latest_image}" if told.latest_image else "; it has no image yet"
    )
    yield ""
    yield from _why(told)
    yield ""
    yield from _next(told)


def _why(told: Explanation) -> Iterator[str]:
    build = told.build
    if build is None:
        yield "No build was made yet."
        return
    reasons = ", ".join(build.reasons) or "no reason recorded"
    yield f"Build {build.number} was made on {build.started or 'an unknown day'} for {reasons}:"
    yield from (f"  {line}" for line in _reasons(told, build.reasons))
    length = duration_text(build.duration_seconds)
    match build.succeeded:
        case ConditionStatus.TRUE:
            yield f"It succeeded after {length}: {build.image}"
        case ConditionStatus.FALSE:
            yield f"It failed after {length} ({build.failure_reason or 'no reason given'}):"
            yield from (f"  {line}" for line in build.message.splitlines())
        case _:
            yield f"It has {'waited for its turn' if build.status == QUEUED else 'been running'} for {length}."


def _reasons(told: Explanation, reasons: tuple[str, ...]) -> Iterator[str]:
    width = max(map(len, (*reasons, "also")))
    for reason in reasons:
        found = [_sentence(difference) for difference in told.differences if difference.reason == reason]
        for text in found or [_without_differences(told, reason)]:
            yield f"{reason.ljust(width)}  {text}"
    for difference in told.differences:
        if not difference.reason:
            yield f"{'also'.ljust(width)}  {_sentence(difference)}"


def _without_differences(told: Explanation, reason: str) -> str:
    if told.first and reason == BuildReason.CONFIG:
        return "it is the first build of this image"
    text = _WORDS.get(BuildReason(reason), reason) if reason in list(BuildReason) else reason
    return text if told.previous else f"{text}; the build before it is not kept, so there is nothing to compare"


def _sentence(difference: Difference) -> str:
    subject, old, new = difference.subject, _short(difference.old), _short(difference.new)
    if difference.reason == BuildReason.TRIGGER:
        return f"another build was asked for at {new}" if new else "another build was asked for"
    if old and new:
        return f"{subject} changed from {old} to {new}"
    if new:
        return f"{subject}: {new} was added"
    return f"{subject}: {old} was removed" if old else f"{subject} changed"


def _next(told: Explanation) -> Iterator[str]:
    newest = f"build {told.newest}"
    following = f"build {told.newest + 1}" if told.newest else "the first build"
    match told.next_build:
        case NextBuild.NOT_SEEN:
            yield f"The controller has not looked at the image's newest change yet: see `{_CONTROLLER_LOG}`"
        case NextBuild.RUNNING:
            yield f"{newest.capitalize()} runs; what changes meanwhile is looked at when it has ended."
        case NextBuild.QUEUED:
            yield f"{newest.capitalize()} waits; what changes meanwhile is looked at when it has ended."
        case NextBuild.WAITING:
            yield f"Whether {following} is due is not known, as long as this stands in the way:"
        case NextBuild.ASKED_FOR:
            yield f"Another build was asked for: {following} is about to be made."
        case NextBuild.NONE_AFTER_FAILURE:
            yield (
                f"No build is due: {newest} failed, and neither source nor configuration changed since."
                f" Change one of them, or ask: kpack trigger {told.name} -n {told.namespace}"
            )
        case NextBuild.NONE:
            at = f" (git revision {_short(told.revision)})" if told.revision else ""
            yield f"No build is due: nothing has changed since {newest}{at}."
        case NextBuild.SOON:
            yield f"The controller is about to decide whether {following} is due."
    yield from map(_hindrance, told.hindrances)


def _hindrance(hindrance: Hindrance) -> str:
    words = ": ".join(part for part in (hindrance.reason, hindrance.message) if part)
    return f"  {hindrance.kind} {hindrance.name}: {words}".replace("\n", "\n    ")


def _short(text: str) -> str:
    if _COMMIT.fullmatch(text):
        return text[:_COMMIT_LENGTH]
    return _DIGEST.sub(r"\1…", text)
