"""The words of kpack's API that are not field names: groups, labels, annotations, conditions, containers, child names.

Facts of kpack v0.0.9 (group `build.pivotal.io`) unless said otherwise. A name of our own says so.
"""

import hashlib
from enum import StrEnum

BUILD_GROUP = "build.pivotal.io"
V1ALPHA1 = "v1alpha1"
BUILD_API_VERSION = f"{BUILD_GROUP}/{V1ALPHA1}"

IMAGE_LABEL = f"image.{BUILD_GROUP}/image"
BUILD_NUMBER_LABEL = f"image.{BUILD_GROUP}/buildNumber"
IMAGE_GENERATION_LABEL = f"image.{BUILD_GROUP}/imageGeneration"
BUILD_LABEL = f"{BUILD_GROUP}/build"

BUILD_REASON_ANNOTATION = f"image.{BUILD_GROUP}/reason"
BUILD_NEEDED_ANNOTATION = f"image.{BUILD_GROUP}/additionalBuildNeeded"
SOURCE_POLLING_ANNOTATION = f"image.{BUILD_GROUP}/sourcePolling"
"""Ours: how often the git server is asked about an Image's source: `off`, or a duration such as `10m`."""
RUN_IMAGE_ANNOTATION = f"image.{BUILD_GROUP}/runImage"
"""Ours: the builder's run image, by digest, when the Build was made. It is what the Build is put onto."""
DOCKER_ANNOTATION = f"{BUILD_GROUP}/docker"
GIT_ANNOTATION = f"{BUILD_GROUP}/git"
BLOB_ANNOTATION = f"{BUILD_GROUP}/blob"
"""Later kpack's `kpack.io/blob`: the host that a Secret's credentials for archives are for."""


class BuildReason(StrEnum):
    """Why a build is made, in the order in which kpack 0.0.x lists them."""

    CONFIG = "CONFIG"
    COMMIT = "COMMIT"
    BUILDPACK = "BUILDPACK"
    STACK = "STACK"
    TRIGGER = "TRIGGER"


class ConditionType(StrEnum):
    """The types of conditions. `SETTLED` is ours: the controller will do nothing more until something changes."""

    READY = "Ready"
    BUILDER_READY = "BuilderReady"
    SUCCEEDED = "Succeeded"
    ACTIVE_POLLING = "ActivePolling"
    SETTLED = "Settled"


class Step(StrEnum):
    """The containers of a build pod, by kpack's names."""

    PREPARE = "prepare"
    ANALYZE = "analyze"
    DETECT = "detect"
    RESTORE = "restore"
    BUILD = "build"
    EXPORT = "export"
    COMPLETION = "completion"


MAXIMUM_NAME_LENGTH = 63
_DIGEST_LENGTH = 32
_HEAD_LENGTH = MAXIMUM_NAME_LENGTH - _DIGEST_LENGTH
_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX_LENGTH = 5


def child_name(parent: str, suffix: str) -> str:
    """The name of a generated object: at most 63 characters (knative `kmeta.ChildName`)."""
    if len(parent) + len(suffix) <= MAXIMUM_NAME_LENGTH:
        return parent + suffix
    if len(suffix) < _HEAD_LENGTH:
        return parent[: _HEAD_LENGTH - len(suffix)] + _md5(parent) + suffix
    head = parent[:_HEAD_LENGTH] + _md5(parent + suffix)
    return (head + suffix)[:MAXIMUM_NAME_LENGTH].rstrip("-")


def build_name(image: str, number: int, *, uid: str) -> str:
    """`<image>-build-<N>-<suffix>`; the suffix is computed from the Image's UID and the number, never drawn.

    Two reconciles that decide on the same build therefore ask for the same name, and the API server refuses the second.
    """
    digest = int.from_bytes(hashlib.sha256(f"{uid}/{number}".encode()).digest(), "big")
    suffix = ""
    for _ in range(_SUFFIX_LENGTH):
        digest, position = divmod(digest, len(_SUFFIX_ALPHABET))
        suffix += _SUFFIX_ALPHABET[position]
    return child_name(image, f"-build-{number}-{suffix}")


def source_resolver_name(image: str) -> str:
    """The SourceResolver of an Image."""
    return child_name(image, "-source")


def cache_name(image: str) -> str:
    """The persistent volume claim of an Image's build cache."""
    return child_name(image, "-cache")


def build_pod_name(build: str, *, attempt: int = 1) -> str:
    """The pod of a Build's attempt; the first has kpack's name, the next ones ours, `<build>-build-pod-2`."""
    return child_name(build, "-build-pod" if attempt == 1 else f"-build-pod-{attempt}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
