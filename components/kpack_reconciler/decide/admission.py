"""What the webhook says: defaults to fill in, and errors in exactly kpack's words (v0.0.9).

Owns the rules per kind. Pure: plain JSON data in, a patch or a message out.

Rules:
- Errors with the same message are one line; paths and lines are sorted (knative `FieldError`).
- Fields of the wrong type are errors of their path, never a crash.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kpack_api.types import Kind
from kpack_reconciler.model.references import InvalidReferenceError, parse_image, parse_tag

_Data = Mapping[str, Any]
_MISSING = "missing field(s)"
_NONE_OF = "expected exactly one, got neither"
_MANY_OF = "expected exactly one, got both"
_BUILDER_KINDS = {Kind.BUILDER, Kind.CLUSTER_BUILDER, "CustomBuilder", "CustomClusterBuilder"}
_BINDING_NAME = re.compile(r"[a-z0-9\-\.]{1,253}")
_SOURCES = ("blob", "git", "registry")
_DEFAULTS: Mapping[str, Mapping[str, object]] = {
    Kind.IMAGE: {
        "serviceAccount": "default",
        "imageTaggingStrategy": "BuildNumber",
        "failedBuildHistoryLimit": 10,
        "successBuildHistoryLimit": 10,
    },
    Kind.BUILD: {"serviceAccount": "default"},
    Kind.BUILDER: {"updatePolicy": "polling"},
    Kind.CLUSTER_BUILDER: {"updatePolicy": "polling"},
}
_CACHE_SIZE = "2G"


@dataclass(frozen=True, slots=True)
class _FieldError:
    message: str
    path: str
    details: str = ""


def default(kind: str, operation: str, new: _Data, *, default_storage_class: bool) -> list[dict[str, object]]:
    """A JSON patch that fills in what the object leaves open; empty when there is nothing to fill in."""
    if operation not in {"CREATE", "UPDATE"} or kind not in _DEFAULTS:
        return []
    spec = _object(new.get("spec"))
    wanted = dict(_DEFAULTS[kind])
    if kind == Kind.IMAGE and default_storage_class:
        wanted["cacheSize"] = _CACHE_SIZE
    patch: list[dict[str, object]] = []
    if new.get("spec") is None:
        patch.append({"op": "add", "path": "/spec", "value": {}})
    for name, value in wanted.items():
        if spec.get(name) in (None, ""):
            patch.append({"op": "add", "path": f"/spec/{name}", "value": value})
    return patch


def validate(kind: str, operation: str, new: _Data | None, old: _Data | None) -> str | None:
    """All errors of an object as one text; None when it may pass. A deletion always may."""
    if operation not in {"CREATE", "UPDATE"} or new is None:
        return None
    spec, before = _object(new.get("spec")), _object(_object(old).get("spec"))
    is_update = operation == "UPDATE"
    match kind:
        case Kind.IMAGE:
            errors = [*_image_errors(spec, before, is_update=is_update)]
        case Kind.BUILD:
            errors = [*_build_errors(spec, before, is_update=is_update)]
        case Kind.BUILDER | Kind.CLUSTER_BUILDER:
            errors = [*_image_reference(spec, "image", "spec.image")]
        case _:
            errors = []
    return _render(errors) if errors else None


def _image_errors(spec: _Data, before: _Data, *, is_update: bool) -> Iterator[_FieldError]:
    tag = _text(spec, "tag")
    if is_update:
        if tag != _text(before, "tag"):
            details = f"got: {tag}, want: {_text(before, 'tag')}"
            yield _FieldError("Immutable field changed", "spec.tag", details)
    else:
        yield from _tag(tag, "spec.tag")
    for position, additional in enumerate(_list(spec, "additionalTags")):
        yield from _tag(str(additional), f"spec.additionalTags[{position}]")
    yield from _builder_errors(_object(spec.get("builder")))
    yield from _source_errors(_object(spec.get("source")))
    yield from _binding_errors(_object(spec.get("build")), "spec.build.bindings")


def _builder_errors(builder: _Data) -> Iterator[_FieldError]:
    kind = _text(builder, "kind")
    if not _text(builder, "name"):
        yield _FieldError(_MISSING, "spec.builder.name")
    elif kind not in _BUILDER_KINDS:
        yield _FieldError(f"invalid value: {kind}", "spec.builder.kind")


def _build_errors(spec: _Data, before: _Data, *, is_update: bool) -> Iterator[_FieldError]:
    if is_update and spec != before:
        changed = sorted(name for name in {*spec, *before} if spec.get(name) != before.get(name))
        yield _FieldError("Immutable fields changed (-old +new)", "spec", f"changed: {', '.join(changed)}")
    tags = _list(spec, "tags")
    if not tags:
        yield _FieldError(_MISSING, "spec.tags")
    for position, tag in enumerate(tags):
        yield from _tag(str(tag), f"spec.tags[{position}]")
    yield from _image_reference(_object(spec.get("builder")), "image", "spec.builder.image")
    last = _text(_object(spec.get("lastBuild")), "image")
    if last and not _is_image(last):
        yield _FieldError(f"invalid value: {last}", "spec.lastBuild.image")
    yield from _source_errors(_object(spec.get("source")))
    yield from _binding_errors(spec, "spec.bindings")


def _source_errors(source: _Data) -> Iterator[_FieldError]:
    given = [name for name in _SOURCES if source.get(name) is not None]
    if not given:
        yield from (_FieldError(_NONE_OF, f"spec.source.{name}") for name in _SOURCES)
    elif len(given) > 1:
        yield from (_FieldError(_MANY_OF, f"spec.source.{name}") for name in given)
    elif given == ["registry"]:
        yield from _image_reference(_object(source["registry"]), "image", "spec.source.registry.image")
    else:
        (name,) = given
        required = ("url", "revision") if name == "git" else ("url",)
        for part in required:
            if not _text(_object(source[name]), part):
                yield _FieldError(_MISSING, f"spec.source.{name}.{part}")


def _binding_errors(owner: _Data, path: str) -> Iterator[_FieldError]:
    seen: dict[str, int] = {}
    for position, item in enumerate(_list(owner, "bindings")):
        binding, here = _object(item), f"{path}[{position}]"
        name = _text(binding, "name")
        if name in seen:
            message = f'duplicate binding name "{name}"'
            yield from (_FieldError(message, f"{path}[{place}].name") for place in (seen[name], position))
        seen.setdefault(name, position)
        if not name:
            yield _FieldError(_MISSING, f"{here}.name")
        elif not _BINDING_NAME.fullmatch(name):
            yield _FieldError(f"invalid value: {name}", f"{here}.name")
        if binding.get("metadataRef") is None:
            yield _FieldError(_MISSING, f"{here}.metadataRef")
        elif not _text(_object(binding["metadataRef"]), "name"):
            yield _FieldError(_MISSING, f"{here}.metadataRef.name")
        if binding.get("secretRef") is not None and not _text(_object(binding["secretRef"]), "name"):
            yield _FieldError(_MISSING, f"{here}.secretRef.name")


def _tag(tag: str, path: str) -> Iterator[_FieldError]:
    if not tag:
        yield _FieldError(_MISSING, path)
        return
    try:
        parse_tag(tag)
    except InvalidReferenceError:
        yield _FieldError(f"invalid value: {tag}", path)


def _image_reference(owner: _Data, name: str, path: str) -> Iterator[_FieldError]:
    image = _text(owner, name)
    if not image:
        yield _FieldError(_MISSING, path)
    elif not _is_image(image):
        yield _FieldError(f"invalid value: {image}", path)


def _is_image(text: str) -> bool:
    try:
        parse_image(text)
    except InvalidReferenceError:
        return False
    return True


def _render(errors: list[_FieldError]) -> str:
    paths: dict[tuple[str, str], set[str]] = {}
    for error in errors:
        paths.setdefault((error.message, error.details), set()).add(error.path)
    lines = []
    for message, details in sorted(paths):
        line = f"{message}: {', '.join(sorted(paths[message, details]))}"
        lines.append(f"{line}\n{details}" if details else line)
    return "\n".join(lines)


def _object(value: object) -> _Data:
    return value if isinstance(value, Mapping) else {}


def _list(owner: _Data, name: str) -> list[object]:
    value = owner.get(name)
    return value if isinstance(value, list) else []


def _text(owner: _Data, name: str) -> str:
    value = owner.get(name)
    return value if isinstance(value, str) else ""
