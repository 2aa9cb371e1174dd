"""Kernel settings of the machine that an environment changes.

Owns remembering them before and putting them back. Rules:
- one file for all environments of the machine keeps what was there before the first of them;
- the last environment puts it back.
"""

from pathlib import Path
from typing import Final

import msgspec

ROOT: Final = Path("/proc/sys")
FORWARDING: Final = "net/ipv4/ip_forward"

CHANGED: Final = (
    FORWARDING,
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
"""Forwarding is switched on by `network`, the others are set by the kubelet when it starts."""


def remember(file: Path, *, root: Path = ROOT) -> None:
    """Keep the present values, unless an environment did so before."""
    if not file.exists():
        values = {name: _read(root / name) for name in CHANGED if (root / name).exists()}
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(msgspec.json.encode(values))


def restore(file: Path, *, root: Path = ROOT) -> None:
    """Put the remembered values back and forget them; nothing happens when there are none."""
    if not file.exists():
        return
    values = msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    for name, value in values.items():
        if _read(root / name) != value:
            (root / name).write_text(value)
    file.unlink()


def is_forwarding(*, root: Path = ROOT) -> bool:
    """Tell whether the machine forwards packets."""
    return _read(root / FORWARDING) == "1"


def forward(*, root: Path = ROOT) -> None:
    """Let the machine forward packets."""
    (root / FORWARDING).write_text("1")


def _read(path: Path) -> str:
    return path.read_text().strip()
