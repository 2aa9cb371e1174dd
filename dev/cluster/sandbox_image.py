"""The image that holds a pod's namespaces, made of the machine's static busybox.

Owns its name and content: `/bin/busybox`, one link per applet, and `sleep` as its program. It does for small
test pods, too. Written as a Docker archive, the form `ctr images import` takes; the same busybox gives the
same bytes.
"""

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Final

from dev.machine.commands import run

SANDBOX_IMAGE: Final = "pulumi-kpack.dev/sandbox:1"
BUSYBOX: Final = Path("/bin/busybox")
PROGRAM: Final = ("/bin/busybox", "sleep", "infinity")


def write_archive(path: Path, *, busybox: Path = BUSYBOX) -> None:
    """Write the image as an archive."""
    applets = [name for name in run([str(busybox), "--list"]).split() if name != "busybox"]
    layer = layer_tar(busybox.read_bytes(), applets=applets)
    config = image_config(layer)
    manifest = [{"Config": "config.json", "RepoTags": [SANDBOX_IMAGE], "Layers": ["layer.tar"]}]
    with tarfile.open(path, "w") as archive:
        _add(archive, "layer.tar", layer, mode=0o644)
        _add(archive, "config.json", config, mode=0o644)
        _add(archive, "manifest.json", json.dumps(manifest).encode(), mode=0o644)


def layer_tar(busybox: bytes, *, applets: list[str]) -> bytes:
    """Pack the file system: busybox, its links, an empty `/tmp`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as layer:
        _add(layer, "bin/busybox", busybox, mode=0o755)
        for applet in sorted(applets):
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            layer.addfile(link)
        folder = tarfile.TarInfo("tmp")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
        layer.addfile(folder)
    return buffer.getvalue()


def image_config(layer: bytes) -> bytes:
    """Write the image's configuration."""
    return json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": list(PROGRAM), "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()


def _add(archive: tarfile.TarFile, name: str, content: bytes, *, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))
