import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dev import tools
from dev.state import State
from dev.steps import Outcome
from dev.toolchain import UP, Progress
from dev.tools import PULUMI, tools_step, wanted


@pytest.fixture
def state(tmp_path: Path) -> State:
    """Make an empty state."""
    made = State(root=tmp_path / "state")
    made.create()
    return made


def install(folder: Path, *names: str) -> dict[str, str]:
    """Put programs into a folder, and give an environment that has it on PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch(mode=0o755)
    return {"PATH": str(folder)}


def test_a_bare_machine_needs_everything(state: State) -> None:
    """Nothing on PATH: the whole toolchain is built."""
    assert wanted(state, own_cluster=True, environment={"PATH": ""}) == UP


def test_a_pulumi_on_path_is_used(state: State, tmp_path: Path) -> None:
    """Who has Pulumi need not wait for another one to be built."""
    environment = install(tmp_path / "bin", *PULUMI)

    assert set(UP) - set(wanted(state, own_cluster=True, environment=environment)) == set(PULUMI)


def test_half_a_pulumi_is_none(state: State, tmp_path: Path) -> None:
    """Without its Python host a pulumi cannot run our programs."""
    environment = install(tmp_path / "bin", "pulumi")

    assert wanted(state, own_cluster=True, environment=environment) == UP


def test_our_own_folder_is_not_the_users(state: State) -> None:
    """After `eval "$(make -s env)"` our pulumi is on PATH, and is still ours to have."""
    environment = install(state.tools, *PULUMI, "kubectl")

    assert wanted(state, own_cluster=False, environment=environment) == UP


@pytest.mark.parametrize(("own_cluster", "dropped"), [(True, set()), (False, {"kube"})])
def test_a_kubectl_on_path_is_enough_for_an_existing_cluster(
    state: State, tmp_path: Path, *, own_cluster: bool, dropped: set[str]
) -> None:
    """A cluster of our own needs Kubernetes itself, whatever is on PATH."""
    environment = install(tmp_path / "bin", "kubectl")

    assert set(UP) - set(wanted(state, own_cluster=own_cluster, environment=environment)) == dropped


def make_ensure(root: Path, asked: list[tuple[str, ...]]) -> Callable[..., Path]:
    """Stand in for the building of tools: one folder per set, as the toolchain has it."""

    def ensure(names: tuple[str, ...], *, report: Callable[[Progress], None]) -> Path:
        asked.append(names)
        report(Progress(tool="kube", number=1, tools=1, stage="compiling", done=1, total=2, elapsed=3.0))  # type: ignore[arg-type]
        return root / str(len(names))

    return ensure


def test_the_link_follows_the_set(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second time is `already`; more tools move the link; fewer do not."""
    asked: list[tuple[str, ...]] = []
    notes: list[str] = []
    monkeypatch.setattr(tools, "ensure", make_ensure(tmp_path, asked))

    outcomes = [
        tools_step(state, names).run(notes.append) for names in (("kube",), ("kube",), ("kube", "pulumi"), ("kube",))
    ]

    assert outcomes == [Outcome.DONE, Outcome.ALREADY, Outcome.DONE, Outcome.ALREADY]
    assert asked == [("kube",), ("kube",), ("kube", "pulumi"), ("kube", "pulumi")]
    assert state.tools.readlink() == tmp_path / "2"
    assert notes[0].startswith("kube (1 of 1)")
    assert json.loads((state.root / "tools.json").read_text()) == ["kube", "pulumi"]
