"""What an image is made of: every blob that has to be there, once, and nothing that is no digest."""

import json

import pytest

from kpack_reconciler.model.image_parts import Blob, blobs_of, children_of, config_of, read_created_and_labels

A, B, C = ("sha256:" + letter * 64 for letter in "abc")


def raw(document: object) -> bytes:
    return json.dumps(document).encode()


def test_blobs_are_layers_and_config_each_once() -> None:
    """A layer that registries do not hold is left where it is."""
    layers = [
        {"digest": A, "size": 1},
        {"digest": A, "size": 1},
        {"digest": C, "size": 3, "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"},
    ]
    manifest = raw({"config": {"digest": B, "size": 2}, "layers": layers})

    assert blobs_of(manifest) == (Blob(digest=A, size=1), Blob(digest=B, size=2))
    assert config_of(manifest) == B


def test_an_index_lists_images_each_once() -> None:
    """The order is kept."""
    assert children_of(raw({"manifests": [{"digest": digest, "size": 1} for digest in (B, A, B)]})) == (B, A)


def test_a_config_tells_time_and_labels() -> None:
    """Both may be absent."""
    config = raw({"created": "2026-06-09T02:00:00Z", "config": {"Labels": {"a": "b"}}})

    assert read_created_and_labels(config) == ("2026-06-09T02:00:00Z", {"a": "b"})
    assert read_created_and_labels(b"{}") == ("", {})
    assert read_created_and_labels(raw({"created": None, "config": {"Labels": None}})) == ("", {})


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"manifests": [{"digest": "../../x", "size": 1}]}, id="a path for a digest"),
        pytest.param({"manifests": [{"digest": A}]}, id="no size"),
        pytest.param({"manifests": 1}, id="another shape"),
        pytest.param({}, id="nothing"),
    ],
)
def test_a_document_of_another_shape_is_refused(document: object) -> None:
    """A digest becomes part of a URL."""
    with pytest.raises(ValueError, match=r"it refers to|it is not an index"):
        children_of(raw(document))
