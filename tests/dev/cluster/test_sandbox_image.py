import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from dev.cluster.sandbox_image import SANDBOX_IMAGE, write_archive


@pytest.fixture
def busybox(tmp_path: Path) -> Path:
    """Make a program that lists applets as busybox does."""
    program = tmp_path / "busybox"
    program.write_text("#!/bin/sh\necho sh; echo busybox; echo sleep\n")
    program.chmod(0o755)
    return program


def test_the_archive_names_and_digests_agree(tmp_path: Path, busybox: Path) -> None:
    """The runtime refuses an image whose configuration does not name its layers by digest."""
    write_archive(tmp_path / "image.tar", busybox=busybox)

    with tarfile.open(tmp_path / "image.tar") as archive:
        content = {name: archive.extractfile(name).read() for name in archive.getnames()}  # type: ignore[union-attr]
    (entry,) = json.loads(content["manifest.json"])
    config = json.loads(content[entry["Config"]])
    (layer,) = entry["Layers"]
    assert entry["RepoTags"] == [SANDBOX_IMAGE]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(content[layer]).hexdigest()}"]
    with tarfile.open(fileobj=io.BytesIO(content[layer])) as files:
        assert set(files.getnames()) == {"bin/busybox", "bin/sh", "bin/sleep", "tmp"}
        assert files.getmember("bin/sh").linkname == "busybox"


def test_the_same_busybox_gives_the_same_bytes(tmp_path: Path, busybox: Path) -> None:
    """Nothing of the moment is in the image."""
    for name in ("one.tar", "two.tar"):
        write_archive(tmp_path / name, busybox=busybox)

    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
