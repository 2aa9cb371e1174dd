from pathlib import Path

import pytest

from dev.errors import DevError
from dev.images.rootfs import BUILD_ROOT, debian_layer, forecast


@pytest.fixture
def debootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A debootstrap first on PATH, to be written by the test."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder / "debootstrap"


def write_program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_root_becomes_a_layer_and_its_making_is_told(tmp_path: Path, debootstrap: Path) -> None:
    """Each line of debootstrap is passed on, with the time that is left; the user of the image is added."""
    write_program(debootstrap, 'for last; do :; done; mkdir -p "$last/etc"; echo "I: Unpacking libc6..."')
    told: list[str] = []

    layer = debian_layer(tmp_path / "cache", BUILD_ROOT, user=1000, report=told.append)

    assert layer.path.exists()
    assert told == ["Debian for builds: Unpacking libc6..., 0 s so far, about 60 s left"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("E: Couldn't find these debs: nope", "debootstrap could not make a Debian root"),
        ("tar: write error: No space left on device", "The disk is full"),
    ],
)
def test_a_root_that_cannot_be_made_is_told(tmp_path: Path, debootstrap: Path, words: str, message: str) -> None:
    """A failure of debootstrap names the next step, and leaves no layer."""
    write_program(debootstrap, f'echo "{words}" >&2; exit 1')

    with pytest.raises(DevError, match=message):
        debian_layer(tmp_path / "cache", BUILD_ROOT, user=1000, report=lambda _text: None)

    assert list((tmp_path / "cache" / "layers").iterdir()) == []


@pytest.mark.parametrize(
    ("lines", "elapsed", "left"),
    [
        pytest.param(0, 0.0, "0 s so far, about 60 s left", id="nothing done: the typical time"),
        pytest.param(228, 60.0, "60 s so far, about 60 s left", id="half in twice the time: this machine's pace"),
        pytest.param(500, 70.0, "70 s so far, about 0 s left", id="more lines than usual"),
    ],
)
def test_the_time_left_follows_the_machine(lines: int, elapsed: float, left: str) -> None:
    """The forecast starts from what is typical and follows this machine's pace."""
    assert forecast(BUILD_ROOT, lines=lines, elapsed=elapsed) == left
