"""A service for some namespaces: what is refused, what is declared, what processes are told, where Images may lie."""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, set_mocks

from pulumi_kpack import BuildService, BuildServiceArgs, Image, ImageArgs
from pulumi_kpack.args import Text
from pulumi_kpack.manifests.admission import webhook_configurations
from pulumi_kpack.manifests.rbac import access, access_to
from pulumi_kpack.rules import InvalidArgumentError, check_build_service

GOLDEN = Path(__file__).parent / "golden" / "service_of_namespaces.json"
PAGE = Path(__file__).parent.parent.parent / "docs" / "namespaces.md"
REGISTRATIONS = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")
SERVICE: BuildServiceArgs = {"image": "registry.example.com/kpack@sha256:1"}
APP: ImageArgs = {
    "tag": "registry.example.com/team/app",
    "builder": {"name": "base"},
    "source": {"git": {"url": "https://git.example.com/app.git", "revision": "main"}},
    "wait": "none",
}


class Recorder(Mocks):
    """Keeps what is registered, in order."""

    def __init__(self) -> None:
        self.seen: dict[str, MockResourceArgs] = {}

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Give back what was declared."""
        self.seen[args.name] = args
        return args.resource_id or args.name, dict(args.inputs)

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """Refuse: a constructor looks nothing up."""
        raise AssertionError(f"no invoke in a constructor: {args.token}")


def declare(program: Callable[[], object]) -> dict[str, MockResourceArgs]:
    recorder = Recorder()
    set_mocks(recorder, project="platform", stack="prod", preview=False)

    @pulumi.runtime.test
    def run() -> None:
        program()

    run()
    return recorder.seen


def service(namespaces: Sequence[Text] | None) -> BuildService:
    return BuildService("kpack", SERVICE if namespaces is None else {**SERVICE, "namespaces": namespaces})


def later(value: str) -> pulumi.Output[str]:
    return pulumi.Output.from_input(value)


def environment(seen: Mapping[str, MockResourceArgs]) -> Mapping[str, Any]:
    spec = seen["kpack-deployment-kpack-controller"].inputs["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    return {each["name"]: each.get("value") for each in container["env"]}


def roles(seen: Mapping[str, MockResourceArgs]) -> dict[str, str]:
    """The Roles and bindings of builds with their namespaces."""
    return {
        name.removeprefix("kpack-"): args.inputs["metadata"]["namespace"]
        for name, args in seen.items()
        if "controller-builds" in name
    }


def test_the_installation_of_namespaces_is_the_golden_one() -> None:
    """What differs from the service of a whole cluster is seen in review; `UPDATE_GOLDEN=1` writes the file anew."""
    objects = [
        *access("kpack", everywhere=False),
        *access_to("team-a", "kpack"),
        *webhook_configurations("kpack", watched=["team-a"]),
    ]
    text = json.dumps(objects, indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text)

    assert json.loads(text) == json.loads(GOLDEN.read_text())


def test_the_page_on_least_privilege_names_every_right() -> None:
    """Who reads it knows what a Role allows."""
    page = PAGE.read_text()
    granted: list[Any] = [*access("kpack", everywhere=False), *access_to("team-a", "kpack")]
    resources = {each for role in granted for rule in role.get("rules", ()) for each in rule["resources"]}
    ours = {each for each in resources if "/status" not in each} - {"leases", *REGISTRATIONS}

    assert {each for each in ours if f"`{each}`" not in page} == set()


def test_each_namespace_has_a_role() -> None:
    """A Role and its binding in each; neither a namespace nor the ClusterRole of the whole cluster is declared."""
    seen = declare(lambda: service(["team-a", "team-b"]))

    assert roles(seen) == {
        "role-kpack-controller-builds-team-a": "team-a",
        "rolebinding-kpack-controller-builds-binding-team-a": "team-a",
        "role-kpack-controller-builds-team-b": "team-b",
        "rolebinding-kpack-controller-builds-binding-team-b": "team-b",
    }
    binding = seen["kpack-rolebinding-kpack-controller-builds-binding-team-a"].inputs
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "controller", "namespace": "kpack"}]
    assert "kpack-clusterrole-kpack-controller-admin" not in seen
    assert [name for name, args in seen.items() if args.typ.endswith(":Namespace")] == ["kpack-namespace-kpack"]


def test_no_namespaces_are_all_of_them() -> None:
    """Without the argument there is the ClusterRole, no Role of builds, and the processes are told nothing."""
    seen = declare(lambda: service(None))

    assert "kpack-clusterrole-kpack-controller-admin" in seen
    assert roles(seen) == {}
    assert "WATCH_NAMESPACE" not in environment(seen)
    registration = seen["kpack-mutatingwebhookconfiguration-defaults.webhook.kpack.pivotal.io"].inputs
    assert registration["webhooks"][0]["namespaceSelector"] == {}


@pytest.mark.parametrize("given", [["b", "a"], ["a", "b"]], ids=["b first", "a first"])
def test_another_order_changes_nothing(given: list[str]) -> None:
    """The processes and the registrations are told the names in one order: no rollout for a list that is sorted."""
    seen = declare(lambda: service(given))

    assert environment(seen)["WATCH_NAMESPACE"] == "a,b"
    for kind, name in (("mutating", "defaults"), ("validating", "validation")):
        found = seen[f"kpack-{kind}webhookconfiguration-{name}.webhook.kpack.pivotal.io"].inputs["webhooks"]
        assert found[0]["namespaceSelector"] == {
            "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["a", "b"]}]
        }


def test_a_namespace_may_be_known_later() -> None:
    """The name of a Namespace of the same program is an output; its Role goes by its place, and meets no other's."""
    seen = declare(lambda: service(["team-a", later("team-b"), later("team-c")]))

    found = {name: place for name, place in roles(seen).items() if name.startswith("role-")}
    assert found == {
        "role-kpack-controller-builds-team-a": "team-a",
        "role-kpack-controller-builds.1": "team-b",
        "role-kpack-controller-builds.2": "team-c",
    }
    binding = seen["kpack-rolebinding-kpack-controller-builds.2-binding"].inputs
    assert binding["roleRef"]["name"] == seen["kpack-role-kpack-controller-builds.2"].inputs["metadata"]["name"]
    assert environment(seen)["WATCH_NAMESPACE"] == "team-a,team-b,team-c"


