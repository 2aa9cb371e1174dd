"""The toolchain's programs of one environment: which are needed, and the link to their folder.

Owns the choice and the step. Leaves building to `dev.toolchain`. Rules:
- a pulumi with its Python host, or a kubectl, that the user has on PATH is used instead of one of ours; what
  lies in an environment of ours does not count as the user's;
- programs once asked for stay: who asks for fewer takes none off somebody's PATH.
"""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from dev.machine.files import write
from dev.state import State
from dev.steps import Note, Outcome, Step
from dev.toolchain import UP, ensure

KUBERNETES: Final = "kube"
PULUMI: Final = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")


def wanted(state: State, *, own_cluster: bool, environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Name what `up` needs and the user does not have."""
    path = _users_path(state, environment)
    drop = set(PULUMI) if all(shutil.which(name, path=path) for name in PULUMI) else set()
    if not own_cluster and shutil.which("kubectl", path=path):
        drop.add(KUBERNETES)
    return tuple(name for name in UP if name not in drop)


def tools_step(state: State, names: Sequence[str]) -> Step:
    """Give the step that has these programs, and the state's link to their folder."""
    return Step(name="toolchain", run=partial(_make, state, names))


def _make(state: State, names: Sequence[str], note: Note) -> Outcome:
    asked = _remembered(state.root / "tools.json", names)
    folder = ensure(asked, report=lambda progress: note(progress.line()))
    link = state.tools
    if link.is_symlink() and link.readlink() == folder:
        return Outcome.ALREADY
    link.unlink(missing_ok=True)
    link.symlink_to(folder)
    return Outcome.DONE


def _remembered(file: Path, names: Sequence[str]) -> tuple[str, ...]:
    before = json.loads(file.read_text()) if file.exists() else []
    asked = tuple(sorted({*before, *names}))
    write(file, json.dumps(asked))
    return asked


def _users_path(state: State, environment: Mapping[str, str]) -> str:
    """Return PATH without this environment's own folder, which `make env` puts there."""
    parts = environment.get("PATH", "").split(os.pathsep)
    return os.pathsep.join(part for part in parts if part and Path(part) != state.tools)
