"""What is kept of objects that arrive."""

import gc
import tracemalloc
from typing import cast

import msgspec
from msgspec.structs import replace

from kpack_api.core import Container, Pod, PodSpec
from kpack_api.dialects import build_pivotal_io_v1alpha1 as dialect
from kpack_api.neutral import Neutral
from kpack_api.types import Build, Image, Kind, SourceResolver
from kpack_api.wire import to_manifest
from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.decide.build_pod import build_pod
from kpack_reconciler.observe.arrival import arrived, arrived_pod
from tests import make

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
MANY = 500
BOUND = 14_000
"""Bytes for an Image with SourceResolver, Build and pod: 20 kB of resident memory, less what the allocator wastes."""


def raw(value: Neutral, name: str = "app") -> msgspec.Raw:
    """As the API server shows it, under another name."""
    return _raw({**dialect.manifest(value), **dialect.status_patch(value.status)}, name)


def raw_pod(pod: Pod, name: str = "app") -> msgspec.Raw:
    """As the API server shows it, under another name."""
    return _raw(to_manifest(pod, api_version="v1", kind="Pod"), name)


def _raw(body: dict[str, object], name: str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(body).replace(b"app", name.encode()))


def test_of_a_pod_status_and_owner_are_kept() -> None:
    """Its spec and labels are what we wrote."""
    pod = make.pod(make.running_build())
    whole = replace(
        pod,
        metadata=replace(pod.metadata, labels={"a": "b"}, deletion_grace_period_seconds=30),
        spec=PodSpec(containers=(Container(name="completion", image="x"),)),
    )

    kept = arrived_pod(raw_pod(whole))

    assert kept == replace(whole, metadata=replace(whole.metadata, labels={}, generation=0), spec=PodSpec())


def test_kubectl_s_copy_of_an_image_is_dropped() -> None:
    """Other annotations stay, and so does an Image without it."""
    image = make.settled_image()
    with_copy = replace(image, metadata=replace(image.metadata, annotations={LAST_APPLIED: "{}", "a": "b"}))
    with_other = replace(image, metadata=replace(image.metadata, annotations={"a": "b"}))

    assert arrived(Kind.IMAGE, raw(with_copy)) == with_other
    assert arrived(Kind.IMAGE, raw(with_other)) == with_other


def keep(cache: Cache, name: str) -> None:
    """An Image of this name with its SourceResolver, its Build and its pod, as reflectors keep them."""
    image, resolver, build = make.settled_image(), make.resolver(), make.succeeded_build()
    pod = build_pod(build, make.builder_image(), make.credentials(), make.SETTINGS)
    pod = replace(pod, status=make.ended_pod(build, "{}").status)
    cache.images.put(cast("Image", arrived(Kind.IMAGE, raw(image, name))))
    cache.source_resolvers.put(cast("SourceResolver", arrived(Kind.SOURCE_RESOLVER, raw(resolver, name))))
    cache.builds.put(cast("Build", arrived(Kind.BUILD, raw(build, name))))
    cache.pods.put(arrived_pod(raw_pod(pod, name)))


def test_an_image_and_what_belongs_to_it_take_little_memory() -> None:
    """With a Build and a pod that ended: what each of five hundred more takes in the cache."""
    cache = Cache()
    keep(cache, "warm")
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(MANY):
            keep(cache, f"app{number}")
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(cache.pods.values()) == MANY + 1
    assert taken / MANY < BOUND
