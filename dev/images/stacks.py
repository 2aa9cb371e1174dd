"""The sample stack: the image that buildpacks run in and the image that applications run on."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dev.errors import DevError
from dev.images.images import ComposedImage
from dev.images.layers import Entry, Layer, digest_of, make_layer, tree
from dev.images.rootfs import BUILD_ROOT, Report, debian_layer
from dev.state import CHECKOUT

STACK_ID: Final = "kpack.sample.stacks.bookworm"
USER: Final = 1000
PATH: Final = "/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")
LABELS: Final = {
    "io.buildpacks.stack.id": STACK_ID,
    "io.buildpacks.base.distro.name": "debian",
    "io.buildpacks.base.distro.version": "12",
}
SAMPLE: Final = CHECKOUT / "dev" / "samples" / "go-sample-app"
GO_SETTINGS: Final[Mapping[str, str]] = {
    "CGO_ENABLED": "0",
    "GOFLAGS": "-buildvcs=false",
    "GOPROXY": "off",
    "GOTOOLCHAIN": "local",
}
"""How the Go buildpack compiles; the compiler's cache serves only who compiles alike."""
LEFT_OUT_OF_GO: Final = ("api/", "doc/", "misc/", "test/", "src/cmd/", "pkg/obj/")


def build_image(cache: Path, report: Report) -> ComposedImage:
    """Give Debian with the machine's Go toolchain and its warm cache; runs as user 1000."""
    debian = debian_layer(cache, BUILD_ROOT, user=USER, report=report)
    layers = (debian, go_layer(cache), go_cache_layer(cache, report))
    environment = {"PATH": PATH, "CNB_USER_ID": str(USER), "CNB_GROUP_ID": str(USER), "CNB_STACK_ID": STACK_ID}
    return ComposedImage(layers=layers, environment=environment, labels=LABELS, user=f"{USER}:{USER}")


def run_image(cache: Path, *, build_id: str = "1") -> ComposedImage:
    """Give what a static program needs: users, certificates, /tmp. Rebasing applications onto it is allowed.

    `build_id` tells one release of the image from the next: it is written into os-release.
    """
    certificates = digest_of(CERTIFICATES) if CERTIFICATES.exists() else "none"
    layer = make_layer(
        cache / "layers", f"run image {build_id}, certificates {certificates} v1", lambda _work: _run_entries(build_id)
    )
    labels = {**LABELS, "io.buildpacks.base.id": STACK_ID, "io.buildpacks.rebasable": "true"}
    environment = {"PATH": "/usr/bin:/bin"}
    return ComposedImage(layers=(layer,), environment=environment, labels=labels, user=f"{USER}:{USER}")


def go_layer(cache: Path) -> Layer:
    """Give the Go toolchain of this machine at /usr/local/go, without what a build does not read."""
    root = Path(_go("env", "GOROOT"))
    key = f"go {_go('version')} v1"
    return make_layer(
        cache / "layers", key, lambda _work: tree(root.resolve(), prefix="usr/local/go/", keep=_is_needed)
    )


def go_cache_layer(cache: Path, report: Report) -> Layer:
    """Give the compiler's cache after a build of the sample application, at /usr/local/go-cache.

    A first build then compiles the application alone: seconds, where Go's own packages take up to a minute.
    """

    def entries(work: Path) -> list[Entry]:
        report("compiling Go's own packages for the first builds")
        settings = {**os.environ, **GO_SETTINGS, "GOCACHE": str(work / "cache"), "GOPATH": str(work / "path")}
        _go("build", "-C", str(SAMPLE), "-trimpath", "-o", str(work / "web"), ".", settings=settings)
        return tree(work / "cache", prefix="usr/local/go-cache/")

    sources = " ".join(digest_of(path) for path in sorted(SAMPLE.iterdir()))
    return make_layer(cache / "layers", f"go cache {_go('version')} {GO_SETTINGS} {sources} v1", entries)


def _go(*arguments: str, settings: Mapping[str, str] | None = None) -> str:
    try:
        return subprocess.run(
            ["go", *arguments], check=True, capture_output=True, text=True, timeout=600, env=settings
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise DevError("Go is needed for the sample builder; install it and run `make up` again") from error


def _is_needed(path: str) -> bool:
    is_left_out = any(path.startswith(left_out) for left_out in LEFT_OUT_OF_GO)
    return not is_left_out and "testdata" not in path and not path.endswith("_test.go")


def _run_entries(build_id: str) -> list[Entry]:
    release = f'ID=debian\nVERSION_ID="12"\nBUILD_ID="{build_id}"\n'
    passwd = f"root:x:0:0::/root:/sbin/nologin\ncnb:x:{USER}:{USER}::/home/cnb:/sbin/nologin\n"
    return [
        Entry(name="etc"),
        Entry(name="etc/passwd", content=passwd.encode(), mode=0o644),
        Entry(name="etc/group", content=f"root:x:0:\ncnb:x:{USER}:\n".encode(), mode=0o644),
        Entry(name="etc/os-release", content=release.encode(), mode=0o644),
        Entry(name="etc/ssl"),
        Entry(name="etc/ssl/certs"),
        *([Entry(name="etc/ssl/certs/ca-certificates.crt", content=CERTIFICATES, mode=0o644)] * CERTIFICATES.exists()),
        Entry(name="home"),
        Entry(name="home/cnb", owner=USER),
        Entry(name="tmp", mode=0o1777),
    ]
