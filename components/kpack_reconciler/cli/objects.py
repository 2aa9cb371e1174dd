"""The objects that the command line reads: how to find and decode each, and what to say where one is missing."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec

from kpack_api.core import Pod
from kpack_api.dialects.build_pivotal_io_v1alpha1 import decode
from kpack_api.names import BUILD_LABEL, IMAGE_LABEL, source_resolver_name
from kpack_api.types import Build, Builder, Image, Kind, SourceResolver
from kpack_api.wire import Wire
from kpack_reconciler.cli.builds import in_order
from kpack_reconciler.cli.watching import Watched, read_all
from kpack_reconciler.clients.kube.client import ForbiddenError, KubeClient, NotFoundError
from kpack_reconciler.clients.kube.paths import core_path, object_path
from kpack_reconciler.errors import PermanentError

T = TypeVar("T", bound=Wire)


def images(namespace: str, name: str = "") -> Watched[Image]:
    """An Image by name; all of a namespace, or of the cluster where it is "", without one."""
    return Watched(path=object_path(Kind.IMAGE, namespace), name=name, decode=partial(_decode, Kind.IMAGE, Image))


def build(namespace: str, name: str) -> Watched[Build]:
    """A Build by name."""
    return Watched(path=object_path(Kind.BUILD, namespace), name=name, decode=partial(_decode, Kind.BUILD, Build))


def builds(namespace: str, image: str) -> Watched[Build]:
    """All Builds of an Image that are kept."""
    decoder = partial(_decode, Kind.BUILD, Build)
    return Watched(path=object_path(Kind.BUILD, namespace), labels=f"{IMAGE_LABEL}={image}", decode=decoder)


def pod(namespace: str, name: str) -> Watched[Pod]:
    """A pod by name."""
    return Watched(path=core_path("pods", namespace), name=name, decode=msgspec.json.Decoder(Pod).decode)


def pods(namespace: str, build_name: str) -> Watched[Pod]:
    """All pods of a Build, one for each attempt."""
    decoder = msgspec.json.Decoder(Pod).decode
    return Watched(path=core_path("pods", namespace), labels=f"{BUILD_LABEL}={build_name}", decode=decoder)


async def images_in(kube: KubeClient, namespace: str) -> list[Image]:
    """All Images of a namespace; of the cluster where it is ""."""
    try:
        return await read_all(kube, images(namespace))
    except NotFoundError as error:
        raise not_installed() from error


async def image_named(kube: KubeClient, namespace: str, name: str) -> Image:
    """The Image of this name; PermanentError that suggests others where there is none."""
    try:
        found = await read_all(kube, images(namespace, name))
    except NotFoundError as error:
        raise not_installed() from error
    if not found:
        raise await image_not_found(kube, namespace, name)
    return found[0]


async def builds_of(kube: KubeClient, image: Image) -> list[Build]:
    """All Builds of an Image that are kept, oldest first."""
    return in_order(image, await read_all(kube, builds(image.metadata.namespace, image.metadata.name)))


async def build_named(kube: KubeClient, namespace: str, name: str) -> Build | None:
    """The Build of this name; None where there is none."""
    return await _optional(kube, object_path(Kind.BUILD, namespace, name), partial(_decode, Kind.BUILD, Build))


async def builder_of(kube: KubeClient, image: Image) -> Builder | None:
    """The builder that an Image names; None where it names none, or one that does not exist.

    ForbiddenError where a person may read their namespace only, and the builder is the cluster's.
    """
    reference = image.spec.builder
    if not reference.name:
        return None
    cluster_wide = reference.kind == Kind.CLUSTER_BUILDER
    kind = Kind.CLUSTER_BUILDER if cluster_wide else Kind.BUILDER
    path = object_path(kind, "" if cluster_wide else image.metadata.namespace, reference.name)
    return await _optional(kube, path, partial(_decode, kind, Builder))


async def resolver_of(kube: KubeClient, image: Image) -> SourceResolver | None:
    """The SourceResolver of an Image; None where it was not made yet."""
    name = source_resolver_name(image.metadata.name)
    path = object_path(Kind.SOURCE_RESOLVER, image.metadata.namespace, name)
    return await _optional(kube, path, partial(_decode, Kind.SOURCE_RESOLVER, SourceResolver))


async def image_not_found(kube: KubeClient, namespace: str, name: str) -> PermanentError:
    """The error of an Image that does not exist: it names those of a like name, if a look at them is allowed."""
    try:
        names = [image.metadata.name for image in await images_in(kube, namespace)]
    except ForbiddenError:
        names = []
    return PermanentError("ImageNotFound", f"image {namespace}/{name} does not exist: {_instead(name, names)}")


def not_installed() -> PermanentError:
    """The error of a cluster that does not know kpack's kinds."""
    return PermanentError(
        "NotInstalled", "this cluster knows no kpack images: install the build service, or choose another --context"
    )


def _instead(name: str, names: list[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - for a mistake only

    near = get_close_matches(name, names, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return "`kpack status -A` lists all images with their namespaces"


async def _optional(kube: KubeClient, path: str, decoder: Callable[[msgspec.Raw], T]) -> T | None:
    try:
        return decoder(msgspec.Raw(await kube.get(path)))
    except NotFoundError:
        return None


def _decode(kind: Kind, expected: type[T], raw: msgspec.Raw) -> T:
    value = decode(kind, raw)
    if not isinstance(value, expected):
        raise TypeError(f"{kind} was decoded to {type(value).__name__}")
    return value
