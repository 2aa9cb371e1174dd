"""`build.pivotal.io/v1alpha1` (kpack 0.0.x): JSON to wire objects, whatever stands in it.

Owns what of an object cannot be understood. Leaves the neutral forms to `build_pivotal_io_v1alpha1`, the words in which
admission refuses to the webhook.

Rules:
- Every object with a name can be read: what does not fit is left out and, where it stands in the `spec`, reported.
- What another writer left in the `status` is no fault of the object; what does not fit there is as good as absent.
- A quantity that is none does not fit, although it is text (Go's clients decode quantities as such). A cache of no size
  does not either: no volume can be made of it.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace

from kpack_api.core import ResourceRequirements
from kpack_api.dialects.build_pivotal_io_v1alpha1_wire import (
    WireBuild,
    WireBuilder,
    WireBuildSpec,
    WireImage,
    WireSourceResolver,
    WireSourceResolverStatus,
)
from kpack_api.quantities import Quantity, parse_quantity
from kpack_api.salvage import Misfit, Salvage
from kpack_api.types import BuilderStatus, BuildStatus, ImageStatus, Kind
from kpack_api.wire import Condition

WireObject: TypeAlias = WireImage | WireBuild | WireBuilder | WireSourceResolver
Status = TypeVar("Status", ImageStatus, BuildStatus, BuilderStatus, WireSourceResolverStatus)

DEFAULT_SERVICE_ACCOUNT = "default"
_STRUCTS: Mapping[Kind, type[WireObject]] = {
    Kind.IMAGE: WireImage,
    Kind.BUILD: WireBuild,
    Kind.BUILDER: WireBuilder,
    Kind.CLUSTER_BUILDER: WireBuilder,
    Kind.SOURCE_RESOLVER: WireSourceResolver,
}
_SHOWN = 60
_UNREADABLE = (RecursionError, UnicodeDecodeError)
_decoders = {kind: msgspec.json.Decoder(struct) for kind, struct in _STRUCTS.items()}


def read(kind: Kind, raw: bytes | msgspec.Raw) -> tuple[WireObject, tuple[Misfit, ...]]:
    """The object, and what of its spec could not be understood. msgspec.DecodeError where it is no object at all."""
    try:
        found = _decoders[kind].decode(raw)
    except msgspec.ValidationError:
        return _salvage(kind, _plain(raw))
    except _UNREADABLE as error:
        raise msgspec.DecodeError(str(error)) from error
    return found, tuple(_bad_quantities(found))


def spec_misfits(kind: Kind, data: Mapping[str, object]) -> tuple[Misfit, ...]:
    """What of an object's spec cannot be understood."""
    return _salvage(kind, {"spec": data.get("spec")})[1]


def read_build_spec(spec: Mapping[str, object]) -> WireBuildSpec:
    """What of a Build's spec can be understood, with the default that kpack applies in memory."""
    found = Salvage().read(WireBuildSpec, spec) or WireBuildSpec()
    return replace(found, service_account=found.service_account or DEFAULT_SERVICE_ACCOUNT)


def with_readable_times(status: Status) -> Status:
    """The status without times of conditions that are no times."""
    conditions = tuple(_with_readable_time(condition) for condition in status.conditions)
    return status if conditions == status.conditions else replace(status, conditions=conditions)


def _plain(raw: bytes | msgspec.Raw) -> object:
    try:
        return msgspec.json.decode(raw)
    except _UNREADABLE as error:
        raise msgspec.DecodeError(str(error)) from error


def _salvage(kind: Kind, data: object) -> tuple[WireObject, tuple[Misfit, ...]]:
    salvage = Salvage()
    found = salvage.read(_STRUCTS[kind], data)
    if found is None:
        raise msgspec.ValidationError(f"no {kind}: {salvage.misfits[0]}")
    spec = (misfit for misfit in salvage.misfits if misfit.path.startswith("spec"))
    return found, (*spec, *_bad_quantities(found))


def _bad_quantities(found: WireObject) -> Iterator[Misfit]:
    match found:
        case WireImage():
            yield from _bad_cache_size(found.spec.cache_size)
            if found.spec.build is not None:
                yield from _bad_amounts(found.spec.build.resources, "spec.build.resources")
        case WireBuild():
            yield from _bad_amounts(found.spec.resources, "spec.resources")
        case _:
            return


def _bad_cache_size(size: Quantity | None) -> Iterator[Misfit]:
    if size is None:
        return
    why = _fault(size)
    if why is None and parse_quantity(size) <= 0:
        why = f"must be greater than zero: {_quoted(size)}"
    if why is not None:
        yield Misfit(path="spec.cacheSize", why=why)


def _bad_amounts(resources: ResourceRequirements, path: str) -> Iterator[Misfit]:
    for part, amounts in (("limits", resources.limits), ("requests", resources.requests)):
        for name, amount in amounts.items():
            why = _fault(amount)
            if why is not None:
                yield Misfit(path=f"{path}.{part}.{name}", why=why)


def _fault(quantity: Quantity) -> str | None:
    """Why this is no quantity; None where it is one."""
    try:
        parse_quantity(quantity)
    except ValueError as error:
        return f"{error}: {_quoted(quantity)}"
    return None


def _quoted(quantity: Quantity) -> str:
    return repr(quantity)[:_SHOWN]


def _with_readable_time(condition: Condition) -> Condition:
    if condition.last_transition_time is None or _is_time(condition.last_transition_time):
        return condition
    return replace(condition, last_transition_time=None)


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return True
