"""The world of a fault run: the API server, git server and registry behind HTTP, the kubelet, and what was asked for.

Owns what each server says while it is well. Leaves what goes wrong on the way to `faults`.
"""

import base64
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, cast

from aiohttp import web

from kpack_api.names import DOCKER_ANNOTATION, GIT_ANNOTATION
from kpack_api.types import BuiltImage
from kpack_reconciler.clients.service_accounts import BASIC_AUTH
from kpack_reconciler.model.builder_image import METADATA_LABEL, STACK_LABEL
from tests import make
from tests.fakes.api_objects import Change, Json, Target
from tests.fakes.clock import FakeClock
from tests.fakes.kubernetes import FakeKubernetes
from tests.fakes.registry import FakeRegistry
from tests.fakes.wires import Handler
from tests.scenarios.objects import CORE, number_of, phase
from tests.scenarios.world import World

API, GIT, REGISTRY = "api.example", "git.example", "registry.example"


class Cluster(World, FakeKubernetes):
    """Everything outside of the controller. `asked` is how many Builds each Image's changes demand."""

    def __init__(self, clock: FakeClock, images: tuple[str, ...]) -> None:
        self.asked: Counter[str] = Counter()
        self.password = "first"
        self.registry = FakeRegistry(scheme="basic", login="bot:first")
        self._published: dict[int, int] = {}
        super().__init__(clock)
        self._publish()
        for account in ("bot", "default"):
            named = [{"name": "git"}, {"name": "hub"}]
            self.put(f"{CORE}/serviceaccounts", {"metadata": {"name": account}, "secrets": named})
        self.rotate()
        for name in images:
            self.create_image(name)
            self.asked[name] += 1

    def told(self, change: Change, target: Target) -> None:
        """Wake the watches."""
        FakeKubernetes.told(self, change, target)

    def hosts(self) -> Mapping[str, Handler]:
        """The servers by name."""
        api, registry = cast("Any", self._answer), cast("Any", self.registry._answer)
        return {API: api, GIT: self._answer_git, REGISTRY: registry}

    # People

    def push(self) -> None:
        """A commit on the branch of all Images."""
        self.happen("commit")
        self.asked.update(image["metadata"]["name"] for image in self.images())

    def configure(self, name: str) -> None:
        """Another environment for one Image."""
        self.edit(name, "env")
        self.asked[name] += 1

    def renew_builder(self) -> None:
        """A builder image with another version of its buildpack."""
        self.happen("builder")
        self._publish()
        self.asked.update(image["metadata"]["name"] for image in self.images())

    def demand(self, password: str) -> None:
        """The servers take another password only."""
        self.password, self.registry.login = password, f"bot:{password}"

    def rotate(self) -> None:
        """The Secrets hold what the servers take."""
        data = {"username": _encoded("bot"), "password": _encoded(self.password)}
        for name, annotation, host in (("git", GIT_ANNOTATION, f"https://{GIT}"), ("hub", DOCKER_ANNOTATION, REGISTRY)):
            body = {"metadata": {"name": name, "annotations": {annotation: host}}, "type": BASIC_AUTH, "data": data}
            self.put(f"{CORE}/secrets", body)

    def heal(self) -> None:
        """Tell changes at once and once."""
        self.late, self.rewind, self.torn, self.page = _at_once, 0, 0, 500

    # The kubelet

    def kubelet(self) -> None:
        """Pods go one step further; what is deleted goes."""
        self.collect_garbage()
        self.end_deleted_pods()
        for pod in self.live_pods():
            if phase(pod) == "Pending":
                self.start_pod(pod)
            else:
                self.finish_pod(pod)

    def stop_pod(self, pod: Json, status: Json) -> None:
        """What becomes of a pod that something outside of it ends."""
        self._fail(pod, status)

    def _built(self, build_uid: str, image: str, builder: int, run_image: str) -> BuiltImage:
        return super()._built(build_uid, image, self._published[builder], run_image)

    # Servers

    def _publish(self) -> None:
        metadata = {
            "stack": {"runImage": {"image": f"{REGISTRY}/run:1"}},
            "lifecycle": {"version": "0.20.0", "apis": {"platform": {"supported": ["0.10"]}}},
            "buildpacks": [{"id": "bp.a", "version": str(self.builder)}],
        }
        labels = {STACK_LABEL: make.STACK_ID, METADATA_LABEL: json.dumps(metadata)}
        self.registry.put_image("run", "1", labels={})
        digest = self.registry.put_image(
            "builder", "test", labels=labels, env=("CNB_USER_ID=1000", "CNB_GROUP_ID=1000")
        )
        self._published[number_of(digest)] = self.builder

    async def _answer_git(self, request: web.BaseRequest) -> web.StreamResponse:
        """The branch of every repository (gitprotocol-v2, `ls-refs`)."""
        if request.headers.get("Authorization") != f"Basic {_encoded(f'bot:{self.password}')}":
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="git"'})
        if request.method == "GET":
            return web.Response(status=503)
        line = f"{self.commit:040x} refs/heads/main\n"
        return web.Response(body=f"{len(line) + 4:04x}{line}0000".encode())


def _at_once() -> float:
    return 0.0


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
