"""Why a build is due: what differs between an Image's inputs and its newest Build.

Rules (kpack v0.0.9):
- Without a Build, or where the Image's tag is not the Build's first tag, the reason is `CONFIG` alone.
- Else the reasons are collected in the order of `BuildReason`; any of them makes a build.
- `BUILDPACK` and `STACK` count only after a success: a failed build waits for source, configuration or a trigger.
- The git revision is `COMMIT`'s alone; `CONFIG` does not see it.
- Run images are compared by digest (tag where there is none); an unreadable one counts as changed. One that the builder
  showed already when the newest Build was made is no change (ours): the image may name it otherwise, or be ahead of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from kpack_api.names import BUILD_NEEDED_ANNOTATION, RUN_IMAGE_ANNOTATION, BuildReason
from kpack_api.types import Build, BuilderStatus, ImageSpec, Source
from kpack_reconciler.decide.builds import has_succeeded
from kpack_reconciler.decide.quantities import same_resources
from kpack_reconciler.model.references import InvalidReferenceError, parse_image


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What the next build would be made of: the Image's wishes, the resolved source, the builder as it is."""

    spec: ImageSpec
    source: Source
    builder: BuilderStatus


def build_reasons(inputs: Inputs, newest: Build | None) -> tuple[BuildReason, ...]:
    """Why a build is due; empty where none is."""
    if newest is None or newest.spec.tags[:1] != (inputs.spec.tag,):
        return (BuildReason.CONFIG,)
    return tuple(reason for reason, holds in _CHECKS if holds(inputs, newest))


def config_changed(inputs: Inputs, newest: Build) -> bool:
    """Another source (whatever its revision), environment, bindings or resources."""
    spec, wanted = newest.spec, inputs.spec.build
    return (
        _without_revision(inputs.source) != _without_revision(spec.source)
        or wanted.env != spec.env
        or wanted.bindings != spec.bindings
        or not same_resources(wanted.resources, spec.resources)
    )


def commit_moved(inputs: Inputs, newest: Build) -> bool:
    """The git revision is another one, or the newest Build was not made from git."""
    if inputs.source.git is None:
        return False
    built = newest.spec.source.git
    return built is None or built.revision != inputs.source.git.revision


def buildpack_gone(inputs: Inputs, newest: Build) -> bool:
    """A buildpack that took part in the newest Build is no longer in the builder with that version."""
    offered = {(buildpack.id, buildpack.version) for buildpack in inputs.builder.builder_metadata}
    used = {(buildpack.id, buildpack.version) for buildpack in newest.status.build_metadata}
    return has_succeeded(newest) and not used <= offered


def run_image_changed(inputs: Inputs, newest: Build) -> bool:
    """The builder's run image has another digest than the one below the newest Build's image."""
    known = newest.metadata.annotations.get(RUN_IMAGE_ANNOTATION)
    if not has_succeeded(newest) or inputs.builder.stack.run_image == known:
        return False
    try:
        used = parse_image(newest.status.stack.run_image).identifier
        offered = parse_image(inputs.builder.stack.run_image).identifier
    except InvalidReferenceError:
        return True
    return used != offered


def build_was_asked_for(_inputs: Inputs, newest: Build) -> bool:
    """Somebody annotated the newest Build to have another one; the annotation's value says nothing."""
    return BUILD_NEEDED_ANNOTATION in newest.metadata.annotations


def _without_revision(source: Source) -> Source:
    if source.git is None:
        return source
    return replace(source, git=replace(source.git, revision="", type=None))


_CHECKS: tuple[tuple[BuildReason, Callable[[Inputs, Build], bool]], ...] = (
    (BuildReason.CONFIG, config_changed),
    (BuildReason.COMMIT, commit_moved),
    (BuildReason.BUILDPACK, buildpack_gone),
    (BuildReason.STACK, run_image_changed),
    (BuildReason.TRIGGER, build_was_asked_for),
)
