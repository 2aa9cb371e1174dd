"""No churn: what was brought up once stays as it is, for every component and a generated matrix of its arguments.

The matrix is written by the test: of each component the smallest arguments, each optional one alone, and all together.
Its Images name a builder that does not exist, so nothing is built; one more Image is built and rebased. Its promotions
copy the session's application.
"""

import base64
import json
from collections.abc import Iterator, Mapping

import pytest

from dev.build_service import APPLICATION, kubectl, outputs, read_configuration
from dev.environment import Environment
from dev.toolchain import TEST, ensure
from tests.e2e.programs import STACK, Program, write_program
from tests.e2e.test_rebase import push_builder
from tests.fakes.tls import Authority

pytestmark = pytest.mark.e2e

NAMESPACE = "churn"
BUILT = "churn-built"
Arguments = Mapping[str, object]

MARKS: Mapping[str, str] = {
    "password": "MARKED-password-31337",
    "key": "-----BEGIN MARKED-key-31337-----",
    "config": json.dumps(
        {"auths": {"registry.example.com": {"auth": "TUFSS0VELWNvbmZpZy0zMTMzNzpNQVJLRUQtY29uZmlnLTMxMzM3"}}}
    ),
    "value": "MARKED-value-31337",
}
"""Secret configuration; none of it may be found where people look."""

