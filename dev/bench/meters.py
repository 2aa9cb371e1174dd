"""What is read before and after a measured span, and the difference: requests, processor time, memory.

Owns how the sources are read: the API server's own metrics, /proc, the registry's access log, the git server's count.

Rules:
- Requests are counted by the servers, not by the clients.
- Of the API server's requests those for the objects in `RESOURCES` count; watches do not: they are counted when they
  end, in whatever span that is. The API server's own Lease, some 6 requests a minute, is among them for everybody.
"""

import os
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from dev.bench.load import Api
from dev.bench.place import Place
from dev.cluster import control_plane
from dev.services import registry

RESOURCES: Final = frozenset(
    {
        "images",
        "builds",
        "sourceresolvers",
        "builders",
        "clusterbuilders",
        "clusterstacks",
        "clusterstores",
        "clusterlifecycles",
        "buildpacks",
        "clusterbuildpacks",
        "pods",
        "secrets",
        "serviceaccounts",
        "configmaps",
        "persistentvolumeclaims",
        "events",
        "leases",
    }
)
_TOTAL = "apiserver_request_total{"
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_ACCESS = re.compile(rb'"[A-Z]+ (/v2/\S*) HTTP/1\.1" \d+ (\d+)')
_KILOBYTES = re.compile(r"^(VmRSS|VmHWM):\s+(\d+) kB$", re.MULTILINE)

Requests = Counter[str]
"""How many requests by `<VERB> <resource>[/<subresource>]`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a process has used: seconds of processor time; megabytes in memory, now and at most."""

    cpu_seconds: float
    megabytes: float
    peak_megabytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All sources at one time; `at` is of the monotonic clock, `plane_seconds` of API server and etcd together."""

    at: float
    controller: Usage
    api: Requests
    registry: int
    registry_bytes: int
    git: int
    plane_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """The difference of two readings; megabytes are those of the second."""

    seconds: float
    cpu_seconds: float
    megabytes: float
    peak_megabytes: float
    api: Requests
    registry: int
    registry_bytes: int
    git: int
    plane_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Reads everything about a place and the controller of this name."""

    place: Place
    api: Api
    controller: str

    async def read(self) -> Reading:
        """Read all sources."""
        requests, size = access_log(self.place.cluster.processes.log(registry.NAME).read_bytes())
        return Reading(
            at=time.monotonic(),
            controller=usage_of(self.place.pid(self.controller)),
            api=api_requests(await self.api.text("/metrics")),
            registry=requests,
            registry_bytes=size,
            git=self._git(),
            plane_seconds=sum(
                usage_of(self.place.pid(name)).cpu_seconds for name in (control_plane.API_SERVER, control_plane.ETCD)
            ),
        )

    def _git(self) -> int:
        with urlopen(f"{self.place.git_url}/-/requests") as answer:  # noqa: S310 - a server of ours
            return int(answer.read())


def spent(before: Reading, after: Reading, *, own: Mapping[str, int]) -> Spent:
    """Give what happened between two readings, without the load generator's `own` requests."""
    api = Counter(after.api)
    api.subtract(before.api)
    api.subtract(own)
    return Spent(
        seconds=after.at - before.at,
        cpu_seconds=after.controller.cpu_seconds - before.controller.cpu_seconds,
        megabytes=after.controller.megabytes,
        peak_megabytes=after.controller.peak_megabytes,
        api=+api,
        registry=after.registry - before.registry,
        registry_bytes=after.registry_bytes - before.registry_bytes,
        git=after.git - before.git,
        plane_seconds=after.plane_seconds - before.plane_seconds,
    )


def api_requests(exposition: str) -> Requests:
    """Read the requests out of the API server's metrics (`apiserver_request_total`)."""
    counted: Requests = Counter()
    for line in exposition.splitlines():
        if not line.startswith(_TOTAL):
            continue
        labels = dict(_LABEL.findall(line))
        resource, sub, verb = labels.get("resource", ""), labels.get("subresource", ""), labels.get("verb", "")
        if resource in RESOURCES and verb != "WATCH":
            counted[f"{verb} {resource}{f'/{sub}' if sub else ''}"] += int(float(line.rpartition(" ")[2]))
    return counted


def access_log(log: bytes) -> tuple[int, int]:
    """Count the requests in a registry's log, and the bytes of the answers."""
    answered = [int(size) for path, size in _ACCESS.findall(log)]
    return len(answered), sum(answered)


def usage_of(pid: int) -> Usage:
    """Read what a process has used."""
    folder = Path(f"/proc/{pid}")
    return read_usage((folder / "status").read_text(), (folder / "stat").read_text())


def read_usage(status: str, stat: str) -> Usage:
    """Read usage out of the files `status` and `stat` of proc(5)."""
    memory = {name: int(kilobytes) / 1024 for name, kilobytes in _KILOBYTES.findall(status)}
    fields = stat.rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return Usage(
        cpu_seconds=ticks / os.sysconf("SC_CLK_TCK"),
        megabytes=memory["VmRSS"],
        peak_megabytes=memory["VmHWM"],
    )
