"""Bugs to plant: each takes one guard out of the product, and names what then goes wrong.

The state machine has to find every one of them; that is what its silence about the product is worth.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from kpack_api.types import Kind
from kpack_reconciler.cache.cache import Cache, CoreKind
from kpack_reconciler.cache.facts import Facts
from kpack_reconciler.decide import changes, image, next_build, preconditions
from kpack_reconciler.effects.kube_objects import KubeObjects
from kpack_reconciler.loop import worker
from kpack_reconciler.loop.queue import Queue
from kpack_reconciler.loop.worker import Looker
from kpack_reconciler.model.actions import PatchStatus
from kpack_reconciler.model.keys import Key
from kpack_reconciler.observe.reflector import Reflector
from tests.scenarios import paths
from tests.scenarios.laws import Breach
from tests.scenarios.machine import KpackMachine

Path = Callable[[KpackMachine], None]

_DOUBLE, _LOST, _STALE, _STORM = Breach.DOUBLE, Breach.LOST, Breach.STALE, Breach.STORM


@dataclass(frozen=True, slots=True)
class Mutation:
    """A guard that is taken out, how, which breaches that may lead to, and the way to one, where it is hard to find."""

    name: str
    breaches: frozenset[Breach]
    plant: Callable[[pytest.MonkeyPatch], None]
    path: Path | None = None


def _random_build_names(patch: pytest.MonkeyPatch) -> None:
    drawn = count()
    patch.setattr(next_build, "build_name", lambda name, number, *, uid: f"{name}-build-{number}-{next(drawn)}-{uid}")


def _running_does_not_block(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(image, "is_running", lambda _build: False)


def _no_premises(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(image, "_premises", lambda _world: ())


def _run_image_not_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(preconditions, "build_run_image", lambda _build: "")
    patch.setattr(changes, "RUN_IMAGE_ANNOTATION", "none")


def _facts_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Facts, "keep_revisions", lambda _self, _asked: None)


def _statuses_without_version(patch: pytest.MonkeyPatch) -> None:
    original = KubeObjects._patch_status

    async def patch_status(self: KubeObjects, action: PatchStatus) -> None:
        await original(self, replace(action, resource_version=""))

    patch.setattr(KubeObjects, "_patch_status", patch_status)


def _lists_without_deletions(patch: pytest.MonkeyPatch) -> None:
    original_list, original_remove = Reflector._list, Reflector._remove
    listing: set[int] = set()

    async def listed(self: Reflector[Any]) -> None:
        listing.add(id(self))
        try:
            await original_list(self)
        finally:
            listing.discard(id(self))

    def remove(self: Reflector[Any], namespace: str, name: str) -> None:
        if id(self) not in listing:
            original_remove(self, namespace, name)

    patch.setattr(Reflector, "_list", listed)
    patch.setattr(Reflector, "_remove", remove)


def _unrelated(kind: Kind | CoreKind, concerned: Kind) -> Callable[[pytest.MonkeyPatch], None]:
    """A change of one kind does not wake another."""
    original = Cache.related

    def related(self: Cache, changed: Kind | CoreKind, value: Any) -> Iterable[Key]:
        return [key for key in original(self, changed, value) if (changed, key.kind) != (kind, concerned)]

    return lambda patch: patch.setattr(Cache, "related", related)


def _no_retry(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Queue, "retry", lambda _self, _key: 0.0)


def _no_second_look(patch: pytest.MonkeyPatch) -> None:
    original = worker.look

    async def look(key: Key, looker: Looker, now: Any) -> timedelta | None:
        await original(key, looker, now)
        return None

    patch.setattr(worker, "look", look)


def _any_resolver_speaks(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(image, "_speaks_for", lambda _resolver, _image: True)


def _numbers_do_not_grow(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(next_build, "build_number", lambda _build: 1)


def _no_trimming(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(image, "trim_history", lambda _builds, _spec: ())


def _builds_by_label_alone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("kpack_reconciler.cache.cache._belongs", lambda _build, _image: True)
    patch.setattr("kpack_reconciler.decide.builds._may_belong_to", lambda _build, _uid: True)


def _of(
    name: str, plant: Callable[[pytest.MonkeyPatch], None], *breaches: Breach, path: Path | None = None
) -> Mutation:
    return Mutation(name, frozenset(breaches), plant, path)


MUTATIONS = (
    _of("the names of Builds are drawn, not computed", _random_build_names, _DOUBLE),
    _of("a running Build does not block the next", _running_does_not_block, _DOUBLE),
    _of("a Build forgets for which run image it was made", _run_image_not_kept, _DOUBLE, _STORM),
    _of("a Build that changes does not wake its Image", _unrelated(Kind.BUILD, Kind.IMAGE), _LOST, _STALE),
    _of("a builder that changes does not wake its Images", _unrelated(Kind.BUILDER, Kind.IMAGE), _LOST, _STALE),
    _of("a failure is not tried again", _no_retry, _LOST, _STALE),
    _of("no look is taken when time has passed", _no_second_look, _LOST),
    _of("a SourceResolver that was asked something else is believed", _any_resolver_speaks, _LOST, _STALE, _DOUBLE),
    _of("numbers do not grow", _numbers_do_not_grow, _LOST, _STORM),
    _of("history is not trimmed", _no_trimming, _STALE),
    _of(
        "a Build is made from what the watches last brought",
        _no_premises,
        _DOUBLE,
        path=paths.a_watch_that_lags_behind_the_newest_build,
    ),
    _of(
        "old answers of git servers are kept for ever",
        _facts_for_ever,
        _DOUBLE,
        path=paths.a_question_that_was_not_asked_for_long,
    ),
    _of(
        "statuses are written without a resource version",
        _statuses_without_version,
        _STALE,
        path=paths.a_status_that_is_written_late,
    ),
    _of(
        "a list tells of no deletions",
        _lists_without_deletions,
        _LOST,
        path=paths.a_deletion_that_no_watch_told,
    ),
    _of(
        "a predecessor's Builds are taken for one's own",
        _builds_by_label_alone,
        _DOUBLE,
        path=paths.an_image_of_the_same_name,
    ),
)
