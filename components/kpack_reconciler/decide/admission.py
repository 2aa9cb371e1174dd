"""What the webhook says: defaults to fill in, and errors in exactly kpack's words (v0.0.9).

Owns the rules per kind. Pure: plain JSON data in, a patch or a message out. Leaves to `field_errors` how errors are
written.

Rules:
- What cannot be decoded is refused before anything else, by both webhooks, with the path of each part.
- Only the `spec` is judged: the status is another's, and never a reason to refuse an owner's change.
- Specs are compared as decoded: an empty field and a missing one are the same, quantities are compared by value.
- An object that is being deleted always passes, or its finalizers could not be taken away.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from kpack_api.core import ResourceRequirements
from kpack_api.dialects.build_pivotal_io_v1alpha1_reading import read_build_spec, spec_misfits
from kpack_api.types import Kind
from kpack_reconciler.decide.field_errors import FieldError, render
from kpack_reconciler.decide.quantities import same_resources
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
_TOLD = 10
"""How many parts that cannot be decoded are named in one refusal."""


def undecodable(kind: str, operation: str, new: _Data | None) -> str | None:
    """Why an object cannot be decoded, in kpack's words; None where it can be, or where nobody judges it."""
    if new is None or kind not in _DEFAULTS or not _is_judged(operation, new):
        return None
    misfits = spec_misfits(Kind(kind), new)
    if not misfits:
        return None
    told = "; ".join(str(misfit) for misfit in misfits[:_TOLD])
    more = f"; and {len(misfits) - _TOLD} more" if len(misfits) > _TOLD else ""
    return f"cannot decode incoming new object: {told}{more}"


def default(kind: str, operation: str, new: _Data, *, default_storage_class: bool) -> list[dict[str, object]]:
    """A JSON patch that fills in what the object leaves open; empty when there is nothing to fill in."""
    if kind not in _DEFAULTS or not _is_judged(operation, new):
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
    if new is None or not _is_judged(operation, new):
        return None
    spec, before = _object(new.get("spec")), _object(_object(old).get("spec"))
    is_update = operation == "UPDATE"
    match kind:
        case Kind.IMAGE:
            errors = _image_errors(spec, before, is_update=is_update)
        case Kind.BUILD:
            errors = _build_errors(spec, before, is_update=is_update)
        case Kind.BUILDER | Kind.CLUSTER_BUILDER:
            errors = _image_reference(spec, "image", "spec.image")
        case _:
            return None
    return render(errors) or None


def _image_errors(spec: _Data, before: _Data, *, is_update: bool) -> Iterator[FieldError]:
    tag = _text(spec, "tag")
    if is_update:
        if tag != _text(before, "tag"):
            details = f"got: {tag}, want: {_text(before, 'tag')}"
            yield FieldError("Immutable field changed", "spec.tag", details)
    else:
        yield from _tag(tag, "spec.tag")
    for position, additional in enumerate(_list(spec, "additionalTags")):
        yield from _tag(str(additional), f"spec.additionalTags[{position}]")
    yield from _builder_errors(_object(spec.get("builder")))
    yield from _source_errors(_object(spec.get("source")))
    yield from _binding_errors(_object(spec.get("build")), "spec.build.bindings")


def _builder_errors(builder: _Data) -> Iterator[FieldError]:
    kind = _text(builder, "kind")
    if not _text(builder, "name"):
        yield FieldError(_MISSING, "spec.builder.name")
    elif kind not in _BUILDER_KINDS:
        yield FieldError(f"invalid value: {kind}", "spec.builder.kind")


def _build_errors(spec: _Data, before: _Data, *, is_update: bool) -> Iterator[FieldError]:
    changed = _changed_parts(before, spec) if is_update else ()
    if changed:
        yield FieldError("Immutable fields changed (-old +new)", "spec", f"changed: {', '.join(changed)}")
    tags = _list(spec, "tags")
    if not tags:
        yield FieldError(_MISSING, "spec.tags")
    for position, tag in enumerate(tags):
        yield from _tag(str(tag), f"spec.tags[{position}]")
    yield from _image_reference(_object(spec.get("builder")), "image", "spec.builder.image")
    last = _text(_object(spec.get("lastBuild")), "image")
    if last and not _is_image(last):
        yield FieldError(f"invalid value: {last}", "spec.lastBuild.image")
    yield from _source_errors(_object(spec.get("source")))
    yield from _binding_errors(spec, "spec.bindings")


