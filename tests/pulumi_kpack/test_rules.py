"""The rules of arguments: everything wrong is refused in one message that says what to do."""

from collections.abc import Callable, Mapping

import pulumi
import pytest

from pulumi_kpack import ClusterBuilderArgs, ImageArgs, args
from pulumi_kpack.examples import EXAMPLES, example
from pulumi_kpack.reconciler_image_rules import check_reconciler_image
from pulumi_kpack.rules import (
    InvalidArgumentError,
    check_build_service,
    check_builder,
    check_cluster_builder,
    check_existing_image,
    check_git_credentials,
    check_image,
    check_registry_credentials,
    check_service_account,
)

GIT = {"git": {"url": "https://git.example.com/app.git", "revision": "main"}}
IMAGE = {"tag": "registry.example.com/team/app:1", "builder": {"name": "builder"}, "source": GIT}
SERVICE = {"image": "registry.example.com/kpack@sha256:1"}

Check = Callable[[str, Mapping[str, object]], None]

REFUSED = [
    pytest.param(check_build_service, {}, "image: is missing", id="a service without an image"),
    pytest.param(check_build_service, {**SERVICE, "namespace": "Kpack"}, "lower-case", id="a namespace in capitals"),
    pytest.param(check_build_service, {**SERVICE, "log_level": "loud"}, "debug, info", id="an unknown log level"),
    pytest.param(check_build_service, {**SERVICE, "replicas": 0}, "above 0", id="no replicas"),
    pytest.param(check_build_service, {**SERVICE, "replicas": "2"}, "replicas: is of type str", id="text for a number"),
    pytest.param(
        check_build_service, {**SERVICE, "replicas": True}, "a whole number, e.g. 2", id="a bool for a number"
    ),
    pytest.param(check_build_service, {**SERVICE, "source_poll_seconds": 0}, "above 0", id="polling without a pause"),
    pytest.param(check_build_service, {**SERVICE, "max_concurrent_builds": 0}, "above 0", id="a limit of no build"),
    pytest.param(check_registry_credentials, {}, "docker_config_json", id="no login at all"),
    pytest.param(check_registry_credentials, {"username": "u"}, "both", id="a user without a password"),
    pytest.param(
        check_registry_credentials, {"docker_config_json": "{}", "username": "u"}, "one or the other", id="two forms"
    ),
    pytest.param(
        check_registry_credentials, {"docker_config_json": "{}", "registry": "r"}, "leave registry out", id="two places"
    ),
    pytest.param(check_git_credentials, {"url": "https://git"}, "ssh_private_key", id="git without a login"),
    pytest.param(
        check_git_credentials, {"url": "git@host", "username": "u", "password": "p"}, "https://", id="a login for ssh"
    ),
    pytest.param(
        check_git_credentials,
        {"url": "https://git", "username": "u", "password": "p", "known_hosts": "k"},
        "belongs to an ssh_private_key",
        id="host keys for a login",
    ),
    pytest.param(
        check_service_account, {"credentials": ["regcred"]}, "RegistryCredentials(…)", id="a name for a login"
    ),
    pytest.param(check_service_account, {"secrets": "regcred"}, "give a list", id="text for a list"),
    pytest.param(check_builder, {}, "missing", id="a builder without an image"),
    pytest.param(check_builder, {"image": "b", "update_policy": "daily"}, "polling", id="an unknown update policy"),
    pytest.param(
        check_cluster_builder, {"image": "b", "namespace": "x"}, "namespace: is unknown", id="a namespace where none is"
    ),
    pytest.param(check_existing_image, {"id": "app"}, "write '<namespace>/<name>'", id="an Image without a namespace"),
    pytest.param(check_existing_image, {"id": "apps/App"}, "lower-case", id="an Image in capitals"),
    pytest.param(check_reconciler_image, {"repository": "r.example/App"}, "lower case", id="a repository in capitals"),
    pytest.param(
        check_reconciler_image,
        {"repository": "r", "built_by": "kaniko"},
        "docker-build, docker",
        id="no builder of ours",
    ),
    pytest.param(
        check_reconciler_image,
        {"repository": "r", "built_by": "docker", "builder": "local"},
        "builder: docker does not know it",
        id="a builder of buildx for pulumi-docker",
    ),
    pytest.param(
        check_reconciler_image,
        {"repository": "r", "built_by": "docker", "certificates": "-----BEGIN"},
        "certificates: docker does not know it",
        id="certificates for pulumi-docker",
    ),
    pytest.param(check_image, {**IMAGE, "tag": ""}, "missing", id="an empty tag"),
    pytest.param(check_image, {**IMAGE, "tag": "r.example/a@sha256:1"}, "leave '@…' out", id="a digest to push to"),
    pytest.param(check_image, {**IMAGE, "tag": "r.example/App"}, "lower case", id="capitals in a repository"),
    pytest.param(check_image, {**IMAGE, "tag": "r.example/a:b:c"}, "repository[:tag]", id="two colons"),
    pytest.param(check_image, {**IMAGE, "source": {}}, "exactly one", id="no source"),
    pytest.param(check_image, {**IMAGE, "source": {**GIT, "blob": {"url": "u"}}}, "exactly one", id="two sources"),
    pytest.param(
        check_image, {**IMAGE, "source": "main.go"}, "source: is of type str: give a dict", id="source as text"
    ),
    pytest.param(
        check_image,
        {**IMAGE, "source": {"git": {"url": "u", "revison": "main", "revision": "main"}}},
        "source.git.revison: is unknown: did you mean 'revision'?",
        id="a misspelt field inside",
    ),
    pytest.param(
        check_image,
        {**IMAGE, "source": {"blob": {"url": "https://x", "strip_components": -1}}},
        "source.blob.strip_components: -1 is too small",
        id="fewer than no folders",
    ),
    pytest.param(check_image, {**IMAGE, "builder": None}, "ClusterBuilder", id="no builder"),
    pytest.param(check_image, {**IMAGE, "builder": 7}, "builder: is of the wrong type", id="a number as builder"),
    pytest.param(
        check_image, {**IMAGE, "builder": {"kind": "Store", "name": "s"}}, "ClusterBuilder", id="no kind of builder"
    ),
    pytest.param(check_image, {**IMAGE, "cache_size": "big"}, "2Gi", id="a size that is no quantity"),
    pytest.param(
        check_image, {**IMAGE, "image_tagging_strategy": "x"}, "BuildNumber", id="an unknown tagging strategy"
    ),
    pytest.param(check_image, {**IMAGE, "wait": "forever"}, "built, accepted, none", id="an unknown word for waiting"),
    pytest.param(check_image, {**IMAGE, "failed_build_history_limit": 0}, "above 0", id="no failed build kept"),
    pytest.param(
        check_image,
        {**IMAGE, "timeout_minutes": pulumi.Output.from_input(3)},
        "timeout_minutes: must be known when the program starts",
        id="an output where a plain value is needed",
    ),
    pytest.param(check_reconciler_image, "r", "args: is of type str: give a dict with rep", id="text for all"),
    pytest.param(check_image, "image", "args: is of type str: give a dict with tag,", id="no dict at all"),
]

