"""kpack's tutorial, command by command, on the real cluster: plain YAML, kubectl and `kpack`, no Pulumi.

The tests run in order and build on each other, as the tutorial's steps do.
"""

import json
import subprocess
import urllib.request
from collections.abc import Iterator

import pytest

from dev.build_service import APPLICATION, SAMPLE, kubectl, read_configuration
from dev.environment import Environment
from dev.services.git import create_repository
from dev.services.working_copy import WorkingCopy, copy_of

pytestmark = pytest.mark.e2e

NAMESPACE = "tutorial"
REPOSITORY = "tutorial-app"
OBJECTS = """
apiVersion: build.pivotal.io/v1alpha1
kind: Builder
metadata:
  name: sample-builder
spec:
  image: {builder}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: kpack-bot
secrets:
- name: regcred
---
apiVersion: build.pivotal.io/v1alpha1
kind: Image
metadata:
  name: go-sample-app
spec:
  builder:
    name: sample-builder
    kind: Builder
  serviceAccount: kpack-bot
  cacheSize: "1.5Gi"
  source:
    git:
      url: {git_url}/{repository}.git
      revision: main
  tag: {registry}/tutorial/go-sample-app:kpack-0.0.1
"""


def in_namespace(service: Environment, *arguments: str, stdin: str | None = None) -> str:
    """Run kubectl in the tutorial's namespace."""
    return kubectl(service, "-n", NAMESPACE, *arguments, stdin=stdin)


