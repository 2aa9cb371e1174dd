"""The rules of arguments: each wrong word is refused with a message that says what to do."""

from collections.abc import Callable, Mapping

import pytest

from pulumi_kpack.rules import (
    InvalidArgumentError,
    check_build_service,
    check_builder,
    check_git_credentials,
    check_image,
    check_name,
    check_reference,
    check_registry_credentials,
)

GIT = {"git": {"url": "https://git.example.com/app.git", "revision": "main"}}
IMAGE = {"tag": "registry.example.com/team/app:1", "builder": {"name": "builder"}, "source": GIT}
SERVICE = {"image": "registry.example.com/kpack@sha256:1"}

Check = Callable[[Mapping[str, object]], None]

REFUSED = [
    pytest.param(check_build_service, {}, "ReconcilerImage", id="a service without an image"),
    pytest.param(check_build_service, {**SERVICE, "namespace": "Kpack"}, "lower-case", id="a namespace in capitals"),
    pytest.param(check_build_service, {**SERVICE, "log_level": "loud"}, "debug, info", id="an unknown log level"),
    pytest.param(check_build_service, {**SERVICE, "replicas": 0}, "above 0", id="no replicas"),
    pytest.param(check_build_service, {**SERVICE, "source_poll_seconds": 0}, "above 0", id="polling without a pause"),
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
    pytest.param(check_builder, {}, "missing", id="a builder without an image"),
    pytest.param(check_builder, {"image": "b", "update_policy": "daily"}, "polling", id="an unknown update policy"),
    pytest.param(check_image, {**IMAGE, "tag": ""}, "missing", id="an empty tag"),
    pytest.param(check_image, {**IMAGE, "tag": "r.example/a@sha256:1"}, "leave '@…' out", id="a digest to push to"),
    pytest.param(check_image, {**IMAGE, "tag": "r.example/App"}, "lower case", id="capitals in a repository"),
    pytest.param(check_image, {**IMAGE, "tag": "r.example/a:b:c"}, "repository[:tag]", id="two colons"),
    pytest.param(check_image, {**IMAGE, "source": {}}, "exactly one", id="no source"),
    pytest.param(check_image, {**IMAGE, "source": {**GIT, "blob": {"url": "u"}}}, "exactly one", id="two sources"),
    pytest.param(check_image, {**IMAGE, "builder": None}, "ClusterBuilder", id="no builder"),
    pytest.param(
        check_image, {**IMAGE, "builder": {"kind": "Store", "name": "s"}}, "ClusterBuilder", id="no kind of builder"
    ),
    pytest.param(check_image, {**IMAGE, "cache_size": "big"}, "2Gi", id="a size that is no quantity"),
    pytest.param(
        check_image, {**IMAGE, "image_tagging_strategy": "x"}, "BuildNumber", id="an unknown tagging strategy"
    ),
    pytest.param(check_image, {**IMAGE, "failed_build_history_limit": 0}, "above 0", id="no failed build kept"),
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
]


@pytest.mark.parametrize(("check", "args", "next_step"), REFUSED)
def test_a_wrong_argument_is_refused_with_the_next_step(check: Check, args: dict[str, object], next_step: str) -> None:
    """What breaks a rule is refused before anything is registered, and the message says what to do."""
    with pytest.raises(InvalidArgumentError) as refused:
        check(args)

    assert next_step in str(refused.value)


@pytest.mark.parametrize(("check", "args"), ACCEPTED)
def test_a_right_argument_passes(check: Check, args: dict[str, object]) -> None:
    """What keeps the rules passes in silence."""
    check(args)


@pytest.mark.parametrize("name", ["", "-app", "app-", "App", "a.b", "a" * 64])
def test_a_name_is_a_dns_label(name: str) -> None:
    """A name becomes part of names of builds and pods, so it must be a DNS label."""
    with pytest.raises(InvalidArgumentError, match="63 lower-case"):
        check_name("name", name)


def test_an_unknown_value_is_left_to_the_webhook() -> None:
    """A value that is known only later (not text yet) cannot be checked here."""
    later = object()

    check_reference("tag", later)
