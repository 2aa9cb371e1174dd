"""The write of an object's status, for every kind alike: none where nothing differs."""

from msgspec.structs import replace

from kpack_api.neutral import Neutral, NeutralStatus
from kpack_reconciler.model.actions import PatchStatus
from kpack_reconciler.model.keys import key_of


def status_write(subject: Neutral, status: NeutralStatus, reason: str) -> tuple[PatchStatus, ...]:
    """The write of this status for the object's present generation; empty where the object shows it already.

    Its conditions come with their times.
    """
    metadata = subject.metadata
    wanted = replace(status, observed_generation=metadata.generation)
    if wanted == subject.status:
        return ()
    key = key_of(subject)
    return (PatchStatus(key=key, resource_version=metadata.resource_version, status=wanted, reason=reason),)
