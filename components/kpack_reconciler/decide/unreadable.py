"""What is told of an object whose spec cannot be understood or used: only a cluster without the webhook lets one pass.

Rule: nothing else is done for such an object, since what was understood is not what its owner meant.
"""

import msgspec

from kpack_api.dialects.build_pivotal_io_v1alpha1 import manifest
from kpack_api.types import Build, Kind
from kpack_reconciler.decide.admission import validate

REASON = "InvalidSpec"
_TOLD = 10


def unreadable_spec(parts: tuple[str, ...]) -> str:
    """The message of its condition; `parts` are the object's `unreadable`."""
    more = f"; and {len(parts) - _TOLD} more" if len(parts) > _TOLD else ""
    return f"the spec cannot be understood, correct it: {'; '.join(parts[:_TOLD])}{more}"


def invalid_build(build: Build) -> str | None:
    """Why a Build can have no pod, in the webhook's words; None where it can."""
    body = msgspec.json.decode(msgspec.json.encode(manifest(build)))
    fault = validate(Kind.BUILD, "CREATE", body, None)
    return None if fault is None else f"build failed: validation failed: {fault}"
