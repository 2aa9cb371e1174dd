"""The files of kubeconfigs, read as one."""

import os
from pathlib import Path

import pytest

from kpack_reconciler.clients.kube.kubeconfig import load_kubeconfig
from kpack_reconciler.errors import PermanentError

FIRST = """
contexts:
- {name: here, context: {cluster: here}}
- {name: empty}
clusters: nothing
"""
SECOND = """
current-context: there
contexts:
- {name: there, context: {cluster: there}}
- {name: here, context: {cluster: another}}
clusters:
- {name: here, cluster: {server: "http://here"}}
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text(FIRST)
    second.write_text(SECOND)
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, (first, tmp_path / "missing", "", second))))
    return first, second


def test_the_first_file_that_says_something_wins(files: tuple[Path, Path]) -> None:
    """Entries and the current context come from the first file that has them; a missing file is passed over."""
    first, second = files
    merged = load_kubeconfig()

    assert merged.current_context == "there"
    assert (merged.entry("contexts", "here").content, merged.entry("contexts", "here").file) == (
        {"cluster": "here"},
        first,
    )
    assert merged.entry("clusters", "here").file == second
    assert merged.entry("contexts", "empty").content == {}


def test_an_entry_that_no_file_has_names_all_files(files: tuple[Path, Path]) -> None:
    """Whoever looks for the mistake knows where."""
    with pytest.raises(PermanentError, match=f"{files[0]}.*{files[1]} has no users entry 'me'"):
        load_kubeconfig().entry("users", "me")


def test_a_file_that_is_named_stands_alone(files: tuple[Path, Path]) -> None:
    """With a path the environment is not asked, and nothing says which context is meant."""
    assert load_kubeconfig(files[0]).current_context == ""


@pytest.mark.parametrize("text", ["- no mapping", "{"])
def test_what_is_no_kubeconfig_is_refused(tmp_path: Path, text: str) -> None:
    """A text file of another kind is named."""
    (tmp_path / "config").write_text(text)

    with pytest.raises(PermanentError, match=str(tmp_path / "config")):
        load_kubeconfig(tmp_path / "config")


def test_without_any_file_the_usual_place_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person without a kubeconfig is told where one was looked for."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))

    with pytest.raises(PermanentError, match=str(tmp_path / ".kube" / "config")):
        load_kubeconfig()
