"""Push hooks on the real cluster: with polling once an hour, a push becomes a Build within seconds of its hook.

The stack that `up` made is told of hooks, and forgets them at the end. Hooks are sent to the Service from a pod.
"""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from dev.build_service import SAMPLE, STACK, configure, kubectl, pulumi, read_configuration
from dev.environment import Environment
from dev.machine.probes import wait_for
from dev.services.git import create_repository
from dev.services.working_copy import WorkingCopy, copy_of
from kpack_api.names import SOURCE_POLLING_ANNOTATION
from kpack_reconciler.model.hooks import Provider
from tests.fakes.hook_senders import SECRET, Sent, push, sent

pytestmark = pytest.mark.e2e

NAMESPACE, REPOSITORY = "hooks", "hooks-app"
API = "build.pivotal.io/v1alpha1"
SECONDS = 10.0
"""From the hook to the Build, with a kubectl for each look; the controller itself takes less than one."""
SEND = """
import json, ssl, sys, urllib.error, urllib.request
told = json.load(sys.stdin)
request = urllib.request.Request(told["url"], data=told["body"].encode(), headers=told["headers"], method="POST")
handler = urllib.request.HTTPSHandler(context=ssl._create_unverified_context())
try:
    answer = urllib.request.build_opener(urllib.request.ProxyHandler({}), handler).open(request, timeout=20)
except urllib.error.HTTPError as refused:
    answer = refused
print(json.dumps([answer.status, answer.read().decode()]))
"""


def in_namespace(service: Environment, *arguments: str, stdin: str | None = None) -> str:
    return kubectl(service, "-n", NAMESPACE, *arguments, stdin=stdin)


def tell(service: Environment, values: Mapping[str, str]) -> None:
    """Tell the stack, which starts both processes anew."""
    configure(service.state, values)
    pulumi(service, ["up", "--yes", "--skip-preview", "--stack", STACK])


def send(service: Environment, hook: Sent) -> tuple[int, str]:
    """Send a hook to the Service; status and text of the answer."""
    address = kubectl(service, "-n", "kpack", "get", "service/kpack-hooks", "-o", "jsonpath={.spec.clusterIP}")
    told = {"url": f"https://{address}/hooks", "body": hook.body.decode(), "headers": hook.headers}
    command = ("exec", "-i", "deployment/kpack-webhook", "--", "python3", "-c", SEND)
    status, text = json.loads(kubectl(service, "-n", "kpack", *command, stdin=json.dumps(told)))
    return status, text


def builds(service: Environment) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(in_namespace(service, "get", "builds", "-o", "json"))["items"]
    return sorted(found, key=lambda build: int(build["metadata"]["labels"]["image.build.pivotal.io/buildNumber"]))


@pytest.fixture(scope="module")
def copy(service: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkingCopy]:
    """Have hooks, polling once an hour, and an Image that is built; give its working copy."""
    before = read_configuration(service.state).get("sourcePollSeconds", "60")
    create_repository(service.state.git, REPOSITORY)
    url = f"{service.git_url}/{REPOSITORY}.git"
    made = copy_of(
        SAMPLE, tmp_path_factory.mktemp("hooks") / "app", url=url, branch="main", environment=service.variables()
    )
    made.push("Hello, sunshine!")
    kubectl(service, "create", "namespace", NAMESPACE)
    try:
        tell(service, {"hookSecret": SECRET, "sourcePollSeconds": "3600"})
        builder = {"image": read_configuration(service.state)["builderImage"]}
        image = {
            "tag": f"{service.registry}/{NAMESPACE}/app",
            "builder": {"kind": "Builder", "name": "base"},
            "source": {"git": {"url": url, "revision": "main"}},
        }
        items = [
            {"apiVersion": API, "kind": "Builder", "metadata": {"name": "base"}, "spec": builder},
            {"apiVersion": API, "kind": "Image", "metadata": {"name": "app"}, "spec": image},
        ]
        in_namespace(
            service, "apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        )
        await_settled(service, 1)
        yield made
    finally:
        tell(service, {"hookSecret": "", "sourcePollSeconds": str(before)})
        kubectl(service, "delete", "namespace", NAMESPACE, "--wait=false")


def await_settled(service: Environment, number: int) -> None:
    in_namespace(service, "wait", f"--for=jsonpath={{.status.buildCounter}}={number}", "image/app", "--timeout=90s")
    in_namespace(service, "wait", "--for=condition=Settled", "image/app", "--timeout=180s")


def test_a_hook_turns_a_push_into_a_build(service: Environment, copy: WorkingCopy) -> None:
    """Within seconds, though the repository is polled once an hour; whichever replica takes it."""
    (copy.folder / "README.md").write_text("told by a hook")
    commit = copy.push("told by a hook")
    told = time.monotonic()
    status, text = send(service, push(Provider.GITEA, path=REPOSITORY))
    wait_for(lambda: len(builds(service)) == 2, what="the Build of the push", seconds=SECONDS)
    took = time.monotonic() - told

    assert status == 202, text
    assert builds(service)[1]["spec"]["source"]["git"]["revision"] == commit
    assert took < SECONDS
    await_settled(service, 2)


@pytest.mark.usefixtures("copy")
def test_every_replica_answers(service: Environment) -> None:
    """Several pings, over connections of their own: the leader answers, or another one passes them on."""
    answers = {send(service, sent(Provider.GITHUB, "ping", {"zen": "Keep it simple"})) for _ in range(6)}

    assert answers == {(200, "the hook works: pushes will be told to this address\n")}


@pytest.mark.usefixtures("copy")
def test_a_wrong_secret_builds_nothing(service: Environment) -> None:
    """The answer says where the right one is."""
    status, text = send(service, push(Provider.GITLAB, path=REPOSITORY, secret="wrong"))

    assert status == 401
    assert "the Secret kpack-hooks" in text


@pytest.mark.usefixtures("copy")
def test_polling_of_one_image_is_switched_off(service: Environment) -> None:
    """Its SourceResolver says so; taking the annotation away switches it on again."""
    in_namespace(service, "annotate", "image/app", f"{SOURCE_POLLING_ANNOTATION}=off")
    in_namespace(service, "wait", "--for=condition=ActivePolling=False", "sourceresolver/app-source", "--timeout=30s")
    in_namespace(service, "annotate", "image/app", f"{SOURCE_POLLING_ANNOTATION}-")
    in_namespace(service, "wait", "--for=condition=ActivePolling", "sourceresolver/app-source", "--timeout=30s")
