"""What labels and environment of a builder image say."""

import json
from typing import Any

import pytest

from kpack_api.types import BuildpackMetadata
from kpack_reconciler.errors import PermanentError
from kpack_reconciler.model.builder_image import METADATA_LABEL, STACK_LABEL, read_builder_labels

ENVIRONMENT = ("PATH=/bin:/usr/bin", "CNB_USER_ID=1000", "CNB_GROUP_ID=1001")
METADATA: dict[str, Any] = {
    "stack": {"runImage": {"image": "registry.example/run", "mirrors": []}},
    "lifecycle": {"version": "0.20.0", "apis": {"platform": {"deprecated": ["0.3"], "supported": ["0.10", "0.4"]}}},
    "buildpacks": [{"id": "bp.a", "version": "1", "homepage": "https://bp.example"}],
}


def labels(**changes: object) -> dict[str, str]:
    return {STACK_LABEL: "stack.test", METADATA_LABEL: json.dumps({**METADATA, **changes})}


def test_a_builder_image_is_read() -> None:
    """Stack, run image, user, group, lifecycle and buildpacks come from labels and environment."""
    read = read_builder_labels(labels(), ENVIRONMENT)

    assert (read.stack_id, read.run_image) == ("stack.test", "registry.example/run")
    assert (read.user_id, read.group_id, read.lifecycle_version) == (1000, 1001, "0.20.0")
    assert read.buildpacks == (BuildpackMetadata(id="bp.a", version="1"),)


def test_platform_apis_ascend_by_number() -> None:
    """Deprecated and supported platform APIs are one list in which 0.10 comes after 0.4; odd texts are left out."""
    apis = {"platform": {"deprecated": ["0.3"], "supported": ["0.10", "0.4", "next"]}}

    read = read_builder_labels(labels(lifecycle={"apis": apis}), ENVIRONMENT)

    assert read.platform_apis == ("0.3", "0.4", "0.10")


def test_an_old_lifecycle_tells_one_platform_api() -> None:
    """Where there are no lists the single `api.platform` counts."""
    lifecycle = {"version": "0.8.0", "api": {"platform": "0.4"}}

    assert read_builder_labels(labels(lifecycle=lifecycle), ENVIRONMENT).platform_apis == ("0.4",)


@pytest.mark.parametrize("stack", [None, {}, {"runImage": {"image": ""}}])
def test_a_run_image_may_be_named_below_images_only(stack: object) -> None:
    """A builder whose stack names no run image uses the first of `images`."""
    read = read_builder_labels(labels(stack=stack, images=[{"image": "registry.example/other"}]), ENVIRONMENT)

    assert read.run_image == "registry.example/other"


@pytest.mark.parametrize(
    ("given", "environment", "words"),
    [
        pytest.param({}, ENVIRONMENT, f"could not find label {STACK_LABEL}", id="no label"),
        pytest.param(
            {METADATA_LABEL: json.dumps(METADATA)}, ENVIRONMENT, f"could not find label {STACK_LABEL}", id="no stack"
        ),
        pytest.param(
            {STACK_LABEL: "s"},
            ENVIRONMENT,
            f"unsupported builder metadata structure: could not find label {METADATA_LABEL}",
            id="V64",
        ),
        pytest.param(
            {METADATA_LABEL: "{", STACK_LABEL: "s"}, ENVIRONMENT, "unsupported builder metadata structure", id="no JSON"
        ),
        pytest.param(
            {METADATA_LABEL: "[" * 9999, STACK_LABEL: "s"}, ENVIRONMENT, "unsupported builder metadata", id="too deep"
        ),
        pytest.param(labels(stack=None), ENVIRONMENT, "names no run image", id="no run image"),
        pytest.param(labels(), ENVIRONMENT[:2], "ENV CNB_GROUP_ID not found", id="no group"),
        pytest.param(
            labels(), ("CNB_USER_ID=cnb", *ENVIRONMENT[2:]), "ENV CNB_USER_ID is 'cnb', not a number", id="user name"
        ),
        pytest.param(
            labels(), ("CNB_USER_ID=1=2", *ENVIRONMENT[2:]), "ENV CNB_USER_ID is '1=2', not a number", id="V70"
        ),
    ],
)
def test_what_a_builder_image_lacks_is_named(given: dict[str, str], environment: tuple[str, ...], words: str) -> None:
    """An image that is no builder is refused for good, and the message names what it lacks."""
    with pytest.raises(PermanentError) as caught:
        read_builder_labels(given, environment)

    assert caught.value.reason == "InvalidBuilder"
    assert words in str(caught.value)


def test_the_first_of_two_equal_variables_counts() -> None:
    """As in kpack, where a later entry is never looked at."""
    read = read_builder_labels(labels(), ("CNB_USER_ID=1", "CNB_USER_ID=2", "CNB_GROUP_ID=3"))

    assert read.user_id == 1


@pytest.mark.parametrize("lists", [None, {"deprecated": None, "supported": None}])
def test_a_list_may_be_null(lists: object) -> None:
    """A list may be `null`: pack writes it where it is empty."""
    lifecycle = {"version": "0.20.0", "apis": {"platform": lists}, "api": {"platform": "0.4"}}

    read = read_builder_labels(labels(lifecycle=lifecycle, buildpacks=None, images=None), ENVIRONMENT)

    assert (read.platform_apis, read.buildpacks) == (("0.4",), ())
