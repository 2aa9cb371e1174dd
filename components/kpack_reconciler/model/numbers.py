"""The numbers that labels carry: of Builds, and of the Image's generation that made them.

Rule: labels can be edited by anybody. What is no number, or is longer than any real one, counts as 0.
"""

from kpack_api.names import BUILD_NUMBER_LABEL, IMAGE_GENERATION_LABEL
from kpack_api.types import Build

_MOST_DIGITS = 15


def build_number(build: Build) -> int:
    """The number of a Build; 0 where there is none, so that such a Build is never the newest."""
    return _number(build.metadata.labels.get(BUILD_NUMBER_LABEL, ""))


def image_generation(build: Build) -> int:
    """The generation of its Image that a Build was made for; 0 where it is not told."""
    return _number(build.metadata.labels.get(IMAGE_GENERATION_LABEL, ""))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else 0