def _changed_parts(before: _Data, after: _Data) -> list[str]:
    """The fields of a Build's spec, by their wire names, that mean something else than before."""
    one, other = read_build_spec(before), read_build_spec(after)
    fields = msgspec.structs.fields(one)
    return sorted(
        field.encode_name for field in fields if not _is_same(getattr(one, field.name), getattr(other, field.name))
    )


def _is_same(one: object, other: object) -> bool:
    if isinstance(one, ResourceRequirements) and isinstance(other, ResourceRequirements):
        return same_resources(one, other)
    return one == other


def _source_errors(source: _Data) -> Iterator[FieldError]:
    given = [name for name in _SOURCES if source.get(name) is not None]
    if not given:
        yield from (FieldError(_NONE_OF, f"spec.source.{name}") for name in _SOURCES)
    elif len(given) > 1:
        yield from (FieldError(_MANY_OF, f"spec.source.{name}") for name in given)
    elif given == ["registry"]:
        yield from _image_reference(_object(source["registry"]), "image", "spec.source.registry.image")
    else:
        (name,) = given
        required = ("url", "revision") if name == "git" else ("url",)
        for part in required:
            if not _text(_object(source[name]), part):
                yield FieldError(_MISSING, f"spec.source.{name}.{part}")
        if name == "blob":
            yield from _folders_errors(_object(source[name]).get("stripComponents"))


def _folders_errors(count: object) -> Iterator[FieldError]:
    """Later kpack's rule for a blob's leading folders."""
    if isinstance(count, int) and count < 0:
        yield FieldError(f"expected positive integer got {count}", "spec.source.blob.stripComponents")


def _binding_errors(owner: _Data, path: str) -> Iterator[FieldError]:
    seen: dict[str, int] = {}
    for position, item in enumerate(_list(owner, "bindings")):
        binding, here = _object(item), f"{path}[{position}]"
        name = _text(binding, "name")
        if name in seen:
            message = f'duplicate binding name "{name}"'
            yield from (FieldError(message, f"{path}[{place}].name") for place in (seen[name], position))
        seen.setdefault(name, position)
        if not name:
            yield FieldError(_MISSING, f"{here}.name")
        elif not _BINDING_NAME.fullmatch(name):
            yield FieldError(f"invalid value: {name}", f"{here}.name")
        if binding.get("metadataRef") is None:
            yield FieldError(_MISSING, f"{here}.metadataRef")
        elif not _text(_object(binding["metadataRef"]), "name"):
            yield FieldError(_MISSING, f"{here}.metadataRef.name")
        if binding.get("secretRef") is not None and not _text(_object(binding["secretRef"]), "name"):
            yield FieldError(_MISSING, f"{here}.secretRef.name")


def _tag(tag: str, path: str) -> Iterator[FieldError]:
    if not tag:
        yield FieldError(_MISSING, path)
        return
    try:
        parse_tag(tag)
    except InvalidReferenceError:
        yield FieldError(f"invalid value: {tag}", path)


def _image_reference(owner: _Data, name: str, path: str) -> Iterator[FieldError]:
    image = _text(owner, name)
    if not image:
        yield FieldError(_MISSING, path)
    elif not _is_image(image):
        yield FieldError(f"invalid value: {image}", path)


def _is_image(text: str) -> bool:
    try:
        parse_image(text)
    except InvalidReferenceError:
        return False
    return True


def _is_judged(operation: str, new: _Data) -> bool:
    return operation in {"CREATE", "UPDATE"} and not _object(new.get("metadata")).get("deletionTimestamp")


def _object(value: object) -> _Data:
    return value if isinstance(value, Mapping) else {}


def _list(owner: _Data, name: str) -> list[object]:
    value = owner.get(name)
    return value if isinstance(value, list) else []


def _text(owner: _Data, name: str) -> str:
    value = owner.get(name)
    return value if isinstance(value, str) else ""
