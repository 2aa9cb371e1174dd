from collections.abc import Callable

import pytest

from dev.cluster import control_plane
from dev.cluster.handle import Cluster
from dev.machine.processes import Daemon


def arguments(daemon: Daemon) -> dict[str, str]:
    pairs = (argument.partition("=") for argument in daemon.command[1:])
    return {name.removeprefix("--"): value for name, _, value in pairs}


def test_the_api_server_reaches_the_kubelet_by_address(cluster: Cluster) -> None:
    """`kubectl logs` and `exec` fail when the API server asks for the node's name."""
    given = arguments(control_plane.api_server(cluster))

    assert given["kubelet-preferred-address-types"] == "InternalIP"
    assert given["kubelet-certificate-authority"] == "/state/certificates/ca.crt"


def test_the_api_server_authorises_as_real_clusters_do(cluster: Cluster) -> None:
    """RBAC is on: an operator that lacks a permission fails here, too."""
    given = arguments(control_plane.api_server(cluster))

    assert given["authorization-mode"] == "Node,RBAC"
    assert given["service-cluster-ip-range"] == "10.201.16.0/20"
    assert given["advertise-address"] == "10.201.0.2"


def test_the_controller_manager_hands_out_tokens_the_api_server_takes(cluster: Cluster) -> None:
    """Both use the two halves of one key."""
    api, controllers = (
        arguments(control_plane.api_server(cluster)),
        arguments(control_plane.controller_manager(cluster)),
    )

    assert api["service-account-signing-key-file"] == controllers["service-account-private-key-file"]
    assert "use-service-account-credentials" in controllers


@pytest.mark.parametrize(
    "describe",
    [
        control_plane.etcd,
        control_plane.api_server,
        control_plane.controller_manager,
        control_plane.scheduler,
    ],
)
def test_no_daemon_writes_outside_of_the_state(cluster: Cluster, describe: Callable[[Cluster], Daemon]) -> None:
    """Every path that is given is below the state."""
    paths = [value for value in arguments(describe(cluster)).values() if value.startswith("/")]

    assert paths
    assert all(path.startswith("/state/") for path in paths)