@pytest.mark.parametrize(
    ("known_later", "told"),
    [("", "'' is no name for a Kubernetes object"), ("team-a", "'team-a' stands there already")],
    ids=["empty", "twice"],
)
def test_a_wrong_namespace_that_is_known_later_is_refused(known_later: str, told: str) -> None:
    """An empty name would be all namespaces: it never becomes a setting."""
    with pytest.raises(pulumi.RunError, match=re.escape(f"BuildService kpack: namespaces[1]: {told}")):
        declare(lambda: service(["team-a", later(known_later)]))


def test_the_claim_is_the_same() -> None:
    """A second service is refused for other namespaces, too, and a changed list is no other owner."""
    whole, one, other = (
        declare(lambda given=given: service(given))["kpack-claim"].inputs  # type: ignore[misc] # bound at once
        for given in (None, ["team-a"], ["team-b"])
    )

    assert whole == one == other


@pytest.mark.parametrize(
    ("namespaces", "path", "next_step"),
    [
        pytest.param([], "namespaces", "leave it out to watch all of them", id="none"),
        pytest.param("team-a", "namespaces", "give a list, e.g. ['apps']", id="text"),
        pytest.param({"team-a": True}, "namespaces", "give a list", id="a dict"),
        pytest.param(later("team-a"), "namespaces", "must be known when the program starts", id="a list known later"),
        pytest.param(["Team"], "namespaces[0]", "lower-case", id="capitals"),
        pytest.param(["team-a", ""], "namespaces[1]", "lower-case", id="no text"),
        pytest.param(["team.a"], "namespaces[0]", "lower-case", id="a dot"),
        pytest.param(["a" * 64], "namespaces[0]", "at most 63", id="long"),
        pytest.param(["team-a", 7], "namespaces[1]", "of type int", id="a number"),
        pytest.param(["team-a", "team-b", "team-a"], "namespaces[2]", "name each namespace once", id="twice"),
    ],
)
def test_wrong_namespaces_are_refused(namespaces: object, path: str, next_step: str) -> None:
    """With the path of what is wrong and the next step."""
    with pytest.raises(InvalidArgumentError) as refused:
        check_build_service("kpack", {**SERVICE, "namespaces": namespaces})

    (problem,) = refused.value.problems
    assert problem.path == path
    assert next_step in problem.message


