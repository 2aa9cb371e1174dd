"""What a builder image's labels and environment say (CNB platform specification; read as kpack v0.0.9 reads them).

Owns the labels' shapes and what is wrong with a broken one. Leaves fetching to the registry client.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from kpack_api.types import BuildpackMetadata
from kpack_reconciler.errors import PermanentError

METADATA_LABEL = "io.buildpacks.builder.metadata"
STACK_LABEL = "io.buildpacks.stack.id"
USER_VARIABLE = "CNB_USER_ID"
GROUP_VARIABLE = "CNB_GROUP_ID"


class _RunImage(msgspec.Struct):
    image: str = ""


class _Stack(msgspec.Struct, rename="camel"):
    run_image: _RunImage = msgspec.field(default_factory=_RunImage)


class _Apis(msgspec.Struct):
    deprecated: list[str] | None = None
    supported: list[str] | None = None


class _ApiLists(msgspec.Struct):
    platform: _Apis = msgspec.field(default_factory=_Apis)


class _Api(msgspec.Struct):
    platform: str = ""


class _Lifecycle(msgspec.Struct):
    version: str = ""
    api: _Api = msgspec.field(default_factory=_Api)
    apis: _ApiLists = msgspec.field(default_factory=_ApiLists)


class _Metadata(msgspec.Struct):
    stack: _Stack = msgspec.field(default_factory=_Stack)
    lifecycle: _Lifecycle = msgspec.field(default_factory=_Lifecycle)
    buildpacks: list[BuildpackMetadata] = []


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
    metadata = _metadata(_label(labels, METADATA_LABEL))
    variables = dict(entry.partition("=")[::2] for entry in environment)
    lifecycle = metadata.lifecycle
    listed = (*(lifecycle.apis.platform.deprecated or ()), *(lifecycle.apis.platform.supported or ()))
    return BuilderLabels(
        stack_id=_label(labels, STACK_LABEL),
        run_image=metadata.stack.run_image.image,
        user_id=_number(variables, USER_VARIABLE),
        group_id=_number(variables, GROUP_VARIABLE),
        lifecycle_version=lifecycle.version,
        platform_apis=listed or ((lifecycle.api.platform,) if lifecycle.api.platform else ()),
        buildpacks=tuple(metadata.buildpacks),
    )


def _label(labels: Mapping[str, str], name: str) -> str:
    if name not in labels:
        raise PermanentError("InvalidBuilder", f"could not find label {name}: name a CNB builder image")
    return labels[name]


def _metadata(text: str) -> _Metadata:
    try:
        return msgspec.json.decode(text, type=_Metadata)
    except msgspec.DecodeError as error:
        raise PermanentError("InvalidBuilder", f"unsupported builder metadata structure: {error}") from error


def _number(variables: Mapping[str, str], name: str) -> int:
    if name not in variables:
        raise PermanentError("InvalidBuilder", f"ENV {name} not found: name a CNB builder image")
    try:
        return int(variables[name])
    except ValueError as error:
        raise PermanentError("InvalidBuilder", f"ENV {name} is {variables[name]!r}, not a number") from error
