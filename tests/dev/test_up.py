from pathlib import Path

import pytest

from dev.errors import DevError
from dev.machine.files import write
from dev.state import State
from dev.target import NamedTarget
from dev.up import refuse_other_target

NAMED = NamedTarget(context="prod", registry="registry.example/team")


def make_state(tmp_path: Path, *, context: str = "") -> State:
    state = State(root=tmp_path)
    if context:
        write(tmp_path / "target.json", f'{{"context": "{context}", "registry": "r"}}')
    return state


@pytest.mark.parametrize(("before", "named"), [("", None), ("", NAMED), ("prod", NAMED)])
def test_a_state_may_be_used_anew_for_its_own_cluster(tmp_path: Path, before: str, named: NamedTarget | None) -> None:
    """A fresh state takes any cluster, a used one its own."""
    refuse_other_target(make_state(tmp_path, context=before), named)


@pytest.mark.parametrize(("before", "named"), [("prod", None), ("staging", NAMED)])
def test_a_state_is_not_used_for_another_cluster(tmp_path: Path, before: str, named: NamedTarget | None) -> None:
    """What Pulumi keeps in it would be taken for the other cluster's."""
    with pytest.raises(DevError, match="belongs to another cluster; run `make down` first"):
        refuse_other_target(make_state(tmp_path, context=before), named)
