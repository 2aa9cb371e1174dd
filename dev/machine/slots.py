"""Which environment has which slot of the machine.

Owns the claims: one file per slot in a directory all environments of the machine share; its content is the
path of the state that has the slot. Rules:
- the same state always gets the same slot until it releases it;
- a claim is stale, and may be taken over, when its state is gone and nothing of the slot runs;
- a slot whose network the machine already routes elsewhere is passed over.
"""

import fcntl
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network
from pathlib import Path

from dev.errors import DevError
from dev.machine.addresses import SLOTS, Addresses

WIDEST_ROUTE = 9
"""A route with a shorter prefix than this (10.0.0.0/8 of a VPN, say) does not keep a slot from being used."""


def find(state: Path, *, directory: Path) -> int | None:
    """Return the slot that a state has, None when it has none."""
    return next((slot for slot, owner in _claims(directory) if owner == state), None)


def claim(
    state: Path,
    *,
    directory: Path,
    routes: Collection[IPv4Network] = (),
    in_use: Callable[[int], bool] = lambda _slot: False,
) -> int:
    """Return the slot of a state, claiming the first free one when it has none.

    `routes` are networks the machine routes already; `in_use` tells whether something of a slot runs.
    """
    with _exclusive(directory):
        owned = find(state, directory=directory)
        if owned is not None:
            return owned
        owners = dict(_claims(directory))
        for slot in range(SLOTS):
            owner = owners.get(slot)
            if owner is not None and (owner.exists() or in_use(slot)):
                continue
            if owner is None and (in_use(slot) or _is_routed(slot, routes)):
                continue
            (directory / str(slot)).write_text(str(state))
            return slot
    raise DevError(
        f"all {SLOTS} slots of this machine are taken (see {directory}); "
        "run `python -m dev down` in checkouts that are no longer used"
    )


def release(state: Path, *, directory: Path) -> None:
    """Give the slot of a state back; the directory goes with the last claim."""
    slot = find(state, directory=directory)
    if slot is None:
        return
    with _exclusive(directory):
        (directory / str(slot)).unlink(missing_ok=True)
        if not _claims(directory):
            (directory / "lock").unlink(missing_ok=True)
    if not any(directory.iterdir()):
        directory.rmdir()


def _claims(directory: Path) -> tuple[tuple[int, Path], ...]:
    if not directory.is_dir():
        return ()
    files = sorted((file for file in directory.iterdir() if file.name.isdecimal()), key=lambda file: int(file.name))
    return tuple((int(file.name), Path(file.read_text().strip())) for file in files)


def _is_routed(slot: int, routes: Collection[IPv4Network]) -> bool:
    network = Addresses(slot=slot).network
    return any(route.prefixlen >= WIDEST_ROUTE and route.overlaps(network) for route in routes)


@contextmanager
def _exclusive(directory: Path) -> Iterator[None]:
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
