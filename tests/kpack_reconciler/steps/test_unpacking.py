"""Hostile archives: nothing is written outside of the folder, and what stays in it does not lead out."""

import io
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpack_reconciler.steps.archives import unpack
from kpack_reconciler.steps.report import StepError
from kpack_reconciler.steps.unpacking import Limits

LIMITS = Limits(unpacked=1 << 20, entries=100, ratio=1000)

Entry = tuple[str, bytes, str]
"""Name, type and target of a link, or content."""

FILE, FOLDER, LINK, HARD_LINK = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE


def tar(entries: Iterable[Entry]) -> io.BytesIO:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, kind, text in entries:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = kind, 0o755
            if kind in {LINK, HARD_LINK}:
                entry.linkname = text
            content = text.encode() if kind == FILE else b""
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    file.seek(0)
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "victim").write_text("untouched")
    place = tmp_path / "workspace"
    place.mkdir()
    return place


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([("../victim", FILE, "x")], id="C99 a path out"),
        pytest.param([("a/../../victim", FILE, "x")], id="a path out through a folder"),
        pytest.param([("..", FOLDER, "")], id="the folder above"),
        pytest.param([("l", LINK, "..")], id="a link out"),
        pytest.param([("l", LINK, "/etc/passwd")], id="an absolute link"),
        pytest.param([("l", LINK, "l2/x"), ("l2", LINK, "..")], id="links one after the other"),
        pytest.param(
            [("a/b", FOLDER, ""), ("l", LINK, "a/b/../.."), ("a/b", LINK, "../a")], id="a link that leads out later"
        ),
        pytest.param([("l", LINK, "l/x")], id="a link to itself"),
        pytest.param([("h", HARD_LINK, "../victim")], id="a hard link out"),
        pytest.param([("h", HARD_LINK, "/etc/passwd")], id="a hard link to nowhere"),
        pytest.param([("l", LINK, "f"), ("h", HARD_LINK, "l")], id="a hard link to a link"),
        pytest.param([("d", tarfile.CHRTYPE, "")], id="a device"),
        pytest.param([("p", tarfile.FIFOTYPE, "")], id="a pipe"),
        pytest.param([("f", FILE, "x" * 1000)] * 2000, id="too many bytes"),
        pytest.param([(f"{number}", FILE, "") for number in range(101)], id="too many entries"),
        pytest.param([("", FILE, "x")], id="a file without a name"),
        pytest.param([("n" * 300, FILE, "x")], id="a name that is too long"),
    ],
)
def test_a_hostile_archive_is_refused(entries: list[Entry], folder: Path) -> None:
    """With a clear error, and nothing outside is touched."""
    with pytest.raises(StepError):
        unpack(tar(entries), folder, limits=LIMITS)

    assert (folder.parent / "victim").read_text() == "untouched"
    assert sorted(path.name for path in folder.parent.iterdir()) == ["victim", "workspace"]


def test_links_inside_are_made(folder: Path) -> None:
    """They are the application's; kpack drops them."""
    entries = [
        ("bin/run", FILE, "go"),
        ("run", LINK, "bin/run"),
        ("again", HARD_LINK, "bin/run"),
        ("up/l", LINK, "../bin"),
    ]

    unpack(tar(entries), folder, limits=LIMITS)

    assert (folder / "run").is_symlink()
    assert [(folder / name).read_text() for name in ("run", "again", "up/l/run")] == ["go"] * 3


def test_what_an_entry_replaces_goes_first(folder: Path) -> None:
    """A file is not written through the link, and not into the file, that bore its name."""
    entries = [
        *(("f", FILE, "old"), ("l", LINK, "f"), ("l", FILE, "new"), ("f", HARD_LINK, "f")),
        *(("d", FOLDER, ""), ("d/x", FILE, "1"), ("d", FILE, "a file"), ("l2", LINK, "f"), ("l2", FOLDER, "")),
    ]

    unpack(tar(entries), folder, limits=LIMITS)

    assert [(folder / name).read_text() for name in ("f", "l", "d")] == ["old", "new", "a file"]
    assert not (folder / "l2").is_symlink()


