"""A cluster in memory in which builds run: FakeKubernetes, and pods that have logs.

A log is a list of chunks. `None` among them breaks the connection at that point, once; `CUT` ends the stream there in
good order, once, as a restart of the kubelet does. Two lines are written in each second.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from tests.fakes.kubernetes import FakeKubernetes, RefusedError

Json = dict[str, Any]
IMAGES = "/apis/build.pivotal.io/v1alpha1/namespaces/default/images"
BUILDS = "/apis/build.pivotal.io/v1alpha1/namespaces/default/builds"
PODS = "/api/v1/namespaces/default/pods"


class _Cut:
    """The type of `CUT`."""


CUT = _Cut()
Chunk = bytes | _Cut | None


class BuildCluster(FakeKubernetes):
    """Objects of the namespace `default` and the logs of their containers, by pod and container."""

    def __init__(self) -> None:
        super().__init__()
        self.logs: dict[tuple[str, str], list[Chunk]] = {}
        self.kubeconfig = Path()

    @asynccontextmanager
    async def serve_to_people(self, folder: Path) -> AsyncIterator[None]:
        """Serve while the context is open, and leave a kubeconfig that says where."""
        async with self.serve() as config:
            self.kubeconfig = folder / "kubeconfig"
            document = {
                "current-context": "fake",
                "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "nobody"}}],
                "clusters": [{"name": "fake", "cluster": {"server": config.server}}],
                "users": [{"name": "nobody", "user": {"token": "none"}}],
            }
            self.kubeconfig.write_bytes(msgspec.json.encode(document))
            yield

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        pod, _, rest = request.path.removeprefix(f"{PODS}/").partition("/")
        if rest != "log":
            return await super()._answer(request)
        self.requests.append((request.method, request.path))
        try:
            self._refuse(request)
        except RefusedError as error:
            return web.json_response(error.body, status=error.code)
        response = web.StreamResponse()
        await response.prepare(request)
        chunks = self.logs[pod, request.query["container"]]
        for place, chunk in enumerate(chunks):
            if not isinstance(chunk, bytes):
                del chunks[place]
                if chunk is None:
                    assert request.transport is not None
                    request.transport.close()
                return response
            earlier = b"".join(chunk for chunk in chunks[:place] if isinstance(chunk, bytes))
            for piece in _stamped(chunk, earlier, since=request.query.get("sinceTime", "")):
                await response.write(piece)
        return response


def _stamped(chunk: bytes, earlier: bytes, *, since: str) -> Iterator[bytes]:
    """The lines of a chunk of a log with their times, from this second on; a begun line goes on without one."""
    number, begins = earlier.count(b"\n"), not earlier or earlier.endswith(b"\n")
    for piece in chunk.splitlines(keepends=True):
        second = f"2026-11-24T10:00:{number // 2:02d}"
        if f"{second}Z" >= since:
            yield (f"{second}.{number % 2}Z ".encode() if begins else b"") + piece
        number, begins = number + 1, True


def an_image(*, name: str = "app", **status: Any) -> Json:
    """An Image of generation 1 that the controller has seen."""
    return {"metadata": {"name": name, "generation": 1}, "spec": {}, "status": {"observedGeneration": 1, **status}}


def a_condition(kind: str, status: str, reason: str = "", message: str = "") -> Json:
    """A condition."""
    return {"type": kind, "status": status, "reason": reason, "message": message}


def a_build(number: int, *, succeeded: Json | None = None, pod: str = "") -> Json:
    """A Build of the Image `app`; `succeeded` is its condition, `pod` the name of its pod."""
    labels = {"image.build.pivotal.io/image": "app", "image.build.pivotal.io/buildNumber": str(number)}
    status = {"podName": pod, "conditions": [succeeded] if succeeded else []}
    return {"metadata": {"name": f"app-build-{number}-x", "labels": labels}, "spec": {}, "status": status}


def a_pod(name: str, steps: dict[str, Json], *, phase: str = "Running", build: int = 1) -> Json:
    """A pod of a build of the Image `app`: its steps with their container states.

    The last one is the only regular container.
    """
    *init, last = [{"name": step, "image": "any"} for step in steps]
    *init_statuses, last_status = [{"name": step, "state": state} for step, state in steps.items()]
    return {
        "metadata": {"name": name, "labels": {"build.pivotal.io/build": f"app-build-{build}-x"}},
        "spec": {"initContainers": init, "containers": [last]},
        "status": {"phase": phase, "initContainerStatuses": init_statuses, "containerStatuses": [last_status]},
    }


ENDED: Json = {"terminated": {"exitCode": 0}}
WAITING: Json = {"waiting": {"reason": "PodInitializing"}}
