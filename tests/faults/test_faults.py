"""No Build lost, none doubled, no status that lies, recovery without a person: under each fault, from each seed.

`PULUMI_KPACK_TESTS=thorough` runs all the seeds of docs/faults.md, `make check` a few.
"""

import os

import pytest

from tests.faults.scene import play
from tests.faults.table import FAULTS, FaultRow

THOROUGH = os.environ.get("PULUMI_KPACK_TESTS") == "thorough"
_FEW = 40


def runs() -> list[object]:
    seeds = ((row, seed) for row in FAULTS for seed in range(row.thorough if THOROUGH else row.runs))
    return [pytest.param(row, seed, id=f"{row.key}-{seed}") for row, seed in seeds]


@pytest.mark.parametrize(("row", "seed"), runs())
def test_a_fault_breaks_nothing(row: FaultRow, seed: int) -> None:
    """All invariants hold on the way and at rest, and no process ends that need not."""
    many = row.many if THOROUGH else min(row.many, _FEW)
    images = tuple(f"app-{number}" for number in range(many)) or row.images

    replicas = row.replicas if row.ends else 1 + seed % row.replicas
    scene = play(row.scenario, seed, images=images, replicas=replicas)

    ends = [end for replica in scene.replicas for end in replica.ends]
    assert row.ends or ends == [], f"seed {seed}: {ends}"
