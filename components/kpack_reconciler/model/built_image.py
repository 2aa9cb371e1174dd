"""What `completion` tells of a built image, as the text of its container's termination message.

Rules: compact JSON, compressed (zlib, base64, after a prefix) where it would be cut: the kubelet shares 12 KiB among
the containers of a pod, and a build pod has seven.
"""

import base64
import zlib

import msgspec

from kpack_api.types import BuiltImage

_MAXIMUM_BYTES = 1700
_COMPRESSED = "zlib:"


def encode_built_image(image: BuiltImage) -> str:
    """Write it as text. Raises ValueError for a result that would be cut even so (kpack)."""
    text = msgspec.json.encode(image)
    if len(text) <= _MAXIMUM_BYTES:
        return text.decode()
    packed = _COMPRESSED + base64.b64encode(zlib.compress(text, 9)).decode()
    if len(packed) > _MAXIMUM_BYTES:
        raise ValueError(
            f"compressed metadata size too large: {len(image.build_metadata)} buildpacks took part in the build;"
            " use a builder whose groups are smaller"
        )
    return packed


def decode_built_image(text: str) -> BuiltImage:
    """Read it from text; ValueError when the text is something else."""
    try:
        raw = text.encode()
        if text.startswith(_COMPRESSED):
            raw = zlib.decompress(base64.b64decode(text.removeprefix(_COMPRESSED)))
        return msgspec.json.decode(raw, type=BuiltImage)
    except (msgspec.DecodeError, zlib.error, ValueError) as error:
        raise ValueError(f"the completion step left no result but: {text[:200]!r}") from error
