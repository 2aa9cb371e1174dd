"""Files and folders: written whole, removed when nobody has anything in them."""

from contextlib import suppress
from pathlib import Path


def write(path: Path, content: str, *, mode: int = 0o600) -> bool:
    """Give a file this content; True when it had another. It is complete at any time; its folder is made."""
    if path.exists() and path.read_text() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.touch(mode=mode)
    fresh.write_text(content)
    fresh.replace(path)
    return True


def remove_empty(*folders: Path) -> None:
    """Remove folders, in this order, as far as they exist and are empty."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
