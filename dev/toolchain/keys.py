"""The key of a built tool: a hash of everything that its bytes come from.

Leaves reading the Go version to `go`. Rules it keeps:
- two checkouts with the same sources, flags and Go have the same key, wherever they lie;
- a change in one module's folder changes the keys of that module's tools alone;
- a changed forecast (`seconds`, `megabytes`) or further name (`links`) keeps a tool's key.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from dev.toolchain.catalog import Tool
from dev.toolchain.recipe import build_flags

MODULES = Path(__file__).parent
"""The folder that holds one folder for each Go module."""

_SOURCES = ("go.mod", "go.sum", "*.go")


def tool_key(tool: Tool, *, go_version: str, platform: str, root: Path = MODULES) -> str:
    """Return 12 hex digits for `tool`, built by `go_version` (`go1.26.8`) for `platform` (`linux/amd64`)."""
    digest = hashlib.sha256()
    for part in (go_version, platform, *_recipe(tool)):
        digest.update(f"{len(part)}:{part}".encode())
    for path in sources(root / tool.module):
        name = path.relative_to(root).as_posix()
        content = path.read_bytes()
        digest.update(f"{len(name)}:{name}{len(content)}:".encode() + content)
    return digest.hexdigest()[:12]


def set_key(keys: Mapping[str, str]) -> str:
    """Return the key of a set of programs, from the key of the tool behind each name."""
    text = "\n".join(f"{name} {key}" for name, key in sorted(keys.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def sources(folder: Path) -> tuple[Path, ...]:
    """List the files of a module's folder that enter the build, sorted, its stub modules included."""
    return tuple(sorted(path for pattern in _SOURCES for path in folder.rglob(pattern)))


def _recipe(tool: Tool) -> tuple[str, ...]:
    """Say the fields of a tool that change its bytes."""
    return (tool.package, tool.file, *build_flags(tool), f"static_cgo={tool.static_cgo}")
