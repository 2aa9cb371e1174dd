"""The steps from a cluster to an application that answers: images, repository, `pulumi up`, rollouts, a pod.

Owns their order and how the real pulumi is called on the project's own `stacks/`. Leaves the making of images to
`dev.images`, the program to `stacks/`. Rules:
- Pulumi runs on a copy of the program, where what depends on the machine (registry, images, repository) is configured;
  nothing is written into the checkout;
- each step looks first: running the list again changes nothing.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import yaml

from dev.environment import Environment, load_environment
from dev.errors import DevError
from dev.images import push_all
from dev.machine.commands import run
from dev.services.git import create_repository
from dev.services.working_copy import copy_of
from dev.state import CHECKOUT, State
from dev.steps import Note, Outcome, Step, changed
from dev.toolchain import default_cache

STACK: Final = "dev"
PREFIX: Final = "pulumi-kpack:"
APPLICATION: Final = "go-sample-app"
BRANCH: Final = "main"
SAMPLE: Final = CHECKOUT / "dev" / "samples" / APPLICATION
PORT: Final = 8080
PULUMI_SECONDS: Final = 900.0
ROLLOUT_SECONDS: Final = 180
DEPLOYMENTS: Final = ("kpack-controller", "kpack-webhook")


def service_steps(state: State) -> tuple[Step, ...]:
    """List the steps, in order; each loads the environment when it runs."""
    return (
        Step(name="sample images", run=partial(push_images, state)),
        Step(name="sample repository", run=partial(seed_repository, state)),
        Step(name="pulumi up", run=partial(pulumi_up, state)),
        Step(name="rollouts", run=partial(await_rollouts, state)),
        Step(name="application answers", run=partial(run_application, state)),
    )


def push_images(state: State, note: Note) -> Outcome:
    """Have builder, run image and the reconciler's image in the registry; remember their digests."""
    environment = load_environment(state)
    images = push_all(environment.registry, state.tools, cache=default_cache(os.environ), report=note)
    values = {"builderImage": images.builder, "reconcilerImage": images.reconciler}
    before = read_configuration(state)
    copy_program(state)
    configure(state, {**values, **_machine_values(environment)})
    return changed(it=read_configuration(state) != before)


def seed_repository(state: State, _note: Note) -> Outcome:
    """Have the sample application in a git repository; one with commits is left alone."""
    environment = load_environment(state)
    if environment.cluster is None:
        return _look_for_repository(environment)
    repository = create_repository(state.git, APPLICATION, branch=BRANCH)
    if (repository / "refs" / "heads" / BRANCH).exists():
        return Outcome.ALREADY
    work, variables = state.root / "work" / APPLICATION, environment.variables()
    copy_of(SAMPLE, work, url=str(repository), branch=BRANCH, environment=variables).push("Hello, sunshine!")
    return Outcome.DONE


def _look_for_repository(environment: Environment) -> Outcome:
    """Find the application in the git server of a cluster that is not ours; nothing is pushed there."""
    if not environment.git_url:
        raise DevError("a cluster of yours needs a git server that it can reach; name it by GIT_URL=…")
    url = f"{environment.git_url}/{APPLICATION}.git"
    if not run(["git", "ls-remote", url, f"refs/heads/{BRANCH}"], environment=environment.variables()):
        raise DevError(f"{url} has no branch {BRANCH}; push dev/samples/{APPLICATION} there and run `make up` again")
    return Outcome.ALREADY


def pulumi_up(state: State, note: Note) -> Outcome:
    """Run the real `pulumi up`; its output is kept in the log and told line by line."""
    environment = load_environment(state)
    pulumi(environment, ["stack", "select", "--create", STACK], note=note)
    pulumi(environment, ["up", "--yes", "--skip-preview", "--stack", STACK], note=note)
    return Outcome.DONE


def await_rollouts(state: State, _note: Note) -> Outcome:
    """Wait until both deployments of the service are rolled out."""
    for name in DEPLOYMENTS:
        kubectl(load_environment(state), "-n", "kpack", "rollout", "status", f"deployment/{name}")
    return Outcome.DONE


