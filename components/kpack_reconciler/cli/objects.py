"""The objects that the command line reads: how to find and decode an Image, a Build and a pod."""

from functools import partial
from typing import TypeVar

import msgspec

from kpack_api.core import Pod
from kpack_api.dialects.build_pivotal_io_v1alpha1 import decode
from kpack_api.names import IMAGE_LABEL
from kpack_api.types import Build, Image, Kind
from kpack_api.wire import Wire
from kpack_reconciler.cli.watching import Watched, read_all
from kpack_reconciler.clients.kube.client import KubeClient, NotFoundError
from kpack_reconciler.clients.kube.paths import core_path, object_path
from kpack_reconciler.errors import PermanentError

T = TypeVar("T", bound=Wire)


def image(namespace: str, name: str) -> Watched[Image]:
    """An Image by name."""
    return Watched(path=object_path(Kind.IMAGE, namespace), name=name, decode=partial(_decode, Kind.IMAGE, Image))


def build(namespace: str, name: str) -> Watched[Build]:
    """A Build by name."""
    return Watched(path=object_path(Kind.BUILD, namespace), name=name, decode=partial(_decode, Kind.BUILD, Build))


def pod(namespace: str, name: str) -> Watched[Pod]:
    """A pod by name."""
    return Watched(path=core_path("pods", namespace), name=name, decode=msgspec.json.Decoder(Pod).decode)


async def images_in(kube: KubeClient, namespace: str) -> list[Image]:
    """All Images of a namespace; of the cluster where it is ""."""
    try:
        return await read_all(kube, object_path(Kind.IMAGE, namespace), partial(_decode, Kind.IMAGE, Image))
    except NotFoundError as error:
        raise not_installed() from error


async def builds_of(kube: KubeClient, subject: Image) -> list[Build]:
    """All Builds of an Image that are kept."""
    path = object_path(Kind.BUILD, subject.metadata.namespace)
    labels = f"{IMAGE_LABEL}={subject.metadata.name}"
    return await read_all(kube, path, partial(_decode, Kind.BUILD, Build), labels=labels)


def image_not_found(namespace: str, name: str) -> PermanentError:
    """The error of an Image that does not exist."""
    return PermanentError(
        "ImageNotFound",
        f"image {namespace}/{name} does not exist: `kpack status -A` lists all images with their namespaces",
    )


def not_installed() -> PermanentError:
    """The error of a cluster that does not know kpack's kinds."""
    return PermanentError(
        "NotInstalled", "this cluster knows no kpack images: install the build service, or choose another --context"
    )


def _decode(kind: Kind, expected: type[T], raw: msgspec.Raw) -> T:
    value = decode(kind, raw)
    if not isinstance(value, expected):
        raise TypeError(f"{kind} was decoded to {type(value).__name__}")
    return value
