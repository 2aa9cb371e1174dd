"""The reconciler's image: Debian with Python and git, the locked libraries, and our two packages.

Owns which parts of the lock go in: what runs in the cluster (`reconciler` extra), never Pulumi.
"""

import hashlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dev.images.images import ComposedImage
from dev.images.layers import Entry, Layer, make_layer, tree
from dev.images.rootfs import RECONCILER_ROOT, Report, debian_layer
from dev.machine.commands import run
from dev.state import CHECKOUT
from kpack_api.process import MODULE, USER_ID

PACKAGES: Final = ("kpack_api", "kpack_reconciler")
LIBRARIES: Final = "opt/lib"
APPLICATION: Final = "opt/app"
PYTHON: Final = "3.11"
SECONDS: Final = 600.0
EXCLUDED: Final = ("pulumi", "pulumi-docker-build", "pulumi-kubernetes")
ENVIRONMENT: Final = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "PYTHONPATH": f"/{LIBRARIES}:/{APPLICATION}",
    "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "LANG": "C.UTF-8",
}


def reconciler_image(cache: Path, report: Report) -> ComposedImage:
    """Give the image; its entry point takes one of `kpack_api.process.Command`."""
    layers = (
        debian_layer(cache, RECONCILER_ROOT, user=USER_ID, report=report),
        libraries_layer(cache),
        application_layer(cache),
    )
    return ComposedImage(
        layers=layers,
        environment=ENVIRONMENT,
        user=f"{USER_ID}:{USER_ID}",
        entrypoint=("python3", "-m", MODULE),
        working_directory="/tmp",  # noqa: S108 - the only folder that is writable in its pods
    )


def libraries_layer(cache: Path) -> Layer:
    """Give the locked libraries of the `reconciler` extra, compiled."""
    requirements = locked_requirements()
    key = f"libraries {requirements} v2"
    return make_layer(cache / "layers", key, lambda work: _library_entries(work, requirements))


def application_layer(cache: Path) -> Layer:
    """Give our packages, compiled; keyed by their content."""
    sources = [path for package in PACKAGES for path in sorted((CHECKOUT / "components" / package).rglob("*.py"))]
    content = hashlib.sha256()
    for path in sources:
        content.update(f"{path.relative_to(CHECKOUT)}\n".encode() + path.read_bytes())
    key = f"application {content.hexdigest()} v2"
    return make_layer(cache / "layers", key, _application_entries)


def locked_requirements() -> str:
    """Give the exact versions and hashes from the lock, without what only a Pulumi program needs."""
    uv = shutil.which("uv") or str(CHECKOUT / ".uv" / "bin" / "uv")
    command = [uv, "export", "--frozen", "--no-dev", "--extra=reconciler", "--no-emit-project", "--no-header"]
    return run([*command, *(f"--prune={name}" for name in EXCLUDED)], timeout=SECONDS)


def _library_entries(work: Path, requirements: str) -> Iterator[Entry]:
    target, file = work / "libraries", work / "requirements.txt"
    file.write_text(requirements)
    uv = shutil.which("uv") or str(CHECKOUT / ".uv" / "bin" / "uv")
    options = ["--only-binary=:all:", f"--python-version={PYTHON}", f"--target={target}", f"--python={sys.executable}"]
    run([uv, "pip", "install", "--quiet", *options, f"--requirement={file}"], timeout=SECONDS)
    _compile(target)
    yield from (Entry(name="opt"), Entry(name=LIBRARIES), *tree(target, prefix=f"{LIBRARIES}/"))


def _application_entries(work: Path) -> Iterator[Entry]:
    target = work / "application"
    for package in PACKAGES:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / "components" / package, target / package, ignore=ignore)
    for path in target.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    _compile(target)
    yield from (Entry(name="opt"), Entry(name=APPLICATION), *tree(target, prefix=f"{APPLICATION}/"))


def _compile(folder: Path) -> None:
    """Compile for any file time; with another minor version than the image's, Python compiles when it starts."""
    if sys.version_info[:2] == (3, 11):
        run(
            [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(folder)],
            timeout=SECONDS,
        )
