import errno
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.errors import DevError
from dev.images.layers import Entry, Layer, make_layer, tree

ENTRIES = [
    Entry(name="b", content=b"text", mode=0o644, owner=1000),
    Entry(name="a"),
    Entry(name="c", link="b"),
]


def members(layer: Layer) -> list[tuple[str, int, int, float, bytes]]:
    with tarfile.open(layer.path) as tar:
        return [(member.name, member.mode, member.uid, member.mtime, member.type) for member in tar]


def test_a_layer_is_sorted_numeric_and_of_one_time(tmp_path: Path) -> None:
    """Entries are sorted, owners are numbers, every time is that of buildpacks."""
    layer = make_layer(tmp_path, "key", lambda _work: ENTRIES)

    assert members(layer) == [
        ("a", 0o755, 0, 315532801, tarfile.DIRTYPE),
        ("b", 0o644, 1000, 315532801, tarfile.REGTYPE),
        ("c", 0o755, 0, 315532801, tarfile.SYMTYPE),
    ]


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two machines make one digest, whatever the order of the entries and the time of day."""
    here = make_layer(tmp_path / "here", "key", lambda _work: ENTRIES)
    there = make_layer(tmp_path / "there", "key", lambda _work: reversed(ENTRIES))

    assert (here.digest, here.diff_id, here.size) == (there.digest, there.diff_id, there.size)


def test_a_layer_is_made_once(tmp_path: Path) -> None:
    """The second time it comes from the cache, without asking for its entries."""
    first = make_layer(tmp_path, "key", lambda _work: ENTRIES)

    second = make_layer(tmp_path, "key", lambda _work: pytest.fail("made again"))

    assert second == first


def test_a_layer_whose_file_is_gone_is_made_again(tmp_path: Path) -> None:
    """A cache that someone cleaned by hand heals itself."""
    first = make_layer(tmp_path, "key", lambda _work: ENTRIES)
    first.path.unlink()

    assert make_layer(tmp_path, "key", lambda _work: ENTRIES).path.exists()


def test_a_crash_leaves_nothing(tmp_path: Path) -> None:
    """A layer that failed half-way is not in the cache."""

    def failing(_work: Path) -> Iterator[Entry]:
        yield ENTRIES[0]
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        make_layer(tmp_path, "key", failing)

    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_with_the_next_step(tmp_path: Path) -> None:
    """A layer for which there is no room leaves nothing behind, and the message names the folder and the remedy."""

    def failing(_work: Path) -> Iterator[Entry]:
        yield ENTRIES[0]
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DevError, match=r"The disk is full\. Free some space, or point PULUMI_KPACK_CACHE") as caught:
        make_layer(tmp_path, "key", failing)

    assert str(tmp_path) in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_a_tree_keeps_modes_and_links(tmp_path: Path) -> None:
    """A folder is listed as it is, below a prefix, without what is not kept."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "run"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o750)
    (tmp_path / "link").symlink_to("bin/run")
    (tmp_path / "dropped").write_text("")

    entries = tree(tmp_path, prefix="opt/", owner=7, keep=lambda path: path != "dropped")

    assert [(entry.name, entry.link, entry.owner) for entry in entries] == [
        ("opt/bin", "", 7),
        ("opt/bin/run", "", 7),
        ("opt/link", "bin/run", 7),
    ]
    assert entries[1].mode == 0o750