def run_application(state: State, note: Note) -> Outcome:
    """Run the built image as a pod and ask it for its page."""
    environment = load_environment(state)
    image = outputs(environment)["image"]
    kubectl(environment, "apply", "-f", "-", stdin=json.dumps(application_pod(image)))
    kubectl(environment, "wait", "--for=condition=Ready", f"pod/{pod_name(image)}", "--timeout=120s")
    page = kubectl(environment, "get", "--raw", f"/api/v1/namespaces/default/pods/{pod_name(image)}:{PORT}/proxy/")
    note(f"{image} says: {page.strip().splitlines()[0]}")
    return Outcome.DONE


def outputs(environment: Environment) -> Mapping[str, str]:
    """Read the stack's outputs."""
    answer: dict[str, str] = json.loads(pulumi(environment, ["stack", "output", "--json", "--stack", STACK]))
    return answer


def pod_name(image: str) -> str:
    """Name the pod after the digest that it runs: another digest is another pod."""
    return f"{APPLICATION}-{image.rpartition(':')[2][:8]}"


def application_pod(image: str) -> Mapping[str, object]:
    """Give the application's pod, fit for the `restricted` Pod Security level."""
    container = {
        "name": "web",
        "image": image,
        "env": [{"name": "PORT", "value": str(PORT)}],
        "readinessProbe": {"httpGet": {"path": "/", "port": PORT}, "periodSeconds": 1},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    security = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod_name(image), "namespace": "default", "labels": {"app": APPLICATION}},
        "spec": {"securityContext": security, "containers": [container], "terminationGracePeriodSeconds": 1},
    }


def kubectl(environment: Environment, *arguments: str, stdin: str | None = None) -> str:
    """Run kubectl on the environment's cluster."""
    command = ["kubectl", *arguments]
    return run(command, stdin=stdin, environment=_variables(environment), timeout=ROLLOUT_SECONDS)


def pulumi(environment: Environment, arguments: Sequence[str], *, note: Note | None = None) -> str:
    """Run pulumi on the checkout's project; DevError with its last lines and the log when it fails."""
    log = environment.state.logs / "pulumi.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = ["pulumi", "--non-interactive", "--color=never", "--cwd", str(program(environment.state)), *arguments]
    kept: list[str] = []
    with (
        log.open("a") as file,
        subprocess.Popen(
            command, env=_variables(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        for line in process.stdout or ():
            file.write(line)
            kept.append(line)
            if note is not None and line.strip():
                note(line.strip())
    if process.returncode != 0:
        raise DevError(f"`pulumi {arguments[0]}` ended with {process.returncode}", log)
    return "".join(kept)


def program(state: State) -> Path:
    """Where Pulumi runs: a copy of the project's program, so that nothing is written into the checkout."""
    return state.root / "program"


def copy_program(state: State) -> None:
    """Have the program as it is in the checkout, with what was configured before."""
    before = _configuration_file(state).read_text() if _configuration_file(state).exists() else None
    folder = program(state)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(CHECKOUT / "stacks", folder / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    project = yaml.safe_load((CHECKOUT / "Pulumi.yaml").read_text())
    project["runtime"]["options"]["virtualenv"] = sys.prefix
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    if before is not None:
        _configuration_file(state).write_text(before)


def read_configuration(state: State) -> Mapping[str, str]:
    """Read the stack's configuration; empty before the program is there."""
    file = _configuration_file(state)
    if not file.exists():
        return {}
    config = yaml.safe_load(file.read_text()).get("config", {})
    return {name.removeprefix(PREFIX): str(value) for name, value in config.items()}


def configure(state: State, values: Mapping[str, str]) -> None:
    """Set these values, keep the others."""
    file = _configuration_file(state)
    before = yaml.safe_load(file.read_text()) if file.exists() else {}
    config = {**before.get("config", {}), **{f"{PREFIX}{name}": value for name, value in values.items()}}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump({**before, "config": config}))


def _configuration_file(state: State) -> Path:
    return program(state) / "stacks" / f"Pulumi.{STACK}.yaml"


def _machine_values(environment: Environment) -> Mapping[str, str]:
    return {
        "tag": f"{environment.registry}/{APPLICATION}:kpack-0.0.1",
        "gitUrl": f"{environment.git_url}/{APPLICATION}.git",
        "gitRevision": BRANCH,
    }


def _variables(environment: Environment) -> Mapping[str, str]:
    outer = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return {**outer, **environment.variables()}