def test_an_entry_over_a_link_inside_lands_inside(folder: Path) -> None:
    """A folder that is a link to another one of the source is as good as it."""
    unpack(tar([("a", FOLDER, ""), ("b", LINK, "a"), ("b/x", FILE, "1")]), folder, limits=LIMITS)

    assert (folder / "a/x").read_text() == "1"


def test_a_folder_can_be_written_into_whatever_its_mode(folder: Path) -> None:
    """Its owner is the step itself, which has to empty it before another try."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        locked = zipfile.ZipInfo("d/")
        locked.external_attr = (stat.S_IFDIR | 0o500) << 16
        archive.writestr(locked, "")
        archive.writestr("d/x", "1")

    unpack(file, folder, limits=LIMITS)

    assert (folder / "d/x").read_text() == "1"


@pytest.mark.parametrize(("target", "fits"), [("x", True), ("../victim", False)])
def test_links_in_a_zip_follow_the_same_rules(folder: Path, target: str, *, fits: bool) -> None:
    """Where kpack writes their target as a file's text."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x", "1")
        link = zipfile.ZipInfo("l")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, target)

    if fits:
        unpack(file, folder, limits=LIMITS)
        assert (folder / "l").is_symlink()
    else:
        with pytest.raises(StepError, match="outside of the source"):
            unpack(file, folder, limits=LIMITS)


def test_a_header_that_would_fill_the_memory_is_refused(folder: Path) -> None:
    """Extended headers are read into memory; no honest one is larger than a megabyte."""
    header = tarfile.TarInfo("././@PaxHeader")
    header.type, header.size = tarfile.XHDTYPE, 1 << 40
    file = io.BytesIO(
        header.tobuf(tarfile.USTAR_FORMAT if header.size < 8 << 30 else tarfile.GNU_FORMAT) + b"\0" * 1024
    )

    with pytest.raises(StepError, match="a header of"):
        unpack(file, folder, limits=LIMITS)


@pytest.mark.parametrize("cut", [20, 200, 600])
def test_a_broken_archive_is_told(folder: Path, cut: int) -> None:
    """Not as a crash."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", "1" * 5000)
    whole = tar([("x", FILE, "1" * 5000)]).getvalue()

    with pytest.raises(StepError, match="broken"):
        unpack(io.BytesIO(zipped.getvalue()[: min(cut, len(zipped.getvalue()) - 10)]), folder, limits=LIMITS)
    with pytest.raises(StepError):
        unpack(io.BytesIO(whole[: cut + 500]), folder, limits=LIMITS)


PARTS = st.lists(st.sampled_from(["a", "b", "c", ".", "..", ""]), min_size=1, max_size=5).map("/".join)
ENTRIES = st.lists(st.tuples(PARTS, st.sampled_from([FILE, FOLDER, LINK, HARD_LINK]), PARTS), max_size=12)


@given(ENTRIES, st.integers(min_value=0, max_value=2))
@settings(max_examples=200, deadline=None)
def test_no_archive_reaches_outside(entries: list[Entry], strip: int) -> None:
    """Whatever its entries: what is outside stays as it was, and no link of what was unpacked leads there."""
    with tempfile.TemporaryDirectory() as place:
        victim, folder = Path(place) / "victim", Path(place) / "x/y/workspace"
        victim.write_text("untouched")
        folder.mkdir(parents=True)

        with suppress(StepError):
            unpack(tar(entries), folder, strip=strip, limits=LIMITS)
            assert all(path.resolve().is_relative_to(folder.resolve()) for path in folder.rglob("*"))

        outside = {str(path.relative_to(place)) for path in Path(place).rglob("*") if folder not in path.parents}
        assert outside == {"victim", "x", "x/y", "x/y/workspace"}
        assert victim.read_text() == "untouched"
