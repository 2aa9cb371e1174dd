"""What a builder image's labels and environment say (CNB platform specification; read as kpack v0.0.9 reads them).

Owns the labels' shapes and what is wrong with a broken one. Leaves fetching to the registry client.

Of an environment variable that is set twice the first counts, as in kpack; its value ends where the entry does, though
kpack ends it at a second `=`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from kpack_api.types import BuildpackMetadata
from kpack_reconciler.errors import PermanentError

METADATA_LABEL = "io.buildpacks.builder.metadata"
STACK_LABEL = "io.buildpacks.stack.id"
USER_VARIABLE = "CNB_USER_ID"
GROUP_VARIABLE = "CNB_GROUP_ID"

_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*")
_ID = re.compile(r"[0-9]{1,10}")


class _RunImage(msgspec.Struct):
    image: str = ""


class _Stack(msgspec.Struct, rename="camel"):
    run_image: _RunImage | None = None


class _Apis(msgspec.Struct):
    deprecated: list[str] | None = None
    supported: list[str] | None = None


class _ApiLists(msgspec.Struct):
    platform: _Apis | None = None


class _Api(msgspec.Struct):
    platform: str = ""


class _Lifecycle(msgspec.Struct):
    version: str = ""
    api: _Api | None = None
    apis: _ApiLists | None = None


class _Metadata(msgspec.Struct):
    stack: _Stack | None = None
    images: list[_RunImage] | None = None
    lifecycle: _Lifecycle | None = None
    buildpacks: list[BuildpackMetadata] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuilderLabels:
    """A builder image's own words; `run_image` is a name that is yet to be resolved to a digest."""

    stack_id: str
    run_image: str
    user_id: int
    group_id: int
    lifecycle_version: str
    platform_apis: tuple[str, ...]
    buildpacks: tuple[BuildpackMetadata, ...]


def read_builder_labels(labels: Mapping[str, str], environment: Sequence[str]) -> BuilderLabels:
    """Read labels and `NAME=value` entries; PermanentError names what a builder image lacks."""
    stack_id = _label(labels, STACK_LABEL)
    metadata = _metadata(labels)
    variables = dict(entry.partition("=")[::2] for entry in reversed(environment))
    lifecycle = metadata.lifecycle or _Lifecycle()
    return BuilderLabels(
        stack_id=stack_id,
        run_image=_run_image(metadata),
        user_id=_number(variables, USER_VARIABLE),
        group_id=_number(variables, GROUP_VARIABLE),
        lifecycle_version=lifecycle.version,
        platform_apis=_platform_apis(lifecycle),
        buildpacks=tuple(metadata.buildpacks or ()),
    )


def _run_image(metadata: _Metadata) -> str:
    """The stack's run image; newer builders may name theirs below `images` only."""
    named = [run_image.image for run_image in metadata.images or ()]
    if metadata.stack is not None and metadata.stack.run_image is not None:
        named.insert(0, metadata.stack.run_image.image)
    for name in named:
        if name:
            return name
    raise PermanentError("InvalidBuilder", f"label {METADATA_LABEL} names no run image: name a CNB builder image")


def _platform_apis(lifecycle: _Lifecycle) -> tuple[str, ...]:
    """All versions, ascending; lifecycles before 0.10 tell a single one."""
    lists = (lifecycle.apis.platform if lifecycle.apis else None) or _Apis()
    listed = {*(lists.deprecated or ()), *(lists.supported or ())}
    if not listed and lifecycle.api is not None and lifecycle.api.platform:
        listed = {lifecycle.api.platform}
    return tuple(sorted((text for text in listed if _VERSION.fullmatch(text)), key=_version))


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _label(labels: Mapping[str, str], name: str) -> str:
    if name not in labels:
        raise PermanentError("InvalidBuilder", f"could not find label {name}: name a CNB builder image")
    return labels[name]


def _metadata(labels: Mapping[str, str]) -> _Metadata:
    try:
        return msgspec.json.decode(_label(labels, METADATA_LABEL), type=_Metadata)
    except (PermanentError, msgspec.DecodeError, RecursionError) as error:
        raise PermanentError("InvalidBuilder", f"unsupported builder metadata structure: {error}") from error


def _number(variables: Mapping[str, str], name: str) -> int:
    if name not in variables:
        raise PermanentError("InvalidBuilder", f"ENV {name} not found: name a CNB builder image")
    if not _ID.fullmatch(variables[name]):
        raise PermanentError("InvalidBuilder", f"ENV {name} is {variables[name][:50]!r}, not a number")
    return int(variables[name])
