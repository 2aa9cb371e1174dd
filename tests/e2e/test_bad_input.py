"""What people get wrong, on the real cluster: each mistake is told on the object it was made on, with the next step."""

import json
from collections.abc import Iterator

import pytest

from dev.build_service import kubectl, read_configuration
from dev.environment import Environment
from dev.errors import DevError
from dev.services import registry
from dev.services.credentials import Credentials
from dev.services.git import create_repository

pytestmark = pytest.mark.e2e

NAMESPACE = "mistakes"
REGISTRY_PORT = 5002


def in_namespace(service: Environment, *arguments: str, stdin: str | None = None) -> str:
    return kubectl(service, "-n", NAMESPACE, *arguments, stdin=stdin)


def apply_image(service: Environment, name: str, **changes: object) -> None:
    """Apply a good Image that differs in these fields of its spec."""
    spec = {
        "tag": f"{service.registry}/mistakes/{name}",
        "builder": {"kind": "Builder", "name": "sample-builder"},
        "serviceAccount": "kpack-bot",
        "source": {"git": {"url": f"{service.git_url}/go-sample-app.git", "revision": "main"}},
        **changes,
    }
    body = {"apiVersion": "build.pivotal.io/v1alpha1", "kind": "Image", "metadata": {"name": name}, "spec": spec}
    in_namespace(service, "apply", "-f", "-", stdin=json.dumps(body))


def told(service: Environment, name: str) -> str:
    """Wait until the Image is settled; give what its Ready condition says."""
    in_namespace(service, "wait", "--for=condition=Settled", f"image/{name}", "--timeout=90s")
    path = 'jsonpath={.status.conditions[?(@.type=="Ready")].message}'
    return in_namespace(service, "get", "image", name, "-o", path)


@pytest.fixture(scope="module", autouse=True)
def namespace(service: Environment) -> Iterator[None]:
    kubectl(service, "create", "namespace", NAMESPACE)
    in_namespace(service, "create", "serviceaccount", "kpack-bot")
    builder = {
        "apiVersion": "build.pivotal.io/v1alpha1",
        "kind": "Builder",
        "metadata": {"name": "sample-builder"},
        "spec": {"image": read_configuration(service.state)["builderImage"]},
    }
    in_namespace(service, "apply", "-f", "-", stdin=json.dumps(builder))
    yield
    kubectl(service, "delete", "namespace", NAMESPACE, "--wait=false")


@pytest.fixture
def private_registry(service: Environment) -> Iterator[str]:
    """Give the address of a registry that asks for a login which nobody has."""
    assert service.cluster is not None
    login = Credentials(username="someone", password="secret")
    registry.start(service.cluster, "private", port=REGISTRY_PORT, credentials=login)
    yield f"{service.registry.partition(':')[0]}:{REGISTRY_PORT}"
    service.cluster.processes.stop(["registry-private"])


def test_a_tag_that_is_none_is_refused_at_once(service: Environment) -> None:
    """`kubectl apply` fails with kpack's words and the path of the field."""
    with pytest.raises(DevError, match=r"validation failed: invalid value: No Tag: spec\.tag"):
        apply_image(service, "bad-tag", tag="No Tag")


def test_two_sources_are_refused_at_once(service: Environment) -> None:
    """An Image has one source; both given ones are named."""
    both = {"git": {"url": "https://git.example/x", "revision": "main"}, "blob": {"url": "https://blob.example/x"}}

    with pytest.raises(DevError, match=r"expected exactly one, got both: spec\.source\.blob, spec\.source\.git"):
        apply_image(service, "two-sources", source=both)


def test_yaml_of_the_wrong_shape_is_refused_at_once(service: Environment) -> None:
    """Text where an object belongs is refused with the path of the field."""
    with pytest.raises(DevError, match=r"spec\.source"):
        apply_image(service, "bad-shape", source="https://git.example/x")


def test_a_tag_cannot_be_changed(service: Environment) -> None:
    """The tag of an Image is immutable, as in kpack."""
    apply_image(service, "moved", source={"git": {"url": f"{service.git_url}/none.git", "revision": "main"}})

    with pytest.raises(DevError, match=r"Immutable field changed: spec\.tag"):
        apply_image(service, "moved", tag=f"{service.registry}/mistakes/elsewhere")


def test_a_builder_that_is_not_there_is_named(service: Environment) -> None:
    """The Image says which builder it cannot find."""
    apply_image(service, "no-builder", builder={"kind": "Builder", "name": "nobody"})

    assert "nobody" in told(service, "no-builder")


def test_a_repository_that_is_not_there_is_named(service: Environment) -> None:
    """The Image says that the repository does not exist, before any build."""
    apply_image(service, "no-repository", source={"git": {"url": f"{service.git_url}/none.git", "revision": "main"}})

    message = told(service, "no-repository")

    assert "none.git" in message
    assert "404" in message


def test_a_repository_that_asks_for_a_login_is_named(service: Environment) -> None:
    """The Image says what a secret for the repository has to look like."""
    create_repository(service.state.git, "private/app")
    url = f"{service.git_url}/private/app.git"
    apply_image(service, "no-login", source={"git": {"url": url, "revision": "main"}})

    message = told(service, "no-login")

    assert "private/app.git" in message
    assert "basic-auth secret annotated build.pivotal.io/git" in message


def test_a_service_account_that_is_not_there_is_named(service: Environment) -> None:
    """The build fails with the name of the account, after a grace for objects that are applied together."""
    apply_image(service, "no-account", serviceAccount="nobody")

    assert "nobody" in told(service, "no-account")


def test_a_registry_that_refuses_the_push_is_told_before_building(service: Environment, private_registry: str) -> None:
    """`prepare` asks whether the tag can be written; the message names the registry."""
    apply_image(service, "no-push", tag=f"{private_registry}/mistakes/no-push")

    message = told(service, "no-push")

    assert "step prepare" in message
    assert private_registry in message
