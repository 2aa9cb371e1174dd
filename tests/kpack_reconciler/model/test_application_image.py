"""What the labels of an application image say, as kpack's completion tells it (`pkg/cnb/build_metadata_test.go`)."""

import json

import pytest

from kpack_api.types import BuildpackMetadata, BuildStack, BuiltImage
from kpack_reconciler.model.application_image import (
    BUILD_METADATA_LABEL,
    LIFECYCLE_METADATA_LABEL,
    STACK_LABEL,
    read_built_image,
)
from kpack_reconciler.model.references import parse_image
from tests import make

IMAGE = parse_image(make.APP_IMAGE)
DIGEST = make.digest("7")


def labels(lifecycle: object) -> dict[str, str]:
    build = {"buildpacks": [{"id": "test.id", "version": "1.2.3", "homepage": "x"}], "launcher": {"version": "1"}}
    return {
        STACK_LABEL: "s1",
        BUILD_METADATA_LABEL: json.dumps(build),
        LIFECYCLE_METADATA_LABEL: json.dumps(lifecycle),
    }


@pytest.mark.parametrize(
    ("run_image", "stack", "expected"),
    [
        pytest.param(
            {"reference": f"x.example/node@{DIGEST}"},
            {"runImage": {"image": "gcr.io:443/run:full"}},
            f"gcr.io:443/run@{DIGEST}",
            id="the stack's repository with the digest below the application",
        ),
        pytest.param(
            {"reference": f"x.example/node@{DIGEST}", "image": "y.example/run"},
            {},
            f"y.example/run@{DIGEST}",
            id="platform API 0.12",
        ),
        pytest.param({"reference": f"x.example/node@{DIGEST}"}, {}, f"x.example/node@{DIGEST}", id="no name"),
        pytest.param({"reference": "x.example/node:1"}, {}, "x.example/node:1", id="no digest"),
        pytest.param({}, {}, "", id="no reference"),
    ],
)
def test_labels_tell_buildpacks_stack_and_run_image(run_image: object, stack: object, expected: str) -> None:
    """The run image is named by the stack, its digest is the one that the application lies on."""
    result = read_built_image(IMAGE, labels({"runImage": run_image, "stack": stack}))

    assert result == BuiltImage(
        latest_image=make.APP_IMAGE,
        stack=BuildStack(run_image=expected, id="s1"),
        build_metadata=(BuildpackMetadata(id="test.id", version="1.2.3"),),
    )


def test_labels_of_another_kind_are_named() -> None:
    """With the image."""
    with pytest.raises(ValueError, match=r"registry.example/team/app@sha256:d+ has labels that the lifecycle does not"):
        read_built_image(IMAGE, labels([]))


def test_an_image_without_labels_tells_nothing() -> None:
    """Nothing is made up."""
    assert read_built_image(IMAGE, {}) == BuiltImage(latest_image=make.APP_IMAGE)
