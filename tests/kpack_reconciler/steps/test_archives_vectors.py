"""Archives of blob sources, as kpack unpacks them and safer; the numbers are those of `docs/parity.md`."""

import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kpack_reconciler.steps.archives import UNEXPECTED, unpack
from kpack_reconciler.steps.report import StepError
from kpack_reconciler.steps.unpacking import Limits

TREE = {"testdir/testfile": b"content"}
FAT, UNIX = 0, 3
USUAL = Limits()


def tarred(files: Mapping[str, bytes], mode: int = 0o644) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def zipped(files: Mapping[str, bytes], system: int = UNIX, mode: int = 0o644) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = system, (mode << 16 if system == UNIX else 0)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return file.getvalue()


def gzipped(files: Mapping[str, bytes]) -> bytes:
    return gzip.compress(tarred(files))


FORMS = [pytest.param(form, id=form.__name__) for form in (zipped, tarred, gzipped)]
Form = Callable[[Mapping[str, bytes]], bytes]


def unpacked(archive: bytes, folder: Path, *, strip: int = 0, limits: Limits = USUAL) -> dict[str, bytes]:
    """The files that come of it, by name."""
    target = folder / "workspace"
    target.mkdir()
    unpack(io.BytesIO(archive), target, strip=strip, limits=limits)
    return {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_gives_the_tree(form: Form, tmp_path: Path) -> None:
    """C87, R198: the content tells the form."""
    assert unpacked(form(TREE), tmp_path) == TREE


@pytest.mark.parametrize(
    ("archive", "mode"),
    [
        pytest.param(zipped(TREE, FAT), 0o777, id="C88 R198 zip made on FAT"),
        pytest.param(zipped(TREE, UNIX, 0o755), 0o755, id="C88 R198 zip"),
        pytest.param(tarred(TREE, 0o755), 0o755, id="C88 R198 tar"),
        pytest.param(tarred(TREE, 0o6755), 0o755, id="C88 without set-uid and set-gid"),
    ],
)
def test_modes_are_kept(archive: bytes, mode: int, tmp_path: Path) -> None:
    """Minus the umask, which is the process' own."""
    unpacked(archive, tmp_path)

    given = (tmp_path / "workspace/testdir/testfile").stat().st_mode & 0o7777
    assert given == mode & ~umask()


def umask() -> int:
    """The process' umask, as Linux tells it."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("Umask:"))
    return int(line.split()[1], 8)


@pytest.mark.parametrize("form", FORMS)
def test_a_leading_folder_is_stripped(form: Form, tmp_path: Path) -> None:
    """C89, R199: only what lies in it is left."""
    assert unpacked(form({"parent/child.txt": b"x"}), tmp_path, strip=1) == {"child.txt": b"x"}


@pytest.mark.parametrize(
    ("entry", "strip", "name"),
    [
        pytest.param("parent/child.txt", 1, "child.txt", id="C90 a folder"),
        pytest.param("./parent/child.txt", 1, "parent/child.txt", id="C90 a dot counts"),
        pytest.param("/abs/x", 0, "abs/x", id="C90 absolute"),
        pytest.param("/abs/x", 1, "abs/x", id="C90 an empty piece counts"),
        pytest.param("a/b/c", 2, "c", id="C90 two"),
        pytest.param("a/b", 3, None, id="C90 too short"),
        pytest.param("a//b", 1, "b", id="C90 two slashes"),
    ],
)
def test_pieces_of_a_name_are_stripped(entry: str, strip: int, name: str | None, tmp_path: Path) -> None:
    """Pieces are counted as they are written; what is left is cleaned."""
    assert unpacked(tarred({entry: b"x"}), tmp_path, strip=strip) == ({} if name is None else {name: b"x"})


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"hello, world\n", id="C91 R201 text"),
        pytest.param(b"<!DOCTYPE html><html></html>", id="C91 R201 html"),
        pytest.param(b"PK\x05\x06" + b"\0" * 18, id="C91 empty zip"),
        pytest.param(lzma.compress(tarred(TREE)), id="C91 xz"),
        pytest.param(b"", id="C91 nothing"),
    ],
)
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    """In kpack's words."""
    with pytest.raises(StepError) as caught:
        unpacked(content, tmp_path)

    assert str(caught.value) == UNEXPECTED == "unexpected blob file type, must be one of .zip, .tar.gz, .tar, .jar"


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_written_outside(form: Form, tmp_path: Path) -> None:
    """C99: the archive is refused (kpack writes there)."""
    with pytest.raises(StepError, match="outside"):
        unpacked(form({"../x": b"x"}), tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["workspace"]


def test_a_tar_is_known_by_its_header(tmp_path: Path) -> None:
    """C99: also one whose first entry has a name like an image's first bytes (kpack takes it for one)."""
    assert unpacked(tarred({"BMW/x": b"x"}), tmp_path) == {"BMW/x": b"x"}


@pytest.mark.parametrize("form", [pytest.param(zipped, id="zipped"), pytest.param(gzipped, id="gzipped")])
def test_an_archive_that_grows_without_end_is_refused(form: Form, tmp_path: Path) -> None:
    """C163: at the limit, which the message names; nothing but what was unpacked by then is on the disk."""
    with pytest.raises(StepError, match="larger than 1 MiB when unpacked"):
        unpacked(form({"zeros": bytes(8 << 20)}), tmp_path, limits=Limits(unpacked=1 << 20))

    assert (tmp_path / "workspace/zeros").stat().st_size <= 2 << 20
