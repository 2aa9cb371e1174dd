import json
import tarfile
import tomllib
from pathlib import Path

import pytest

from dev.images.builders import TODAY, TUTORIAL, Lifecycle, builder_image
from dev.images.images import ComposedImage
from kpack_reconciler.model.builder_image import read_builder_labels

RUN_IMAGE = "registry.example/run@sha256:" + "1" * 64
GENERATIONS = pytest.mark.parametrize("lifecycle", [TODAY, TUTORIAL], ids=lambda lifecycle: lifecycle.version)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("lifecycle", "launcher", "lifecycle-0.9", "launcher-0.9"):
        (folder / name).write_text(name)
    return folder


def compose(lifecycle: Lifecycle, tools: Path) -> ComposedImage:
    base = ComposedImage(layers=(), labels={"io.buildpacks.stack.id": "stack"}, user="1000:1000")
    return builder_image(base, lifecycle, tools=tools, cache=tools.parent / "cache", run_image=RUN_IMAGE)


def files(image: ComposedImage) -> dict[str, str]:
    found = {}
    for layer in image.layers:
        with tarfile.open(layer.path) as tar:
            for member in tar:
                file = tar.extractfile(member) if member.isreg() else None
                found[member.name] = member.linkname if file is None else file.read().decode()
    return found


@GENERATIONS
def test_the_reconciler_understands_the_labels(lifecycle: Lifecycle, tools: Path) -> None:
    """What we write is what we read: run image, stack, buildpacks, APIs and the user."""
    image = compose(lifecycle, tools)

    labels = read_builder_labels(image.labels, ("CNB_USER_ID=1000", "CNB_GROUP_ID=1000"))

    assert (labels.run_image, labels.stack_id) == (RUN_IMAGE, "stack")
    assert (labels.user_id, labels.group_id) == (1000, 1000)
    assert labels.platform_apis == lifecycle.platform_apis
    assert [buildpack.id for buildpack in labels.buildpacks] == ["kpack-samples/go", "kpack-samples/labels"]


@GENERATIONS
def test_each_buildpack_lies_where_its_label_says(lifecycle: Lifecycle, tools: Path) -> None:
    """A buildpack's label names the layer that holds its folder, and its descriptor names this lifecycle's API."""
    image = compose(lifecycle, tools)
    held = json.loads(image.labels["io.buildpacks.buildpack.layers"])

    for name in ("go", "labels"):
        descriptor = tomllib.loads(files(image)[f"cnb/buildpacks/kpack-samples_{name}/0.1.0/buildpack.toml"])
        assert descriptor["api"] == lifecycle.buildpack_api in lifecycle.buildpack_apis
        assert descriptor["buildpack"]["id"] == f"kpack-samples/{name}"
        diff_id = held[f"kpack-samples/{name}"]["0.1.0"]["layerDiffID"]
        assert diff_id in {layer.diff_id for layer in image.layers}


@GENERATIONS
def test_the_run_image_is_named_by_digest(lifecycle: Lifecycle, tools: Path) -> None:
    """The lifecycle reads the same run image from its files as a platform from the label; run.toml is of today."""
    found = files(compose(lifecycle, tools))

    assert tomllib.loads(found["cnb/stack.toml"]) == {"run-image": {"image": RUN_IMAGE}}
    assert ("cnb/run.toml" in found) == (lifecycle is TODAY)


@GENERATIONS
def test_a_program_that_changes_makes_another_builder(lifecycle: Lifecycle, tools: Path) -> None:
    """A lifecycle built anew goes in, also when its size is that of the one before."""
    before = compose(lifecycle, tools)
    program = tools / lifecycle.program
    program.write_text(program.read_text().upper())

    assert compose(lifecycle, tools).layers[0].digest != before.layers[0].digest
