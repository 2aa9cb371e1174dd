"""The text of a termination message that tells what was built."""

import pytest
from msgspec.structs import replace

from kpack_api.types import BuildpackMetadata, BuildStack, BuiltImage
from kpack_reconciler.model.built_image import decode_built_image, encode_built_image


def built(buildpacks: int) -> BuiltImage:
    return BuiltImage(
        latest_image="registry.example/app@sha256:" + "a" * 64,
        stack=BuildStack(run_image="registry.example/run@sha256:" + "b" * 64, id="stack.test"),
        build_metadata=tuple(
            BuildpackMetadata(id=f"paketo-buildpacks/bp.{number}", version="1.2.3") for number in range(buildpacks)
        ),
    )


@pytest.mark.parametrize("buildpacks", [0, 1, 60])
def test_what_is_written_can_be_read(buildpacks: int) -> None:
    """R181, V62: a built image survives the way through the termination message, short or long."""
    assert decode_built_image(encode_built_image(built(buildpacks))) == built(buildpacks)


def test_a_long_result_is_compressed_below_the_kubelets_cut() -> None:
    """A result that would be cut is compressed; a short one stays readable JSON."""
    short, long = encode_built_image(built(1)), encode_built_image(built(60))

    assert short.startswith("{")
    assert long.startswith("zlib:")
    assert len(long.encode()) <= 1700


def test_a_result_that_would_be_cut_is_refused() -> None:
    """R182: what the kubelet would cut even when it is compressed is told, with what makes it so long."""
    odd = tuple(BuildpackMetadata(id=f"{number * 7919**9:x}", version=f"{number * 104729}") for number in range(300))

    with pytest.raises(ValueError, match="compressed metadata size too large: 300 buildpacks"):
        encode_built_image(replace(built(0), build_metadata=odd))


@pytest.mark.parametrize("text", ["", "panic: out of memory", "zlib:AAAA", "zlib:%", '{"latestImage": 1}'])
def test_other_texts_are_no_result(text: str) -> None:
    """A termination message that completion did not write is a ValueError that quotes it."""
    with pytest.raises(ValueError, match="left no result") as caught:
        decode_built_image(text)

    assert repr(text) in str(caught.value)
