"""A Build with everything that a decision about it may know."""

from kpack_reconciler.cache.cache import Cache
from kpack_reconciler.model.attempts import controls, pod_names
from kpack_reconciler.model.keys import Key
from kpack_reconciler.model.questions import build_builder_question, service_account_question
from kpack_reconciler.model.refusals import Written
from kpack_reconciler.model.worlds import BuildPodSettings, BuildWorld


def gather_build(cache: Cache, key: Key, settings: BuildPodSettings) -> BuildWorld | None:
    """The Build's world; None where the Build is gone."""
    build = cache.builds.get(key.namespace, key.name)
    if build is None:
        return None
    pods = cache.pods_of(build)
    own = tuple(pod for pod in pods if controls(build.metadata, pod.metadata))
    newest = (own or pods)[-1:]
    return BuildWorld(
        build=build,
        pod=newest[0] if newest else None,
        earlier=own[:-1],
        builder_image=cache.facts.builder_image(build_builder_question(build))
        or cache.facts.builder_contents(build.spec.builder_image, key.namespace),
        credentials=cache.facts.service_account(service_account_question(build)),
        refusals=cache.facts.refusals(Written("Pod", key.namespace, name) for name in pod_names(key.name)),
        rebased=cache.facts.rebased(build.metadata.uid),
        turn=cache.turns.turn_of(build),
        settings=settings,
    )
