"""Gives local volumes back: `python -m dev.cluster.volume_recycler <state> <address of the API server>`.

Owns emptying and freeing released volumes, as a process of its own. Kubernetes never reuses a retained volume
by itself. Rules:
- only volumes of our class whose phase is `Released` are touched, and only directories under the state's
  volumes;
- a volume is looked at anew before it is emptied: an event may tell of a claim that has a successor by now;
- what goes wrong is printed to the log and tried again: a volume is never freed before it is empty.
"""

import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from dev.cluster import api as cluster_api
from dev.cluster.api import Api
from dev.cluster.handle import Cluster
from dev.cluster.storage import CLASS_NAME, VOLUMES_PATH
from dev.errors import DevError
from dev.machine.processes import Daemon
from dev.state import CHECKOUT, State

NAME: Final = "volume-recycler"
WATCH_SECONDS: Final = 300
RETRY_SECONDS: Final = 2.0


def daemon(cluster: Cluster) -> Daemon:
    """Describe the process."""
    return Daemon(
        name=NAME,
        command=(
            sys.executable,
            "-m",
            "dev.cluster.volume_recycler",
            str(cluster.state.root),
            str(cluster.addresses.node),
        ),
        environment={"PYTHONPATH": str(CHECKOUT), "PYTHONUNBUFFERED": "1"},
        configuration=(Path(__file__),),
    )


def is_released(volume: Mapping[str, Any]) -> bool:
    """Tell whether a volume of ours still refers to a claim that is gone."""
    return bool(
        volume["spec"].get("storageClassName") == CLASS_NAME
        and volume["spec"].get("claimRef")
        and volume.get("status", {}).get("phase") == "Released"
    )


def recycle(api: Api, name: str, *, directory: Path) -> None:
    """Empty a volume's directory and make it available again, if it is still released."""
    path = f"{VOLUMES_PATH}/{name}"
    volume = api.get(path)
    if volume is None or not is_released(volume):
        return
    place = Path(volume["spec"]["local"]["path"])
    if place.parent != directory:
        raise DevError(f"{place} is no volume directory of {directory}; it is left as it is")
    empty(place)
    version = volume["metadata"]["resourceVersion"]
    api.merge(path, {"metadata": {"resourceVersion": version}, "spec": {"claimRef": None}})
    print(f"{name} is available again")


def empty(directory: Path) -> None:
    """Remove everything in a directory and give it the owner and mode of a fresh one."""
    for entry in directory.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    shutil.chown(directory, user="root", group="root")
    directory.chmod(0o755)


def follow(api: Api, *, directory: Path) -> None:
    """Recycle what is released now and, until the watch ends, what will be."""
    listed = api.get(VOLUMES_PATH) or {"items": [], "metadata": {"resourceVersion": ""}}
    for item in listed["items"]:
        if is_released(item):
            recycle(api, item["metadata"]["name"], directory=directory)
    version = listed["metadata"]["resourceVersion"]
    for event in api.watch(VOLUMES_PATH, version=version, seconds=WATCH_SECONDS):
        if event["type"] in {"ADDED", "MODIFIED"} and is_released(event["object"]):
            recycle(api, event["object"]["metadata"]["name"], directory=directory)


def main() -> None:
    """Follow the volumes until the process is ended."""
    state = State(root=Path(sys.argv[1]))
    api = cluster_api.connect(state, address=sys.argv[2])
    while True:
        try:
            follow(api, directory=state.volumes)
        except (DevError, OSError) as error:
            print(error)
            time.sleep(RETRY_SECONDS)


if __name__ == "__main__":
    main()
