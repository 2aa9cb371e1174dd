"""JSON merge patches (RFC 7386) that leave nothing of the old value: what is not said is cleared."""

import msgspec

from kpack_api.wire import Wire, fields


def with_nulls(value: Wire) -> dict[str, object]:
    """Every field by its wire name, nested Structs likewise; what would be left out on the wire is null."""
    body: dict[str, object] = msgspec.to_builtins(value)
    patch: dict[str, object] = {}
    for field in fields(type(value)):
        inner = getattr(value, field.name)
        patch[field.encode_name] = with_nulls(inner) if isinstance(inner, Wire) else body.get(field.encode_name)
    return patch
