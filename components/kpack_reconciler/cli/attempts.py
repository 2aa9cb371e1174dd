"""The attempts of a build as a person follows them: which pod comes next, whether it is still there. Pure.

A build that failed through no fault of its own is tried again in another pod, and a pod that was deleted is made anew,
sometimes under its old name.

Rules:
- Attempts come in their order. A pod is told from its namesake by its UID.
- Pods that another Build of the same name left behind do not count.
- The pods of earlier attempts that are gone are named once.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kpack_api.core import Pod
from kpack_api.names import BUILD_REASON_ANNOTATION, BuildReason
from kpack_api.types import Build
from kpack_reconciler.cli.builds import outcome
from kpack_reconciler.model.attempts import attempt_of, controls, pod_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One pod of a Build. `number` counts from 1; `uid` is "" where the pod is gone.

    `final` says that the Build has ended, so that nothing in this pod will start any more.
    """

    number: int
    pod: str
    uid: str = ""
    final: bool = False

    @property
    def mark(self) -> str:
        """What tells this attempt from all others."""
        return self.uid or self.pod


def next_attempt(build: Build, pods: Sequence[Pod], shown: Collection[str]) -> Attempt | None:
    """The first attempt whose mark is not among those shown; None where there is none for the moment."""
    attempts = (*_there(build, pods), *_gone(build, pods, shown))
    return min(
        (attempt for attempt in attempts if attempt.mark not in shown),
        key=lambda attempt: (attempt.number, bool(attempt.uid)),
        default=None,
    )


def was_rebased(build: Build) -> bool:
    """Whether the controller put this build's image onto another run image by itself, without a pod."""
    return not build.status.pod_name and "rebase" in build.status.steps_completed


def may_be_rebased(build: Build) -> bool:
    """Whether the run image is all that changed, so that perhaps no pod is needed."""
    reasons = build.metadata.annotations.get(BUILD_REASON_ANNOTATION, "")
    return reasons == BuildReason.STACK and build.spec.last_build is not None


def _there(build: Build, pods: Sequence[Pod]) -> list[Attempt]:
    own = (pod.metadata for pod in pods if pod.metadata.controller is None or controls(build.metadata, pod.metadata))
    return [_attempt(build, pod.name, uid=pod.uid) for pod in own]


def _gone(build: Build, pods: Sequence[Pod], shown: Collection[str]) -> list[Attempt]:
    """The pod that the Build names and those of the attempts before it, where they are gone and never were shown."""
    present = {pod.metadata.name for pod in pods}
    latest = build.status.pod_name
    number = attempt_of(build.metadata.name, latest)
    names = (*pod_names(build.metadata.name)[: max(0, number - 1)], *((latest,) if latest else ()))
    return [_attempt(build, name) for name in names if name not in present and name not in shown]


def _attempt(build: Build, pod: str, *, uid: str = "") -> Attempt:
    number = attempt_of(build.metadata.name, pod)
    return Attempt(number=number, pod=pod, uid=uid, final=outcome(build) is not None)