ACCEPTED = [
    pytest.param(check_build_service, SERVICE, id="a service with an image"),
    pytest.param(check_registry_credentials, {"username": "u", "password": "p"}, id="a login for Docker Hub"),
    pytest.param(check_registry_credentials, {"docker_config_json": "{}"}, id="a docker configuration"),
    pytest.param(check_git_credentials, {"url": "git@host", "ssh_private_key": "k"}, id="a key for ssh"),
    pytest.param(check_builder, {"image": "gcr.io/b/builder:base@sha256:1"}, id="a builder by digest"),
    pytest.param(check_image, IMAGE, id="an Image"),
    pytest.param(check_image, {**IMAGE, "tag": "user/app"}, id="a tag on Docker Hub"),
    pytest.param(check_image, {**IMAGE, "tag": "10.0.0.1:5000/app:kpack-0.0.1"}, id="a registry with a port"),
    pytest.param(check_image, {**IMAGE, "labels": {"team": pulumi.Output.from_input("web")}}, id="an output as label"),
    pytest.param(check_image, {**IMAGE, "build": {"env": [{"name": "A", "value": "b"}]}}, id="an environment"),
    pytest.param(check_image, {**IMAGE, "cache_size": None, "source": {**GIT, "sub_path": ""}}, id="empty"),
]


