"""`project.toml`, the application's own word about its build: files that do not count, and variables of the build.

Owns what of it has effect: `include`, `exclude` and environment, as in later kpack; v0.0.9 does not read the file.
Buildpacks and builder are the Image's to choose.

Rules:
- The file is read where the application lies, never over a link; without one nothing happens.
- Both schemas: "0.2" under `io.buildpacks`, none under `build`; any other is told and has no effect.
- Patterns are gitignore's: git itself matches them. Only files are removed; nested repositories are left alone.
- The name of a variable is a name, never a path.
"""

import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from kpack_reconciler.steps.git_command import GitError, WorkingCopy
from kpack_reconciler.steps.report import StepError, say

NAME = "project.toml"
_MOST_BYTES = 1 << 20
_NEW_SCHEMA = "0.2"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")

_Table: TypeAlias = Mapping[str, object]


def apply_descriptor(folder: Path, home: Path) -> Mapping[str, str]:
    """Remove the files that do not count; the variables of the build. Raises StepError."""
    try:
        return _apply(folder, home)
    except StepError as error:
        raise StepError(f"error while processing the project descriptor: {error}; correct {NAME}") from error


def _apply(folder: Path, home: Path) -> Mapping[str, str]:
    descriptor = _read(folder / NAME)
    version = _table(descriptor, "_").get("schema-version")
    if version is not None and version != _NEW_SCHEMA:
        say(f"warning: project descriptor version {version} is unsupported and {NAME} will be ignored")
        return {}
    is_new = version is not None
    table = _table(descriptor, "io", "buildpacks") if is_new else _table(descriptor, "build")
    if table.get("group" if is_new else "buildpacks"):
        say("info: buildpacks provided in project descriptor file will be ignored")
    if table.get("builder"):
        say("info: builder provided in project descriptor file will be ignored")
    _filter(table, folder, home)
    return dict(_variables(table, is_new=is_new))


def _read(file: Path) -> _Table:
    if file.is_symlink():
        raise StepError("it is a link, which is not followed")
    if not file.is_file():
        return {}
    if file.stat().st_size > _MOST_BYTES:
        raise StepError(f"it is larger than {_MOST_BYTES >> 20} MiB")
    try:
        return tomllib.loads(file.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StepError(f"it is no TOML: {error}") from error


def _filter(table: _Table, folder: Path, home: Path) -> None:
    include, exclude = table.get("include"), table.get("exclude")
    if include is not None and exclude is not None:
        raise StepError("project descriptor cannot have both include and exclude defined")
    patterns = exclude if include is None else include
    if patterns is None:
        return
    if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
        raise StepError("include and exclude are lists of patterns")
    for name in _matching(patterns, folder, home, matched=include is None):
        (folder / name).unlink()


def _matching(patterns: list[str], folder: Path, home: Path, *, matched: bool) -> list[str]:
    """The files that the patterns match, or do not match."""
    copy = WorkingCopy(url="", target=folder, home=home, credentials=None)
    with tempfile.TemporaryDirectory(dir=home) as place:
        file = Path(place) / "patterns"
        file.write_text("".join(f"{pattern}\n" for pattern in patterns))
        try:
            copy.git("init", "--quiet", "--template=", f"{place}/repository")
            listed = copy.git(
                *(f"--git-dir={place}/repository/.git", "--work-tree=.", "ls-files", "--others", "-z"),
                *(("--ignored",) if matched else ()),
                f"--exclude-from={file}",
            )
        except GitError as error:
            raise StepError(str(error)) from error
    return [name for name in listed.split("\0") if name and not name.endswith("/")]


def _variables(table: _Table, *, is_new: bool) -> Iterator[tuple[str, str]]:
    """Names with values, of which later ones win."""
    listed = table.get("env") if not is_new else _table(table, "build").get("env", _deprecated(table))
    if listed is None:
        return
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise StepError("environment variables in project descriptor could not be parsed")
    for entry in listed:
        name, value = entry.get("name"), entry.get("value", "")
        if not isinstance(name, str):
            raise StepError("environment variable 'name' is not a string")
        if not isinstance(value, str):
            raise StepError(f"environment variable '{name}' is not a string value")
        if not _VARIABLE.fullmatch(name):
            raise StepError(f"{name!r} is no name for an environment variable")
        yield name, value


def _deprecated(table: _Table) -> object:
    env = table.get("env")
    return env.get("build") if isinstance(env, dict) else env


def _table(table: _Table, *names: str) -> _Table:
    """The table at a path; an empty one where there is none."""
    for name in names:
        found = table.get(name)
        table = found if isinstance(found, dict) else {}
    return table