SOURCES: tuple[Arguments, ...] = (
    {"git": {"url": "https://git.invalid/app.git", "revision": "main"}},
    {"git": {"url": "https://git.invalid/app.git", "revision": "main", "initialize_submodules": True}},
    {"blob": {"url": "https://files.invalid/app.zip"}, "sub_path": "services/app"},
    {"blob": {"url": "https://files.invalid/app.zip", "strip_components": 1}},
    {"registry": {"image": "registry.invalid/app:1"}},
    {"registry": {"image": "registry.invalid/app:1", "image_pull_secrets": ["login"]}},
)
OPTIONS: Mapping[str, Mapping[str, object]] = {
    "images": {
        "service_account": "nobody",
        "additional_tags": ["registry.invalid/team/more:1", "registry.invalid/team/more:2"],
        "cache_size": "2048Mi",
        "failed_build_history_limit": 3,
        "success_build_history_limit": 4,
        "image_tagging_strategy": "None",
        "build": {
            "env": [
                {"name": "A", "value": "1"},
                {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            ],
            "resources": {"requests": {"cpu": "0.5", "memory": "1024Mi"}, "limits": {"memory": "1.5Gi"}},
            "bindings": [
                {"name": "maven", "metadata": "maven-binding"},
                {"name": "db", "metadata": "m", "secret": "s"},
            ],
        },
        "labels": {"team": "web"},
        "annotations": {"example.com/owner": "team"},
        "source_polling": "90s",
        "wait": "accepted",
        "timeout_minutes": 3,
    },
    "builders": {"update_policy": "external", "image_pull_secrets": ["login"]},
    "cluster_builders": {"update_policy": "external"},
    "accounts": {"secrets": ["one", "two"], "image_pull_secrets": ["three"], "credentials": True},
    "registry_credentials": {"registry": "registry.example.com:5000"},
    "git_credentials": {},
    "promotions": {
        "additional_tags": ["more:1", "more:2"],
        "rules": {"allowed_buildpacks": ["kpack-samples/go", "kpack-samples/labels"], "forbid_same": False},
        "builder_image": "registry.invalid/builder:1",
        "built_at": "2026-06-09T04:05:06Z",
        "credentials": True,
        "secrets": ["more"],
        "image_pull_secrets": ["none"],
        "certificates": Authority().pem,
        "timeout_minutes": 9,
    },
}
"""The optional arguments of each component, each with a value that the API server could write differently."""

PROGRAM = """
import json
from pathlib import Path

import pulumi

from pulumi_kpack import Builder, BuildServiceAccount, ClusterBuilder, GitCredentials, Image, Promotion
from pulumi_kpack import RegistryCredentials

settings = json.loads((Path(__file__).parent / "settings.json").read_text())
secret = pulumi.Config().require_secret
place = {"namespace": settings["namespace"]}
logins = [
    RegistryCredentials(name, {"username": "u", "password": secret("password"), **args, **place})
    for name, args in settings["registry_credentials"].items()
]
logins += [
    RegistryCredentials("config", {"docker_config_json": secret("config"), **place}),
    GitCredentials("git-login", {"url": "https://git.in", "username": "u", "password": secret("password"), **place}),
    GitCredentials("git-key", {"url": "git@git.invalid", "ssh_private_key": secret("key"), **place}),
    GitCredentials("git-hosts", {"url": "git@host", "ssh_private_key": secret("key"), "known_hosts": "h x A", **place}),
]
for name, args in settings["accounts"].items():
    BuildServiceAccount(name, {**args, **({"credentials": logins} if "credentials" in args else {}), **place})
for name, args in settings["builders"].items():
    Builder(name, {"image": settings["builder"], **args, **place})
for name, args in settings["cluster_builders"].items():
    ClusterBuilder(name, {"image": settings["builder"], **args})
promoter = RegistryCredentials("promoter", {"username": "u", "password": secret("password"), **place})
more = RegistryCredentials("more", {"docker_config_json": secret("config"), **place})
for name, args in settings["promotions"].items():
    to = settings["promotes_to"]
    given = {**settings["promoted"], "target": f"{to}/{name}", **args, **place}
    if "additional_tags" in args:
        given["additional_tags"] = [f"{to}/{tag}" for tag in args["additional_tags"]]
    if "credentials" in args:
        given["credentials"] = [promoter]
    Promotion(name, given, pulumi.ResourceOptions(depends_on=[promoter, more]))
for name, args in settings["images"].items():
    nobody = {"kind": "ClusterBuilder", "name": "churn-nobody"}
    Image(name, {"wait": "none", "builder": nobody, "tag": f"registry.invalid/team/{name}", **args, **place})

bot = BuildServiceAccount("bot", place)
builder = Builder("rebases", {"image": settings["rebased_builder"], **place})
hidden = {"env": [{"name": "HIDDEN", "value": secret("value")}]}
app = Image(
    settings["built"]["name"],
    {
        "builder": builder,
        "service_account": bot,
        "tag": settings["built"]["tag"],
        "source": {"git": {"url": settings["built"]["git"], "revision": "main"}},
        "build": hidden,
        "wait": "none",
        **place,
    },
)
pulumi.export("image", app.latest_image)
"""


def matrix(kind: str, *, required: Arguments | None = None) -> dict[str, Arguments]:
    """The variants of a component by name: nothing optional, each optional argument alone, all of them."""
    smallest, options = required or {}, OPTIONS[kind]
    alone = {name: {**smallest, name: value} for name, value in options.items()}
    variants = {"least": smallest, **alone, **({"all": {**smallest, **options}} if len(options) > 1 else {})}
    return {f"churn-{kind}-{name}".replace("_", "-"): variant for name, variant in variants.items()}


def promotions(service: Environment) -> Mapping[str, object]:
    """The matrix of promotions, all of the session's application, and one with every rule."""
    built, configured = outputs(service), read_configuration(service.state)
    run_image = "{.status.latestSuccess.stack.runImage}"
    rules = {
        "allowed_builders": [configured["builderImage"]],
        "known_run_images": [kubectl(service, "get", "image", APPLICATION, "-o", f"jsonpath={run_image}")],
        "max_age_hours": 24,
    }
    judged = {"rules": rules, "builder_image": configured["builderImage"], "built_at": built["builtAt"]}
    return {
        "promotes_to": f"{service.registry}/{NAMESPACE}",
        "promoted": {"image": built["image"], "reconciler_image": configured["reconcilerImage"]},
        "promotions": {**matrix("promotions"), "churn-promotions-judged": judged},
    }


def settings(service: Environment) -> Mapping[str, object]:
    sources = {f"churn-source-{number}": {"source": source} for number, source in enumerate(SOURCES)}
    return {
        "namespace": NAMESPACE,
        "builder": read_configuration(service.state)["builderImage"],
        "rebased_builder": f"{service.registry}/kpack/builder:rebases",
        "images": {**matrix("images", required={"source": SOURCES[0]}), **sources},
        **{kind: matrix(kind) for kind in OPTIONS if kind not in {"images", "promotions"}},
        **promotions(service),
        "built": {
            "name": BUILT,
            "tag": f"{service.registry}/{NAMESPACE}/app",
            "git": f"{service.git_url}/{APPLICATION}.git",
        },
    }


def in_namespace(service: Environment, *arguments: str) -> str:
    return kubectl(service, "-n", NAMESPACE, *arguments)


def assert_unchanged(program: Program) -> None:
    """Neither a plain `up` nor one that looks at the cluster first changes anything, and nothing is planned."""
    program.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")
    program.pulumi("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes")
    planned = json.loads(program.pulumi("preview", "--json", "--expect-no-changes"))
    assert planned["changeSummary"].keys() <= {"same", "read"}


@pytest.fixture(scope="module")
def program(service: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Give the program after its first `up`, which builds one Image, waits for none, and promotes."""
    ensure(TEST, report=lambda _progress: None)
    push_builder(service, release="1")
    kubectl(service, "create", "namespace", NAMESPACE)
    written = write_program(tmp_path_factory.mktemp("programs") / "churn", service, source=PROGRAM, secrets=MARKS)
    written.settle(settings(service))
    written.pulumi("up", "--yes", "--skip-preview")
    yield written
    written.pulumi("destroy", "--yes", "--skip-preview")
    kubectl(service, "delete", "namespace", NAMESPACE, "--wait=false")


def test_the_matrix_covers_every_optional_argument() -> None:
    """An argument that is added to a component is added to the matrix."""
    from pulumi_kpack import (  # noqa: PLC0415
        BuilderArgs,
        BuildServiceAccountArgs,
        ClusterBuilderArgs,
        ImageArgs,
        PromotionArgs,
    )

    types = {
        "images": ImageArgs,
        "builders": BuilderArgs,
        "cluster_builders": ClusterBuilderArgs,
        "accounts": BuildServiceAccountArgs,
        "promotions": PromotionArgs,
    }
    missing = {kind: shape.__optional_keys__ - {"namespace", *OPTIONS[kind]} for kind, shape in types.items()}

    assert {kind: names for kind, names in missing.items() if names} == {}


def test_nothing_changes_after_the_first_up(program: Program) -> None:
    """What the API server and the webhook filled in is no drift."""
    assert_unchanged(program)


def test_nothing_changes_after_a_build(service: Environment, program: Program) -> None:
    """A new image is news in the outputs, not a change of the resources."""
    in_namespace(service, "wait", "--for=condition=Ready", f"image/{BUILT}", "--timeout=170s")

    assert_unchanged(program)

    latest = in_namespace(service, "get", "image", BUILT, "-o", "jsonpath={.status.latestImage}")
    assert program.pulumi("stack", "output", "image").strip() == latest
    assert "@sha256:" in latest


def test_nothing_changes_after_a_rebase(service: Environment, program: Program) -> None:
    """Neither is a rebase of the image onto a newer run image."""
    before = in_namespace(service, "get", "image", BUILT, "-o", "jsonpath={.status.buildCounter}")
    push_builder(service, release="2")
    counted = f"--for=jsonpath={{.status.buildCounter}}={int(before) + 1}"
    in_namespace(service, "wait", counted, f"image/{BUILT}", "--timeout=90s")
    in_namespace(service, "wait", "--for=condition=Settled", f"image/{BUILT}", "--timeout=90s")

    assert_unchanged(program)


def test_secrets_are_nowhere_in_clear(program: Program) -> None:
    """No planted secret, plain or in base64, is in the state, in a diff or in anything that pulumi told."""
    told = "\n".join(
        (
            program.pulumi("stack", "export"),
            program.pulumi("preview", "--diff", "--show-sames", "--show-reads"),
            program.pulumi("stack", "output", "--json"),
            program.log(),
            (program.folder / f"Pulumi.{STACK}.yaml").read_text(),
        )
    )

    planted = [form for mark in MARKS.values() for form in (mark, base64.b64encode(mark.encode()).decode())]
    planted.append("TUFSS0VELWNvbmZpZy0zMTMzNzpNQVJLRUQtY29uZmlnLTMxMzM3")
    assert [form for form in planted if form in told] == []
