import base64
from pathlib import Path

import yaml

from dev.cluster.kubeconfigs import kubeconfig


def test_a_kubeconfig_is_self_contained(tmp_path: Path) -> None:
    """It can be copied anywhere: keys are in it, not beside it."""
    for name in ("ca.crt", "admin.crt", "admin.key"):
        (tmp_path / name).write_text(name)

    config = yaml.safe_load(kubeconfig(tmp_path, identity="admin", server="https://10.201.0.2:6443"))

    (cluster,), (user,), (context,) = config["clusters"], config["users"], config["contexts"]
    assert config["current-context"] == context["name"]
    assert context["context"] == {"cluster": cluster["name"], "user": user["name"]}
    assert cluster["cluster"]["server"] == "https://10.201.0.2:6443"
    assert base64.b64decode(cluster["cluster"]["certificate-authority-data"]) == b"ca.crt"
    assert base64.b64decode(user["user"]["client-certificate-data"]) == b"admin.crt"
    assert base64.b64decode(user["user"]["client-key-data"]) == b"admin.key"
