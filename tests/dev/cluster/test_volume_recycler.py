import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dev.cluster.volume_recycler import empty, is_released


def make_volume(**changes: Any) -> Mapping[str, Any]:
    spec = {"storageClassName": "local", "claimRef": {"name": "cache"}, "local": {"path": "/v"}}
    phase = changes.pop("phase", "Released")
    return {"metadata": {"name": "volume-01"}, "spec": {**spec, **changes}, "status": {"phase": phase}}


def test_a_volume_whose_claim_is_gone_is_released() -> None:
    """Kubernetes calls a retained volume without its claim `Released`, and never uses it again."""
    assert is_released(make_volume())


@pytest.mark.parametrize(
    "volume",
    [
        pytest.param(make_volume(phase="Bound"), id="its claim lives"),
        pytest.param(make_volume(phase="Available"), id="it was never claimed"),
        pytest.param(make_volume(claimRef=None), id="it was given back, the phase is late"),
        pytest.param(make_volume(storageClassName="other"), id="it is not ours"),
    ],
)
def test_other_volumes_are_left_alone(volume: Mapping[str, Any]) -> None:
    """Emptying a volume that is in use would lose a build's cache."""
    assert not is_released(volume)


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to root")
def test_an_emptied_volume_is_as_fresh(tmp_path: Path) -> None:
    """The next claim finds nothing of the last one, not even its group."""
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers" / "file").touch()
    (tmp_path / "link").symlink_to("/etc")
    tmp_path.chmod(0o2775)

    empty(tmp_path)

    assert list(tmp_path.iterdir()) == []
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert Path("/etc").exists()
