"""A machine with a fake `go`, and small catalogs with their modules."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dev.toolchain.catalog import Tool
from dev.toolchain.ensure import Source
from tests.dev.toolchain.fake_go import FakeGo


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeGo:
    """Put a working fake `go` first on PATH."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    go = FakeGo(folder=folder)
    go.answer()
    return go


@pytest.fixture
def make_source(tmp_path: Path) -> Callable[..., Source]:
    """Give a function that makes a catalog of these tools, with a module for each."""

    def make(*tools: Tool) -> Source:
        root = tmp_path / "checkout"
        for tool in tools:
            folder = root / tool.module
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "go.mod").write_text("module m\n\ngo 1.26.0\n")
        return Source(tools=tools, root=root)

    return make


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Give a cache folder that does not exist yet."""
    return tmp_path / "cache"
