"""An Image with everything that a decision about it may know."""

from kpack_api.names import build_name, cache_name, source_resolver_name
from kpack_api.types import Builder, Image, Kind
from kpack_reconciler.cache.cache import Cache, CoreKind
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.numbers import build_number
from kpack_reconciler.model.refusals import Written
from kpack_reconciler.model.worlds import ImageWorld


def gather_image(cache: Cache, key: Key) -> ImageWorld | None:
    """The Image's world; None where the Image is gone."""
    image = cache.images.get(key.namespace, key.name)
    if image is None:
        return None
    builds = cache.builds_of(image)
    resolver, claim = source_resolver_name(key.name), cache_name(key.name)
    next_name = build_name(key.name, 1 + max(map(build_number, builds), default=0), uid=image.metadata.uid)
    written = (
        Written(Kind.BUILD, key.namespace, next_name),
        Written(Kind.SOURCE_RESOLVER, key.namespace, resolver),
        Written(CoreKind.CLAIM, key.namespace, claim),
    )
    return ImageWorld(
        image=image,
        builder=_builder(cache, image),
        builds=builds,
        source_resolver=cache.source_resolvers.get(key.namespace, resolver),
        cache_claim=cache.claims.get(key.namespace, claim),
        namesake=cache.builds.get(key.namespace, next_name),
        refusals=cache.facts.refusals(written),
    )


def _builder(cache: Cache, image: Image) -> Builder | None:
    """The builder that the Image names: a Builder of its own namespace, or a ClusterBuilder."""
    reference = image.spec.builder
    match reference.kind:
        case Kind.BUILDER:
            return cache.builders.get(image.metadata.namespace, reference.name)
        case Kind.CLUSTER_BUILDER:
            return cache.cluster_builders.get("", reference.name)
        case _:
            return None
