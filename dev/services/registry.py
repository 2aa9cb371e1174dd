"""Registries: Debian's docker-registry on the node's address, plain http, one or more.

Owns their configuration and start. The first takes anything from anyone; tests may start further ones that
ask for a name and a password. Blobs lie in the file system and may be deleted.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from dev.cluster import containerd
from dev.cluster.handle import Cluster
from dev.machine.addresses import REGISTRY_PORT
from dev.machine.files import write
from dev.machine.probes import listens, wait_for
from dev.machine.processes import Daemon
from dev.services.credentials import Credentials, htpasswd

NAME: Final = "registry"
START_SECONDS: Final = 20.0


def configuration(*, address: str, data: Path, users: Path | None) -> Mapping[str, Any]:
    """Give a registry's configuration; `users` is an htpasswd file, None to ask nobody who they are."""
    content: dict[str, Any] = {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {
            "filesystem": {"rootdirectory": str(data)},
            "delete": {"enabled": True},
            "maintenance": {"uploadpurging": {"enabled": False}},
        },
        "http": {"addr": address},
    }
    if users is not None:
        content["auth"] = {"htpasswd": {"realm": "registry", "path": str(users)}}
    return content


def start(
    cluster: Cluster, name: str = NAME, *, port: int = REGISTRY_PORT, credentials: Credentials | None = None
) -> bool:
    """Have a registry run at `port` of the node, for containerd, too; True when it had to be started."""
    address = f"{cluster.addresses.node}:{port}"
    home = cluster.state.root / name
    config, users = home / "config.yml", home / "users"
    if credentials is not None and not users.exists():
        write(users, htpasswd(credentials))
    content = configuration(address=address, data=home / "data", users=None if credentials is None else users)
    write(config, json.dumps(content, indent=2))
    containerd.allow_plain_http(cluster, address)
    files = (config,) if credentials is None else (config, users)
    command = ("docker-registry", "serve", str(config))
    at = (str(cluster.addresses.node), port)
    return cluster.processes.ensure(Daemon(name=name, command=command, configuration=files, address=at))


def await_ready(cluster: Cluster, name: str = NAME, *, port: int = REGISTRY_PORT) -> None:
    """Wait until a registry accepts connections."""
    wait_for(
        lambda: listens(cluster.addresses.node, port=port),
        what=f"an answer of registry '{name}' at {cluster.addresses.node}:{port}",
        seconds=START_SECONDS,
        alive=lambda: cluster.processes.check(name),
    )
