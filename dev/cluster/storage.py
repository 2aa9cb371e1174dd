"""Storage: a default StorageClass on local volumes that were made beforehand.

Owns the class and the volumes. Volumes are `local`, not `hostPath`: only there does the kubelet apply
`fsGroup`, without which a build that is not root cannot write its cache. A volume whose claim is gone is
given back by `volume_recycler`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from dev.cluster.api import Api
from dev.cluster.certificates import NODE_NAME

CLASS_NAME: Final = "local"
VOLUMES: Final = 12
CAPACITY: Final = "5Gi"
CLASSES_PATH: Final = "/apis/storage.k8s.io/v1/storageclasses"
VOLUMES_PATH: Final = "/api/v1/persistentvolumes"


def storage_class() -> Mapping[str, Any]:
    """Give the default class: a claim is bound when the first pod needs it."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": CLASS_NAME,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def volume_names() -> tuple[str, ...]:
    """Name the volumes; a directory of the same name is behind each."""
    return tuple(f"volume-{number:02}" for number in range(1, VOLUMES + 1))


def volume(name: str, *, directory: Path) -> Mapping[str, Any]:
    """Give one volume on the node."""
    this_node = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE_NAME]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": CAPACITY},
            "local": {"path": str(directory)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [this_node]}]}},
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": CLASS_NAME,
            "volumeMode": "Filesystem",
        },
    }


def ensure(api: Api, *, directory: Path) -> bool:
    """Have the class and the volumes, with their directories; True when one was missing."""
    directory.mkdir(mode=0o711, exist_ok=True)
    for name in volume_names():
        (directory / name).mkdir(exist_ok=True)
    listed = api.get(VOLUMES_PATH) or {"items": []}
    present = {item["metadata"]["name"] for item in listed["items"]}
    missing = [name for name in volume_names() if name not in present]
    classless = api.get(f"{CLASSES_PATH}/{CLASS_NAME}") is None
    if classless:
        api.apply(f"{CLASSES_PATH}/{CLASS_NAME}", storage_class())
    for name in missing:
        api.apply(f"{VOLUMES_PATH}/{name}", volume(name, directory=directory / name))
    return classless or bool(missing)
