import dataclasses
from pathlib import Path

import pytest

from dev.toolchain.catalog import Tool
from dev.toolchain.keys import set_key, tool_key

TOOL = Tool(name="kube", module="platform", package="./kube", seconds=1, megabytes=1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return a_checkout(tmp_path / "one")


def a_checkout(root: Path) -> Path:
    folder = root / "platform"
    (folder / "kube").mkdir(parents=True)
    (folder / "go.mod").write_text("module m\n")
    (folder / "go.sum").write_text("x v1 h1:\n")
    (folder / "kube" / "main.go").write_text("package main\n")
    return root


def key(root: Path, tool: Tool = TOOL, *, go: str = "go1.26.8", platform: str = "linux/amd64") -> str:
    return tool_key(tool, go_version=go, platform=platform, root=root)


def test_a_key_does_not_depend_on_the_checkout(root: Path, tmp_path: Path) -> None:
    """Two checkouts of the same sources share a key."""
    other = a_checkout(tmp_path / "two")

    assert key(root) == key(other)


@pytest.mark.parametrize("file", ["go.mod", "go.sum", "kube/main.go", "stub/x/new.go"])
def test_a_changed_source_changes_the_key(root: Path, file: str) -> None:
    """Whatever file of the module differs, or is new, the key differs."""
    before = key(root)
    path = root / "platform" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("changed")

    assert key(root) != before


def test_other_files_leave_the_key(root: Path) -> None:
    """What Go does not read, and other modules, do not matter."""
    before = key(root)
    (root / "platform" / "notes.txt").write_text("x")
    (root / "lifecycle").mkdir()
    (root / "lifecycle" / "go.mod").write_text("x")

    assert key(root) == before


@pytest.mark.parametrize(
    "change",
    [
        {"package": "./other"},
        {"file": "script"},
        {"defines": (("a.B", "1"),)},
        {"tags": ("netgo",)},
        {"static_cgo": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_recipe_changes_the_key(root: Path, change: dict[str, object]) -> None:
    """Each fact that changes a program's bytes changes its key."""
    changed = dataclasses.replace(TOOL, **change)  # type: ignore[arg-type]

    assert key(root, changed) != key(root)


@pytest.mark.parametrize("change", [{"go": "go1.26.9"}, {"platform": "linux/arm64"}])
def test_another_go_or_machine_changes_the_key(root: Path, change: dict[str, str]) -> None:
    """Programs of another Go, or for another processor, are other programs."""
    assert key(root, **change) != key(root)  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"seconds": 9}, {"megabytes": 9}, {"links": ("etcd",)}])
def test_a_forecast_or_a_further_name_leaves_the_key(root: Path, change: dict[str, object]) -> None:
    """What leaves a program's bytes alone does not build it again."""
    changed = dataclasses.replace(TOOL, **change)  # type: ignore[arg-type]

    assert key(root, changed) == key(root)


def test_a_set_is_known_by_names_and_keys() -> None:
    """The order of a set does not matter; a name or a key does."""
    both = set_key({"a": "1", "b": "2"})

    assert set_key({"b": "2", "a": "1"}) == both
    assert len({both, set_key({"a": "1"}), set_key({"a": "1", "b": "3"}), set_key({"a": "1", "c": "2"})}) == 4
