"""A Build with everything that a decision about it may know."""

from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.questions import build_builder_question, service_account_question
from kpack_reconciler.model.worlds import BuildPodSettings, BuildWorld


def gather_build(cache: Cache, key: Key, settings: BuildPodSettings) -> BuildWorld | None:
    """The Build's world; None where the Build is gone."""
    build = cache.builds.get(key.namespace, key.name)
    if build is None:
        return None
    return BuildWorld(
        build=build,
        pod=cache.pod_of(build),
        builder_image=cache.facts.builder_image(build_builder_question(build)),
        credentials=cache.facts.service_account(service_account_question(build)),
        settings=settings,
    )
