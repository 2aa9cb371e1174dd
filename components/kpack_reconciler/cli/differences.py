"""What differs between two builds of one image, and of which reason each difference is part. Pure.

kpack records only the reasons of a build (`image.build.pivotal.io/reason`), not what changed; the two Builds know it.

Rules:
- Differences come in the order of kpack's reasons; those that are no reason for a build come last, with reason "".
- Values of environment variables are not told: they may be secrets.
- What a build has not recorded (a running or failed one has no buildpacks and no run image) is taken from its builder,
  where that is given: it is what the build works with.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from kpack_api.core import ResourceRequirements
from kpack_api.names import RUN_IMAGE_ANNOTATION, BuildReason
from kpack_api.types import Binding, Build, Builder, BuildpackMetadata, BuildSpec, Source
from kpack_reconciler.model.references import InvalidReferenceError, parse_image


class Difference(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing that differs: `old` "" means that it was added, `new` "" that it was removed.

    Where both are "", the values are not told.
    """

    reason: str
    subject: str
    old: str = ""
    new: str = ""


def differences(old: Build, new: Build, builder: Builder | None = None) -> tuple[Difference, ...]:
    """What differs between two builds, of which `new` came later. `builder` is that of `new` as it is now."""
    return (
        *_configuration(old.spec, new.spec),
        *_commit(old.spec.source, new.spec.source),
        *_buildpacks(old, new, builder),
        *_stack(old, new, builder),
        *_no_reasons(old.spec, new.spec),
    )


def _configuration(old: BuildSpec, new: BuildSpec) -> Iterator[Difference]:
    config = BuildReason.CONFIG
    yield from _texts(config, "tag", "".join(old.tags[:1]), "".join(new.tags[:1]))
    for subject, before, after in zip(_SOURCE_SUBJECTS, _source(old.source), _source(new.source), strict=True):
        yield from _texts(config, subject, before, after)
    had, has = ({variable.name: variable for variable in spec.env} for spec in (old, new))
    yield from _named(config, "environment variable", had, has)
    if had == has and old.env != new.env:
        yield Difference(reason=config, subject="the order of environment variables")
    yield from _resources(old.resources, new.resources)
    yield from _named(config, "binding", _bindings(old.bindings), _bindings(new.bindings))


_SOURCE_SUBJECTS = (
    "git repository",
    "git submodules",
    "archive",
    "stripped directories",
    "source image",
    "source directory",
)


def _source(source: Source) -> tuple[str, ...]:
    git, blob, registry = source.git, source.blob, source.registry
    return (
        git.url if git else "",
        "fetched" if git and git.initialize_submodules else "",
        blob.url if blob else "",
        str(blob.strip_components or "") if blob else "",
        registry.image if registry else "",
        source.sub_path,
    )


def _bindings(bindings: Iterable[Binding]) -> dict[str, Binding]:
    return {binding.name: binding for binding in bindings}


def _resources(old: ResourceRequirements, new: ResourceRequirements) -> Iterator[Difference]:
    for word, before, after in (("limit", old.limits, new.limits), ("request", old.requests, new.requests)):
        for name in sorted({*before, *after}):
            yield from _texts(
                BuildReason.CONFIG, f"{word} of {name}", str(before.get(name, "")), str(after.get(name, ""))
            )


def _commit(old: Source, new: Source) -> Iterator[Difference]:
    if new.git is not None:
        before = old.git.revision if old.git else ""
        yield from _texts(BuildReason.COMMIT, "git revision", before, new.git.revision)


def _buildpacks(old: Build, new: Build, builder: Builder | None) -> Iterator[Difference]:
    used, known = old.status.build_metadata, new.status.build_metadata
    if used and known:
        before, after = _versions(used), _versions(known)
        for name in sorted({*before, *after}):
            yield from _texts(BuildReason.BUILDPACK, f"buildpack {name}", before.get(name, ""), after.get(name, ""))
    elif builder is not None:
        offered = builder.status.builder_metadata
        for gone in (buildpack for buildpack in used if (buildpack.id, buildpack.version) not in _pairs(offered)):
            instead = _versions(offered).get(gone.id, "")
            yield from _texts(BuildReason.BUILDPACK, f"buildpack {gone.id}", gone.version, instead)


def _pairs(buildpacks: Iterable[BuildpackMetadata]) -> set[tuple[str, str]]:
    return {(buildpack.id, buildpack.version) for buildpack in buildpacks}


def _versions(buildpacks: Iterable[BuildpackMetadata]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for buildpack in buildpacks:
        found.setdefault(buildpack.id, []).append(buildpack.version)
    return {name: ", ".join(versions) for name, versions in found.items()}


def _stack(old: Build, new: Build, builder: Builder | None) -> Iterator[Difference]:
    """What was recorded when the builds were made, where both have it: that is what the controller compares."""
    before, after = (build.metadata.annotations.get(RUN_IMAGE_ANNOTATION, "") for build in (old, new))
    if not (before and after):
        before = old.status.stack.run_image
        after = new.status.stack.run_image or after or (builder.status.stack.run_image if builder else "")
    if before and after and _identifier(before) != _identifier(after):
        yield Difference(reason=BuildReason.STACK, subject="run image", old=before, new=after)


def _identifier(image: str) -> str:
    """What run images are compared by: the digest, else the tag (kpack v0.0.9)."""
    try:
        return parse_image(image).identifier
    except InvalidReferenceError:
        return image


def _no_reasons(old: BuildSpec, new: BuildSpec) -> Iterator[Difference]:
    yield from _texts("", "builder image", old.builder_image, new.builder_image)
    yield from _texts("", "service account", old.service_account, new.service_account)
    yield from _texts("", "cache", old.cache_name, new.cache_name)


def _texts(reason: str, subject: str, old: str, new: str) -> Iterator[Difference]:
    if old != new:
        yield Difference(reason=reason, subject=subject, old=old, new=new)


def _named(reason: str, subject: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[Difference]:
    """Differences of named things by their names alone."""
    for name in sorted({*old, *new}):
        if name not in old:
            yield Difference(reason=reason, subject=f"{subject}s", new=name)
        elif name not in new:
            yield Difference(reason=reason, subject=f"{subject}s", old=name)
        elif old[name] != new[name]:
            yield Difference(reason=reason, subject=f"{subject} {name}")
