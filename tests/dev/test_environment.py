import shlex
import sys
from pathlib import Path

import pytest

from dev.cluster.handle import Cluster
from dev.environment import Environment, load_environment
from dev.errors import DevError
from dev.machine.addresses import Addresses
from dev.machine.files import write
from dev.state import State


def make_environment(root: Path) -> Environment:
    state = State(root=root)
    addresses = Addresses(slot=0)
    return Environment(
        state=state,
        kubeconfig=state.kubeconfig,
        registry=addresses.registry,
        git_url=addresses.git_url,
        host=str(addresses.host),
        cluster=Cluster(state=state, addresses=addresses),
    )


def test_the_variables() -> None:
    """With them kubectl, pulumi and kpack work on the environment, without any account.

    The state itself is not among them: in the same shell another checkout must find its own.
    """
    scripts = Path(sys.executable).parent

    variables = make_environment(Path("/state")).variables({"PATH": "/usr/bin"})

    assert variables == {
        "KUBECONFIG": "/state/kubeconfig",
        "PATH": f"/state/bin:{scripts}:/usr/bin",
        "PULUMI_BACKEND_URL": "file:///state/pulumi",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_HOME": "/state/pulumi-home",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "REGISTRY": "10.201.0.2:5000",
        "GIT_URL": "http://10.201.0.2:5001",
    }


def test_setting_the_variables_twice_changes_nothing() -> None:
    """`eval "$(make -s env)"` may be repeated in one shell; PATH does not grow."""
    environment = make_environment(Path("/state"))
    once = environment.variables({"PATH": "/usr/bin"})

    assert environment.variables(once) == once


def test_exports_survive_a_shell() -> None:
    """Values are quoted: a blank in a path is no second word."""
    lines = make_environment(Path("/my state")).exports().splitlines()

    words = [shlex.split(line) for line in lines]
    assert all(len(parts) == 2 and parts[0] == "export" for parts in words)
    assert ["export", "KUBECONFIG=/my state/kubeconfig"] in words


def test_a_named_cluster_is_read_from_the_state(tmp_path: Path) -> None:
    """For an existing cluster the values come from the choice, and there is nothing of our own."""
    state = State(root=tmp_path)
    write(state.root / "target.json", '{"context": "prod", "registry": "registry.example/team"}')

    environment = load_environment(state)

    assert (environment.registry, environment.git_url, environment.cluster) == (
        "registry.example/team",
        "",
        None,
    )


def test_nothing_up_says_what_to_do(tmp_path: Path) -> None:
    """Whoever asks too early is told the command."""
    with pytest.raises(DevError, match="make up"):
        load_environment(State(root=tmp_path))