@pytest.mark.parametrize(("check", "args", "next_step"), REFUSED)
def test_a_wrong_argument_is_refused_with_the_next_step(check: Check, args: dict[str, object], next_step: str) -> None:
    """What breaks a rule is refused before anything is registered, and the message says what to do."""
    with pytest.raises(InvalidArgumentError) as refused:
        check("app", args)

    assert next_step in str(refused.value)


@pytest.mark.parametrize(("check", "args"), ACCEPTED)
def test_a_right_argument_passes(check: Check, args: dict[str, object]) -> None:
    """What keeps the rules passes in silence."""
    check("app", args)


@pytest.mark.parametrize("name", ["", "-app", "app-", "App", "a.b", "a" * 64])
def test_a_name_is_a_dns_label(name: str) -> None:
    """A name becomes part of names of builds and pods, so it must be a DNS label."""
    with pytest.raises(InvalidArgumentError, match="63 lower-case"):
        check_image(name, IMAGE)


def test_everything_wrong_is_told_at_once() -> None:
    """One run shows all problems, each once and with its path."""
    wrong = {"builder": {"name": "B"}, "source": {"git": {"url": 7}}, "cachesize": "1Gi", "image_tagging_strategy": "x"}

    with pytest.raises(InvalidArgumentError) as refused:
        check_image("App", wrong)

    paths = [line.partition(":")[0].strip(" -") for line in str(refused.value).splitlines()]
    assert paths == [
        "7 arguments are wrong",
        "name",
        "tag",
        "source.git.revision",
        "source.git.url",
        "cachesize",
        "builder.name",
        "image_tagging_strategy",
    ]


def test_a_wrong_secret_is_not_shown() -> None:
    """A message tells the type of a value, never the value: it may be a password in the wrong form."""
    with pytest.raises(InvalidArgumentError) as refused:
        check_registry_credentials("login", {"username": "u", "password": ["hunter2"]})

    assert "hunter2" not in str(refused.value)
    assert "password: is of type list: give text, e.g. config.require_secret('password')" in str(refused.value)


def test_a_value_that_is_known_later_is_left_to_the_webhook() -> None:
    """An output is taken wherever the type says so; what it holds cannot be checked here."""
    check_image("app", {**IMAGE, "tag": pulumi.Output.from_input("Not a Tag")})


@pytest.mark.parametrize("shape", [shape for name, shape in vars(args).items() if name.endswith("Args")])
def test_every_argument_has_an_example(shape: type) -> None:
    """An error about any field can show a right value."""
    assert shape.__annotations__.keys() <= EXAMPLES.keys()


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        pytest.param("source.git.url", EXAMPLES["url"], id="the innermost field"),
        pytest.param("build.env[0].value", EXAMPLES["env"], id="inside of free data the field around it"),
        pytest.param("args", "what its documentation shows", id="no field"),
    ],
)
def test_the_example_is_that_of_the_nearest_field(path: str, shown: str) -> None:
    """A path leads to the example of the field that it is in."""
    assert example(path) == shown


def test_the_types_of_arguments_are_those_that_are_exported() -> None:
    """What is checked is what a program imports."""
    assert (args.ImageArgs, args.ClusterBuilderArgs) == (ImageArgs, ClusterBuilderArgs)
