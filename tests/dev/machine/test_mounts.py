from pathlib import Path

import pytest

from dev.errors import DevError
from dev.machine import mounts
from dev.machine.mounts import mounts_below, remove_tree

MOUNTINFO = """\
22 1 254:0 / / rw - ext4 /dev/vda rw
90 22 0:50 / /state/run/shm rw - tmpfs shm rw
91 22 0:51 / /state/run/root\\040fs rw - overlay overlay rw
92 91 0:52 / /state/run/root\\040fs/secret rw - tmpfs tmpfs rw
93 22 0:53 / /statement rw - tmpfs tmpfs rw
"""


def test_mounts_are_listed_innermost_first(tmp_path: Path) -> None:
    """The newest mount is undone first; neighbours with a like name are none of ours; blanks are decoded."""
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(MOUNTINFO)

    found = mounts_below(Path("/state"), mountinfo=mountinfo)

    assert found == (Path("/state/run/root fs/secret"), Path("/state/run/root fs"), Path("/state/run/shm"))


def test_a_folder_with_a_mount_is_not_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mount may show the machine's own files: removing through it would remove those."""
    monkeypatch.setattr(mounts, "mounts_below", lambda directory: (directory / "host",))

    with pytest.raises(DevError, match="still mounted"):
        remove_tree(tmp_path)

    assert tmp_path.exists()


def test_a_folder_without_mounts_is_removed(tmp_path: Path) -> None:
    """The state goes with everything in it; a second time is no error."""
    folder = tmp_path / "state"
    (folder / "deep").mkdir(parents=True)

    remove_tree(folder)
    remove_tree(folder)

    assert not folder.exists()
