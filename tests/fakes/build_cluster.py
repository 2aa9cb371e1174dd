"""A cluster in memory in which builds run: FakeKubernetes, and pods that have logs.

A log is a list of chunks. `None` among them breaks the connection at that point, once.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from tests.fakes.kubernetes import FakeKubernetes

Json = dict[str, Any]
IMAGES = "/apis/build.pivotal.io/v1alpha1/namespaces/default/images"
BUILDS = "/apis/build.pivotal.io/v1alpha1/namespaces/default/builds"
PODS = "/api/v1/namespaces/default/pods"


class BuildCluster(FakeKubernetes):
    """Objects of the namespace `default` and the logs of their containers, by pod and container."""

    def __init__(self) -> None:
        super().__init__()
        self.logs: dict[tuple[str, str], list[bytes | None]] = {}
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
        response = web.StreamResponse()
        await response.prepare(request)
        chunks = self.logs[pod, request.query["container"]]
        for place, chunk in enumerate(chunks):
            if chunk is None:
                del chunks[place]
                assert request.transport is not None
                request.transport.close()
                return response
            await response.write(chunk)
        return response


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


def a_pod(name: str, steps: dict[str, Json], *, phase: str = "Running") -> Json:
    """A build's pod: its steps with their container states; the last one is the only regular container."""
    *init, last = [{"name": step, "image": "any"} for step in steps]
    *init_statuses, last_status = [{"name": step, "state": state} for step, state in steps.items()]
    return {
        "metadata": {"name": name},
        "spec": {"initContainers": init, "containers": [last]},
        "status": {"phase": phase, "initContainerStatuses": init_statuses, "containerStatuses": [last_status]},
    }


ENDED: Json = {"terminated": {"exitCode": 0}}
WAITING: Json = {"waiting": {"reason": "PodInitializing"}}
