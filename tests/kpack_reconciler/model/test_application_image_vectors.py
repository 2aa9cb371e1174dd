"""Labels of application images, as kpack reads them; the numbers are those of `docs/parity.md`."""

import json
from typing import Any

import pytest

from kpack_api.types import BuildpackMetadata, BuildStack
from kpack_reconciler.model.application_image import read_built_image
from kpack_reconciler.model.references import parse_image

DIGEST = "sha256:0fd6395e4fe38a0c089665cbe10f52fb26fc64b4b15e672ada412bd7ab5499a0"
BUILDPACK: dict[str, Any] = {"id": "test.id", "version": "1.2.3"}
LIFECYCLE: dict[str, Any] = {
    "runImage": {"reference": f"localhost:5000/node@{DIGEST}"},
    "stack": {"runImage": {"image": "gcr.io:443/run:full-cnb"}},
}
APPLICATION = parse_image(f"registry.example/app@sha256:{'d' * 64}")


def labels(build: dict[str, Any], lifecycle: dict[str, Any]) -> dict[str, str]:
    return {
        "io.buildpacks.build.metadata": json.dumps(build),
        "io.buildpacks.lifecycle.metadata": json.dumps(lifecycle),
        "io.buildpacks.stack.id": "io.buildpacks.stacks.test",
    }


@pytest.mark.parametrize(
    "application",
    [pytest.param([{"sha": "sha256:1"}], id="V59 R183 list"), pytest.param({"sha": "sha256:1"}, id="V59 R183 object")],
)
def test_the_run_image_is_the_stack_s_name_with_the_digest_used(application: object) -> None:
    """Repository of the run image's name, digest of the one that the application lies on; `app` is not read."""
    found = read_built_image(APPLICATION, labels({"buildpacks": [BUILDPACK]}, {**LIFECYCLE, "app": application}))

    assert found.stack == BuildStack(run_image=f"gcr.io:443/run@{DIGEST}", id="io.buildpacks.stacks.test")
    assert found.build_metadata == (BuildpackMetadata(id="test.id", version="1.2.3"),)
    assert found.latest_image == str(APPLICATION)


@pytest.mark.parametrize(
    "build",
    [
        pytest.param({"buildpacks": [BUILDPACK]}, id="V66 without"),
        pytest.param({"buildpacks": [BUILDPACK], "bom": [{"name": "node", "metadata": {}}]}, id="V66 with"),
        pytest.param({"buildpacks": [{**BUILDPACK, "homepage": "https://x", "api": "0.8"}]}, id="V66 newer fields"),
    ],
)
def test_a_bill_of_materials_changes_nothing(build: dict[str, Any]) -> None:
    """Labels of all platform APIs are read alike."""
    found = read_built_image(APPLICATION, labels(build, LIFECYCLE))

    assert found.build_metadata == (BuildpackMetadata(id="test.id", version="1.2.3"),)
