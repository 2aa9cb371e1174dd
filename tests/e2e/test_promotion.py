"""`examples/promotion` by the real pulumi: what was built comes into a second registry, which asks for a login.

The tests of this module run in their order: each goes on from the stack that the one before left.
"""

import asyncio
import json
import time
from collections.abc import Iterator

import aiohttp
import pytest

from dev.build_service import STACK as BUILD_STACK
from dev.build_service import kubectl, outputs, read_configuration
from dev.environment import Environment
from dev.services import registry
from dev.services.credentials import Credentials
from dev.state import CHECKOUT
from kpack_reconciler.clients.registry import Manifest, RegistryClient
from kpack_reconciler.model.credentials import ANONYMOUS, Keychain, keychain_from_login
from kpack_reconciler.model.references import parse_image
from tests.e2e.programs import Program, write_program

pytestmark = pytest.mark.e2e

PORT = 5007
LOGIN = Credentials(username="promoter", password="MARKED: a promoter's secret")
BUILDPACKS = ["kpack-samples/go", "kpack-samples/labels"]
SECONDS_TO_REFUSE = 60.0
"""From the beginning to the end of a `pulumi up` that a rule refuses."""


@pytest.fixture(scope="module")
def host(service: Environment) -> Iterator[str]:
    """Give the address of a registry with one user, beside the one that builds are pushed to."""
    assert service.cluster is not None
    registry.start(service.cluster, "prod", port=PORT, credentials=LOGIN)
    registry.await_ready(service.cluster, "prod", port=PORT)
    yield f"{service.cluster.addresses.node}:{PORT}"
    service.cluster.processes.stop(["prod"])


@pytest.fixture(scope="module")
def program(service: Environment, host: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Give the example as it is, configured for these two registries."""
    source = (CHECKOUT / "examples" / "promotion" / "__main__.py").read_text()
    folder = tmp_path_factory.mktemp("programs") / "promotion"
    program = write_program(folder, service, source=source, secrets={"password": LOGIN.password})
    configure(
        program,
        buildStack=f"organization/pulumi-kpack/{BUILD_STACK}",
        registry=host,
        user=LOGIN.username,
        reconcilerImage=read_configuration(service.state)["reconcilerImage"],
        buildpacks=json.dumps(BUILDPACKS),
    )
    yield program
    program.pulumi("destroy", "--yes")


def configure(program: Program, **values: str) -> None:
    program.pulumi("config", "set-all", *(f"--plaintext={name}={value}" for name, value in values.items()))


def manifest(image: str, keychain: Keychain = ANONYMOUS) -> Manifest:
    async def read() -> Manifest:
        async with aiohttp.ClientSession() as http:
            return await RegistryClient(http, keychain).manifest(parse_image(image))

    return asyncio.run(read())


def keychain(host: str) -> Keychain:
    return keychain_from_login(host, username=LOGIN.username, password=LOGIN.password)


def test_the_built_image_comes_into_the_other_registry(service: Environment, program: Program, host: str) -> None:
    """`up` gives the image at its target by digest; tag and digest lead to the bytes that were built."""
    program.pulumi("up", "--yes", "--skip-preview")
    promoted = json.loads(program.pulumi("stack", "output", "--json"))["image"]
    built = outputs(service)["image"]

    assert promoted == f"{host}/team/app@{built.partition('@')[2]}"
    assert manifest(promoted, keychain(host)).raw == manifest(built).raw
    assert manifest(f"{host}/team/app:prod", keychain(host)).digest == promoted.partition("@")[2]


def test_a_second_up_changes_nothing(program: Program) -> None:
    """The Job that has ended stays, with a look at the cluster and without."""
    program.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")
    program.pulumi("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes")


def test_a_rule_refuses_by_its_name(program: Program) -> None:
    """`up` fails soon, with the rule's name and the buildpack that breaks it."""
    configure(program, buildpacks=json.dumps(BUILDPACKS[:1]))
    began = time.monotonic()

    told = program.attempt("up", "--yes", "--skip-preview")

    assert told.returncode != 0
    assert time.monotonic() - began < SECONDS_TO_REFUSE
    assert "promotion refused by rule allowed_buildpacks: kpack-samples/labels took part" in told.stdout + told.stderr


def test_after_a_refusal_the_corrected_rule_promotes(service: Environment, program: Program) -> None:
    """What is there already is not copied again, and the Job says so."""
    configure(program, buildpacks=json.dumps([*BUILDPACKS, "kpack-samples/java"]))
    program.pulumi("up", "--yes", "--skip-preview")
    resources = json.loads(program.pulumi("stack", "export"))["deployment"]["resources"]
    (job,) = (each["id"] for each in resources if each["type"] == "kubernetes:batch/v1:Job")
    namespace, _, name = job.rpartition("/")

    assert "nothing is copied" in kubectl(service, "-n", namespace, "logs", f"job/{name}")


def test_no_password_is_told(program: Program) -> None:
    """Neither in a diff nor in the stack's state."""
    assert LOGIN.password not in program.pulumi("preview", "--diff")
    assert LOGIN.password not in program.pulumi("stack", "export")