def kpack(service: Environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the `kpack` command as a person does."""
    command = ["kpack", *arguments, "-namespace", NAMESPACE]
    return subprocess.run(
        command, env=dict(service.variables()), capture_output=True, text=True, check=False, timeout=300
    )


def builds(service: Environment) -> list[dict[str, dict[str, dict[str, str]]]]:
    """Read the Builds, oldest first."""
    answer = json.loads(in_namespace(service, "get", "builds", "-o", "json", "--sort-by=.metadata.creationTimestamp"))
    items: list[dict[str, dict[str, dict[str, str]]]] = answer["items"]
    return items


def await_build(service: Environment, number: int) -> subprocess.CompletedProcess[str]:
    """Follow the log of a build to its end, then wait until the Image tells of it."""
    logs = kpack(service, "logs", "-image", APPLICATION, "-build", str(number))
    counted = f"--for=jsonpath={{.status.buildCounter}}={number}"
    in_namespace(service, "wait", counted, f"image/{APPLICATION}", "--timeout=60s")
    in_namespace(service, "wait", "--for=condition=Settled", f"image/{APPLICATION}", "--timeout=60s")
    return logs


def latest_image(service: Environment) -> str:
    """Read the digest reference that the Image shows."""
    return in_namespace(service, "get", "image", APPLICATION, "-o", "jsonpath={.status.latestImage}")


def digest_of(service: Environment, tag: str) -> str:
    """Ask the registry for the digest of a tag."""
    repository, _, name = tag.partition("/")[2].rpartition(":")
    url = f"http://{service.registry}/v2/{repository}/manifests/{name}"
    accept = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
    request = urllib.request.Request(url, method="HEAD", headers={"Accept": accept})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
        return str(answer.headers["Docker-Content-Digest"])


def push_change(work: WorkingCopy, *, old: str, new: str) -> str:
    """Change the application's page, push the commit, return it."""
    work.replace("main.go", old=old, new=new)
    return work.push(f"Hello, {new}!")


@pytest.fixture(scope="module")
def work(service: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkingCopy]:
    """Give a clone of the application's repository, in which the tutorial's reader works."""
    create_repository(service.state.git, REPOSITORY)
    folder, url = tmp_path_factory.mktemp("tutorial") / APPLICATION, f"{service.git_url}/{REPOSITORY}.git"
    copy = copy_of(SAMPLE, folder, url=url, branch="main", environment=service.variables())
    copy.push("Hello, sunshine!")
    yield copy
    kubectl(service, "delete", "namespace", NAMESPACE, "--wait=false")


def test_both_deployments_roll_out(service: Environment) -> None:
    """The installation is complete when controller and webhook are rolled out."""
    for deployment in ("kpack-controller", "kpack-webhook"):
        told = kubectl(service, "rollout", "status", f"deployment/{deployment}", "-n", "kpack")

        assert "successfully rolled out" in told


def test_the_api_has_the_kinds_of_kpack(service: Environment) -> None:
    """`kubectl api-resources` lists what kpack 0.0.x has in this group."""
    listed = kubectl(service, "api-resources", "--api-group", "build.pivotal.io", "-o", "name").split()

    kinds = {name.partition(".")[0] for name in listed}

    assert kinds == {"images", "builds", "builders", "clusterbuilders", "sourceresolvers"}


def test_plain_yaml_makes_a_build(service: Environment, work: WorkingCopy) -> None:
    """Builder, service account and Image from plain YAML give one Build whose pod has one container per phase."""
    assert work.folder.exists()
    kubectl(service, "create", "namespace", NAMESPACE)
    level = "pod-security.kubernetes.io/enforce=restricted"
    kubectl(service, "label", "namespace", NAMESPACE, level)
    registry = ["--docker-server", service.registry, "--docker-username=someone", "--docker-password=anything"]
    in_namespace(service, "create", "secret", "docker-registry", "regcred", *registry)
    builder = read_configuration(service.state)["builderImage"]
    values = {"builder": builder, "registry": service.registry, "git_url": service.git_url, "repository": REPOSITORY}

    in_namespace(service, "apply", "-f", "-", stdin=OBJECTS.format(**values))
    logs = await_build(service, 1)

    assert logs.returncode == 0, logs.stdout + logs.stderr
    assert len(builds(service)) == 1
    pods = json.loads(in_namespace(service, "get", "pods", "-o", "json"))["items"]
    (pod,) = (pod for pod in pods if pod["metadata"]["name"].startswith(f"{APPLICATION}-build-1-"))
    phases = [container["name"] for container in pod["spec"]["initContainers"]]
    assert phases == ["prepare", "analyze", "detect", "restore", "build", "export"]


def test_the_log_shows_every_phase(service: Environment) -> None:
    """`kpack logs -image … -build 1` prints each container under its name."""
    logs = kpack(service, "logs", "-image", APPLICATION, "-build", "1")

    steps = [line.removeprefix("===> ") for line in logs.stdout.splitlines() if line.startswith("===> ")]
    assert steps[:1] == ["PREPARE"], logs.stdout
    assert {"DETECT", "BUILD", "EXPORT", "COMPLETION"} <= set(steps)
    assert "Build successful" in logs.stdout


def test_describe_shows_the_revision(service: Environment, work: WorkingCopy) -> None:
    """A Build names the commit that it was made from."""
    commit = work.git("rev-parse", "HEAD").strip()

    assert commit in in_namespace(service, "describe", "builds")


def test_both_tags_are_the_digest_that_the_image_shows(service: Environment) -> None:
    """The configured tag and the generated build tag resolve to `status.latestImage`."""
    (build,) = builds(service)
    tags = build["spec"]["tags"]

    digests = {digest_of(service, tag) for tag in tags}

    assert len(tags) == 2
    assert digests == {latest_image(service).rpartition("@")[2]}
    assert latest_image(service) in in_namespace(service, "get", "images")


def test_a_pushed_commit_makes_the_next_build(service: Environment, work: WorkingCopy) -> None:
    """Build 2 has reason COMMIT, another digest, and takes the compiler's cache from build 1."""
    before = latest_image(service)

    commit = push_change(work, old="sunshine", new="friends")
    logs = await_build(service, 2)

    assert logs.returncode == 0, logs.stdout + logs.stderr
    build = builds(service)[-1]
    assert build["metadata"]["annotations"]["image.build.pivotal.io/reason"] == "COMMIT"
    assert build["spec"]["source"]["git"]["revision"] == commit
    assert latest_image(service) != before
    assert "Restoring data for" in logs.stdout or "Reusing cache layer" in logs.stdout


def test_a_restart_of_the_controller_makes_no_build(service: Environment) -> None:
    """What was decided before is seen again, not decided again."""
    kubectl(service, "-n", "kpack", "rollout", "restart", "deployment/kpack-controller")
    kubectl(service, "-n", "kpack", "rollout", "status", "deployment/kpack-controller")

    told = kpack(service, "status", APPLICATION)

    assert told.returncode == 0, told.stderr
    assert len(builds(service)) == 2


def test_a_broken_application_says_so(service: Environment, work: WorkingCopy) -> None:
    """A failed build names phase and exit code, in the log command's exit code and on the Image."""
    push_change(work, old="func main", new="func man")

    logs = await_build(service, 3)

    assert logs.returncode != 0
    message = in_namespace(service, "get", "image", APPLICATION, "-o", "jsonpath={.status.conditions[0].message}")
    assert "step build" in message
    assert "exit" in message


def test_a_fix_makes_the_next_build(service: Environment, work: WorkingCopy) -> None:
    """The next commit builds again, and the Image is ready."""
    push_change(work, old="func man", new="func main")

    logs = await_build(service, 4)

    assert logs.returncode == 0, logs.stdout + logs.stderr
    in_namespace(service, "wait", "--for=condition=Ready", f"image/{APPLICATION}", "--timeout=30s")
