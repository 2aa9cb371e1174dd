"""Debian packages that give the tools of the environment.

Owns which package brings which tool and their installation. A tool that is already there, from whatever
source, is used as it is: only packages of missing tools are installed, by one `apt-get install`. Services
that packages bring along are kept from starting: the environment runs its own processes.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dev.errors import DevError, tail

POLICY: Final = Path("/usr/sbin/policy-rc.d")
"""Debian's switch for starting services at installation: exit code 101 forbids it."""

SYSTEM_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
INSTALL_TIMEOUT_SECONDS: Final = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program or file that is needed; `places` are looked at when it is no program on PATH."""

    name: str
    package: str
    places: tuple[Path, ...] = ()

    def find(self) -> Path | None:
        """Return where the tool lies, None when it is missing."""
        on_path = shutil.which(self.name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}")
        if on_path is not None and not self.places:
            return Path(on_path)
        return next((place for place in self.places if place.exists()), None)


CNI_DIRECTORIES: Final = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))

CLUSTER_TOOLS: Final = (
    Tool(name="containerd", package="containerd"),
    Tool(name="containerd-shim-runc-v2", package="containerd"),
    Tool(name="ctr", package="containerd"),
    Tool(name="runc", package="runc"),
    Tool(name="ptp", package="containernetworking-plugins", places=tuple(d / "ptp" for d in CNI_DIRECTORIES)),
    Tool(name="docker-registry", package="docker-registry"),
    Tool(name="iptables", package="iptables"),
    Tool(name="conntrack", package="conntrack"),
    Tool(name="ip", package="iproute2"),
    Tool(name="nsenter", package="util-linux"),
    Tool(name="mount", package="mount"),
    Tool(name="git", package="git"),
    Tool(
        name="busybox",
        package="busybox-static",
        places=(Path("/var/lib/dpkg/info/busybox-static.list"),),
    ),
)


def missing(tools: Sequence[Tool]) -> tuple[str, ...]:
    """Name the packages, each once, whose tools are not on the machine."""
    return tuple(dict.fromkeys(tool.package for tool in tools if tool.find() is None))


def install(packages: Sequence[str], *, log: Path) -> None:
    """Install packages; apt's lists are fetched only when it does not know one. Output goes to `log`."""
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    log.parent.mkdir(parents=True, exist_ok=True)
    with services_held_back():
        if _logged(command, log) == 0:
            return
        if _logged(["apt-get", "update"], log) == 0 and _logged(command, log) == 0:
            return
    raise DevError(
        f"apt-get could not install {' '.join(packages)}: {_reason(log)}; "
        f"install them by hand (`apt-get install {' '.join(packages)}`) and start again",
        log,
    )


def _logged(command: Sequence[str], log: Path) -> int:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    with log.open("ab") as stream:
        return subprocess.run(  # noqa: PLW1510 - the exit code is the answer
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env=environment,
            timeout=INSTALL_TIMEOUT_SECONDS,
        ).returncode


def _reason(log: Path) -> str:
    errors = [line for line in tail(log, lines=200) if line.startswith("E:")]
    return errors[-1] if errors else "see the log"


@contextmanager
def services_held_back() -> Iterator[None]:
    """Keep packages from starting their services while the block runs; a policy that exists is left alone."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)
