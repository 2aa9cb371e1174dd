from pathlib import Path

import pytest

from dev.cluster.handle import Cluster
from dev.machine.addresses import Addresses
from dev.state import State


@pytest.fixture
def cluster() -> Cluster:
    """Give the cluster of slot 0, with a state that need not exist."""
    return Cluster(state=State(root=Path("/state")), addresses=Addresses(slot=0))
