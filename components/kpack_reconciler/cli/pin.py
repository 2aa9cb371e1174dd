"""`kpack pin`: builder and run images in stacks' configuration by digest, instead of by a tag that moves.

Owns asking the registries, the person, and writing. Leaves the files' text to `pins`, logins to `docker_logins`.

Rules:
- All or nothing: where one image of one file cannot be pinned, every such image is named and no file is written.
- The difference is told first; it is written after a yes. Where nobody can be asked, --yes says it beforehand.
- The digest is that of the image for linux/amd64, the one that builds use and that labels and statuses tell.
"""

import asyncio
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.text import Text

from kpack_reconciler.cli.docker_logins import read_docker_logins
from kpack_reconciler.cli.options import TextFormat
from kpack_reconciler.cli.pins import Found, Place, difference, find_images, with_values
from kpack_reconciler.cli.screen import Screen
from kpack_reconciler.cli.tables import document
from kpack_reconciler.clients.outside import outside_session
from kpack_reconciler.clients.registry import RegistryClient, UnauthorizedError
from kpack_reconciler.errors import PermanentError, TransientError
from kpack_reconciler.model.references import ImageReference

_DONE, _FAILED = 0, 1
_AT_ONCE = 8
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for. `keys` are looked at instead of the usual ones; `yes` writes unasked, `dry_run` never."""

    keys: frozenset[str]
    yes: bool
    dry_run: bool
    output: TextFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    path: Path
    text: str
    found: Found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A file with its new text; `values` are those of every image, also of one that stays as it is."""

    file: _File
    values: Mapping[Place, str]
    text: str


class _Pin(msgspec.Struct, frozen=True):
    file: str
    key: str
    before: str
    after: str


class _Told(msgspec.Struct, frozen=True):
    written: bool
    pins: Sequence[_Pin]


class _ProblemsError(Exception):
    """All that stands in the way, a sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def pin_files(paths: Sequence[Path], wish: Wish) -> int:
    """Pin the images of these files; the exit code."""
    screen = Screen()
    try:
        changes = _changes(_read(paths, wish.keys))
    except _ProblemsError as error:
        for problem in error.problems:
            screen.error(f"error: {problem}")
        screen.error("nothing was written")
        return _FAILED
    due = [change for change in changes if change.text != change.file.text]
    _tell(screen, due, wish)
    written = bool(due) and not wish.dry_run and _wanted(screen, wish) and _write(screen, due)
    if wish.output is not TextFormat.TEXT:
        screen.text(document(_Told(written=written, pins=_pins(changes)), wish.output))
    return _DONE if written or wish.dry_run or not due else _FAILED


def _read(paths: Sequence[Path], keys: frozenset[str]) -> Sequence[_File]:
    files, problems = [], []
    for path in dict.fromkeys(paths):
        try:
            text = path.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{path} cannot be read: {error}")
            continue
        files.append(_File(path=path, text=text, found=find_images(text, keys)))
    problems += [f"{file.path}: {problem}" for file in files for problem in file.found.problems]
    missing = keys - {key for file in files for key in file.found.keys}
    problems += [f"no file has the key {key}: look at its `config`" for key in sorted(missing)]
    if not problems and not any(file.found.places for file in files):
        problems.append("no file names a builder or run image: name the key that does, with --key")
    if problems:
        raise _ProblemsError(problems)
    return files


def _changes(files: Sequence[_File]) -> Sequence[_Change]:
    """What each file becomes. Raises _ProblemsError."""
    places = {file.path: [place for place in file.found.places if not place.has_digest_alone] for file in files}
    wanted = {place.reference for found in places.values() for place in found}
    answers = _digests(wanted)
    problems = [
        f"{path}: {place.key}: {answer}"
        for path, found in places.items()
        for place in found
        if isinstance(answer := answers[place.reference], Exception)
    ]
    if problems:
        raise _ProblemsError(problems)
    return [_change(file, places[file.path], answers) for file in files]


def _change(file: _File, places: Sequence[Place], answers: Mapping[ImageReference, str | Exception]) -> _Change:
    values = {place: place.pinned(str(answers[place.reference])) for place in places}
    return _Change(file=file, values=values, text=with_values(file.text, values))


def _digests(references: Collection[ImageReference]) -> Mapping[ImageReference, str | Exception]:
    try:
        logins = read_docker_logins(os.environ, [reference.registry for reference in references])
    except PermanentError as error:
        raise _ProblemsError([str(error)]) from error

    async def ask() -> Mapping[ImageReference, str | Exception]:
        turns = asyncio.Semaphore(_AT_ONCE)
        async with outside_session() as http:
            client = RegistryClient(http, logins)
            answers = [_digest(client, reference, turns) for reference in references]
            return dict(zip(references, await asyncio.gather(*answers), strict=True))

    return asyncio.run(ask())


async def _digest(client: RegistryClient, reference: ImageReference, turns: asyncio.Semaphore) -> str | Exception:
    """The digest behind a tag, or why there is none, as a sentence for who logs in by docker."""
    try:
        async with turns:
            return await client.digest(reference)
    except UnauthorizedError as error:
        return PermanentError(error.reason, f"{error.what}: log in with `docker login {reference.registry}`")
    except TransientError as error:
        return TransientError(f"{error}. Run the same command again")
    except PermanentError as error:
        return error


def _tell(screen: Screen, due: Sequence[_Change], wish: Wish) -> None:
    if wish.output is not TextFormat.TEXT:
        return
    for change in due:
        for line in difference(str(change.file.path).lstrip("/"), change.file.text, change.text):
            screen.line(Text(line, style=_STYLES.get(line[0], "")))
    if not due:
        screen.note("every image is pinned to what its tag leads to")


def _wanted(screen: Screen, wish: Wish) -> bool:
    """Whether to write: --yes, or a yes at the keyboard."""
    if wish.yes:
        return True
    if wish.output is not TextFormat.TEXT or not sys.stdin.isatty():
        screen.error("nothing was written: say --yes to write it")
        return False
    screen.note("Write this? [y/N]")
    if sys.stdin.readline().strip().lower() in {"y", "yes"}:
        return True
    screen.note("nothing was written")
    return False


def _write(screen: Screen, due: Sequence[_Change]) -> bool:
    """Write the files, if none of them was changed by somebody else since it was read."""
    changed = [change.file.path for change in due if change.file.path.read_bytes().decode() != change.file.text]
    if changed:
        screen.error(f"error: {', '.join(map(str, changed))} changed meanwhile: nothing was written, run it again")
        return False
    for change in due:
        change.file.path.write_bytes(change.text.encode())
    return True


def _pins(changes: Sequence[_Change]) -> Sequence[_Pin]:
    return [
        _Pin(file=str(change.file.path), key=place.key, before=place.value, after=after)
        for change in changes
        for place, after in change.values.items()
    ]
