from pathlib import Path

from dev.cluster import storage


def test_the_class_is_the_default_and_binds_late() -> None:
    """A claim without a class gets it, and its volume is chosen when the first pod is placed."""
    declared = storage.storage_class()

    assert declared["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "true"}
    assert declared["provisioner"] == "kubernetes.io/no-provisioner"
    assert declared["volumeBindingMode"] == "WaitForFirstConsumer"


def test_a_volume_is_local_to_the_node() -> None:
    """`local`, not `hostPath`: only there does the kubelet apply `fsGroup`."""
    spec = storage.volume("volume-01", directory=Path("/state/volumes/volume-01"))["spec"]

    assert spec == {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "5Gi"},
        "local": {"path": "/state/volumes/volume-01"},
        "nodeAffinity": {
            "required": {
                "nodeSelectorTerms": [
                    {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["node"]}]}
                ]
            }
        },
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "local",
        "volumeMode": "Filesystem",
    }


def test_there_are_twelve_volumes() -> None:
    """Names are fixed, so that a second `up` finds them."""
    names = storage.volume_names()

    assert (len(names), names[0], names[-1]) == (12, "volume-01", "volume-12")
