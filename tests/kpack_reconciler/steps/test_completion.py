"""`completion` run for real against a registry on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kpack_api.types import BuildpackMetadata, BuildStack, BuiltImage
from kpack_reconciler.model.built_image import decode_built_image
from kpack_reconciler.model.exit_codes import TRANSIENT
from kpack_reconciler.steps import registries
from kpack_reconciler.steps.completion import Places, main
from tests.fakes.registry_host import RegistryHost, registry_host

RUN_DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def registry() -> Iterator[RegistryHost]:
    with registry_host("joe:secret") as host:
        yield host


@pytest.fixture
def places(tmp_path: Path, registry: RegistryHost) -> Places:
    config = tmp_path / "home" / ".docker" / "config.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"auths": {registry.name: {"username": "joe", "password": "secret"}}}))
    (tmp_path / "log").touch()
    return Places(home=tmp_path / "home", report=tmp_path, termination_log=tmp_path / "log")


def test_the_built_image_is_told(registry: RegistryHost, places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    """Digest, stack, run image and buildpacks come from the report and the image's labels."""
    labels = {
        "io.buildpacks.stack.id": "stack",
        "io.buildpacks.build.metadata": json.dumps({"buildpacks": [{"id": "go", "version": "1"}], "processes": []}),
        "io.buildpacks.lifecycle.metadata": json.dumps(
            {
                "runImage": {"topLayer": "t", "reference": f"{registry.name}/app@{RUN_DIGEST}"},
                "stack": {"runImage": {"image": f"{registry.name}/run:1"}},
            }
        ),
    }
    digest = registry.put_image("app", labels)
    (places.report / "report.toml").write_text(f'[image]\ntags = ["x"]\ndigest = "{digest}"\n')

    code = main([], {"IMAGE_TAG": f"{registry.name}/app:1"}, places)

    assert code == 0
    assert decode_built_image(places.termination_log.read_text()) == BuiltImage(
        latest_image=f"{registry.name}/app@{digest}",
        stack=BuildStack(run_image=f"{registry.name}/run@{RUN_DIGEST}", id="stack"),
        build_metadata=(BuildpackMetadata(id="go", version="1"),),
    )
    assert capsys.readouterr().out == "Build successful\n"


@pytest.mark.parametrize(
    ("report", "said"),
    [
        pytest.param("", "no digest", id="empty report"),
        pytest.param(f'[image]\ndigest = "{RUN_DIGEST}"', "does not exist", id="image gone"),
        pytest.param('[image]\ndigest = "../../x"', "left no digest", id="no digest"),
        pytest.param('image = "x"', "left no digest", id="another shape"),
    ],
)
def test_a_result_that_cannot_be_read_fails_the_build(
    registry: RegistryHost, places: Places, report: str, said: str
) -> None:
    """The step ends with exit code 1 and says what is missing."""
    (places.report / "report.toml").write_text(report)

    code = main([], {"IMAGE_TAG": f"{registry.name}/app:1"}, places)

    assert code == 1
    assert said in places.termination_log.read_text()


def test_a_registry_that_is_away_may_come_back(
    registry: RegistryHost, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code tells the controller that another attempt may succeed."""
    monkeypatch.setattr(registries, "_PAUSES_SECONDS", (0, 0))
    registry.broken = True
    (places.report / "report.toml").write_text(f'[image]\ndigest = "{RUN_DIGEST}"')

    code = main([], {"IMAGE_TAG": f"{registry.name}/app:1"}, places)

    assert code == TRANSIENT
    assert "the built image cannot be read: registry" in places.termination_log.read_text()


def test_an_argument_is_refused(places: Places) -> None:
    """A flag of another version of the controller does not pass unseen."""
    assert main(["-notary-v1-url=x"], {}, places) == 1


def test_labels_that_no_lifecycle_writes_are_told(registry: RegistryHost, places: Places) -> None:
    """They fail the build with the image's name."""
    digest = registry.put_image("app", {"io.buildpacks.build.metadata": "{"})
    (places.report / "report.toml").write_text(f'[image]\ndigest = "{digest}"')

    code = main([], {"IMAGE_TAG": f"{registry.name}/app:1"}, places)

    assert code == 1
    assert f"{registry.name}/app@{digest} has labels" in places.termination_log.read_text()
