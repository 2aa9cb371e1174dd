"""What `up` decides without a cluster: the stack's configuration and the application's pod."""

from pathlib import Path

import pytest

from dev.build_service import application_pod, configure, pod_name, read_configuration, seed_repository
from dev.errors import DevError
from dev.machine.files import write
from dev.state import State

IMAGE = "10.0.0.1:5000/go-sample-app@sha256:0123456789abcdef"


def test_no_configuration_reads_as_empty(tmp_path: Path) -> None:
    """Before the first `up` there is nothing to read."""
    assert read_configuration(State(root=tmp_path)) == {}


def test_configuration_is_read_as_written(tmp_path: Path) -> None:
    """What one step remembers, the next one finds under the same names."""
    state = State(root=tmp_path)

    configure(state, {"tag": "r/app", "builderImage": "r/builder@sha256:00"})

    assert read_configuration(state) == {"builderImage": "r/builder@sha256:00", "tag": "r/app"}


def test_another_digest_is_another_pod() -> None:
    """The pod is named after what it runs, so that a new image is seen to run."""
    assert pod_name(IMAGE) == "go-sample-app-01234567"


@pytest.mark.parametrize("part", ["securityContext", "containers"])
def test_the_application_runs_without_privileges(part: str) -> None:
    """The pod passes the `restricted` Pod Security level."""
    spec = application_pod(IMAGE)["spec"]

    assert isinstance(spec, dict)
    assert {"securityContext": "RuntimeDefault", "containers": "'drop': ['ALL']"}[part] in str(spec[part])


def test_a_cluster_of_yours_needs_a_git_server(tmp_path: Path) -> None:
    """Without GIT_URL the message says which word is missing."""
    state = State(root=tmp_path)
    write(tmp_path / "target.json", '{"context": "prod", "registry": "registry.example/team"}')

    with pytest.raises(DevError, match="name it by GIT_URL="):
        seed_repository(state, print)
