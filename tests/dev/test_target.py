from pathlib import Path

import pytest

from dev import target
from dev.errors import DevError
from dev.state import State
from dev.target import NamedTarget

NAMED = NamedTarget(context="prod", registry="registry.example/team")

KUBECTL = """\
#!/bin/sh
case "$*" in
  *"config view"*missing*) echo 'error: cannot locate context missing' >&2; exit 1 ;;
  *"config view"*) echo 'apiVersion: v1' ;;
  *"/readyz"*) exit {exit_code} ;;
esac
"""


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(root=tmp_path / "state")
    made.create()
    return made


def install_kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, exit_code: int = 0) -> None:
    tool = tmp_path / "kubectl"
    tool.write_text(KUBECTL.format(exit_code=exit_code))
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


def test_without_a_context_the_cluster_is_made_here() -> None:
    """Nothing said means the machine's own cluster."""
    assert target.choose(context="", registry="", git_url="") is None


def test_a_context_with_a_registry_is_a_choice() -> None:
    """An existing cluster comes with a place for its images."""
    assert target.choose(context="prod", registry="registry.example/team", git_url="") == NAMED


@pytest.mark.parametrize(
    ("context", "registry", "said"),
    [("prod", "", "add REGISTRY="), ("", "registry.example", "go with CONTEXT=")],
)
def test_half_a_choice_is_refused(context: str, registry: str, said: str) -> None:
    """The message names the half that is missing."""
    with pytest.raises(DevError, match=said):
        target.choose(context=context, registry=registry, git_url="")


def test_a_choice_is_remembered(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`env` need not be told again; the kubeconfig holds the named context alone."""
    install_kubectl(tmp_path, monkeypatch)

    target.remember(state, NAMED)

    assert target.recall(state) == NAMED
    assert state.kubeconfig.read_text() == "apiVersion: v1\n"


def test_a_context_that_does_not_exist(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tool's own words are passed on, and nothing is remembered."""
    install_kubectl(tmp_path, monkeypatch)

    with pytest.raises(DevError, match="cannot locate context missing"):
        target.remember(state, NamedTarget(context="missing", registry="r"))

    assert target.recall(state) is None


def test_a_cluster_that_does_not_answer(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cluster: it is said at once, and nothing is remembered."""
    install_kubectl(tmp_path, monkeypatch, exit_code=1)

    with pytest.raises(DevError, match="the cluster of context prod does not answer"):
        target.remember(state, NAMED)

    assert target.recall(state) is None
    assert not state.kubeconfig.exists()