def test_all_wrong_namespaces_are_told_at_once() -> None:
    """One message names each of them, beside what else is wrong."""
    with pytest.raises(InvalidArgumentError) as refused:
        check_build_service("kpack", {**SERVICE, "replicas": 0, "namespaces": ["A", "b", "b", "-"]})

    assert {problem.path for problem in refused.value.problems} == {
        "replicas",
        "namespaces[0]",
        "namespaces[2]",
        "namespaces[3]",
    }


@pytest.mark.parametrize(
    "namespaces", [None, ["team-a"], ["0", "team-b"], [later("x"), later("x")]], ids=["none", "one", "two", "later"]
)
def test_right_namespaces_pass(namespaces: object) -> None:
    """What keeps the rules passes in silence; what is known later is judged later."""
    check_build_service("kpack", {**SERVICE, "namespaces": namespaces})


def an_image(
    namespaces: Sequence[Text] | None, depends_on: Callable[[BuildService], Any], **args: Any
) -> dict[str, MockResourceArgs]:
    """Declare a service and an Image that depends on what is chosen."""

    def program() -> None:
        options = pulumi.ResourceOptions(depends_on=depends_on(service(namespaces)))
        Image("app", {**APP, **args}, options)  # type: ignore[typeddict-item] # what the test says

    return declare(program)


@pytest.mark.parametrize("depends_on", [lambda found: [found], lambda found: found], ids=["a list", "alone"])
@pytest.mark.parametrize("namespace", ["default", later("default")], ids=["known", "known later"])
def test_an_image_that_nobody_would_build_is_told_at_once(depends_on: Callable[..., Any], namespace: Text) -> None:
    """`up` fails with the namespaces that are watched, instead of waiting for a build that never begins."""
    wanted = "Image app: namespace default is not watched: the BuildService watches team-a, team-b only; add it"

    with pytest.raises(pulumi.RunError, match=wanted):
        an_image(["team-a", later("team-b")], depends_on, namespace=namespace)


@pytest.mark.parametrize(
    ("namespaces", "args", "expected"),
    [
        pytest.param(["team-a"], {"namespace": "team-a"}, "team-a", id="watched"),
        pytest.param(["default"], {}, "default", id="the default one is watched"),
        pytest.param(None, {"namespace": "any"}, "any", id="all are watched"),
    ],
)
def test_an_image_lies_where_it_is_built(namespaces: list[str] | None, args: dict[str, str], expected: str) -> None:
    """In a namespace that is watched the Image is declared as ever."""
    seen = an_image(namespaces, lambda found: [found], **args)

    assert seen["app-image"].inputs["metadata"]["namespace"] == expected


def test_an_image_that_depends_on_something_else_is_not_judged() -> None:
    """The service of another stack is not known to the program."""
    seen = an_image(["team-a"], lambda _: [pulumi.ComponentResource("test:index:Other", "other")])

    assert seen["app-image"].inputs["metadata"]["namespace"] == "default"
