"""What must be known before a Build's pod can be made: the credentials of its account, and its builder image.

Rules:
- A fact must be newer than the Build: a run image or a Secret may have changed since an older one was seen. What a
  digest stands for cannot: where the Build says its run image, a builder image that was ever read will do, so that no
  Build costs a request to a registry while its builder stays. Whether the nodes may pull it, they tell (ours).
- The run image is the one for which the Build was made (ours): a newer one below it would make the builder, which was
  asked earlier, look changed, and the Build be followed by another, again and again.
- A missing service account or Secret is waited for, `GRACE` from the Build's creation or turn; then the Build fails.
- A registry's definite refusal fails the Build; a fault that may pass is asked about again, for `FAULT_PATIENCE`, since
  behind a Build that waits a change of its Image would wait too.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kpack_api.names import BUILD_NEEDED_ANNOTATION, RUN_IMAGE_ANNOTATION
from kpack_api.types import Build
from kpack_reconciler.decide.builds import succeeded_condition
from kpack_reconciler.decide.pod_times import finished_at
from kpack_reconciler.decide.times import created_at, read_time
from kpack_reconciler.model.actions import Action, InspectBuilderImage, ReadServiceAccount
from kpack_reconciler.model.facts import BuilderImage, BuilderImageSeen, Credentials, Fault, ServiceAccountSeen
from kpack_reconciler.model.questions import build_builder_question, service_account_question
from kpack_reconciler.model.turns import QUEUED
from kpack_reconciler.model.worlds import BuildWorld

GRACE = timedelta(seconds=15)
FAULT_PATIENCE = timedelta(minutes=10)
_AGAIN = timedelta(seconds=1)
_FAULT_AGAIN = timedelta(seconds=5)
_CLOCK_SKEW = timedelta(seconds=5)
_AT_ONCE = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Both are known: the pod can be made."""

    image: BuilderImage
    credentials: Credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """Something is not known yet: ask, and look again."""

    actions: tuple[Action, ...] = ()
    look_again: timedelta
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """It will not get better: the Build fails."""

    reason: str
    message: str


def preconditions(world: BuildWorld, now: datetime) -> Known | Awaited | Refused:
    """Whether the pod can be made."""
    credentials = _credentials(world, now)
    if not isinstance(credentials, Credentials):
        return credentials
    image = _builder_image(world, now)
    if not isinstance(image, BuilderImage):
        return image
    run_image = build_run_image(world.build) or image.run_image
    return Known(image=replace(image, run_image=run_image), credentials=credentials)


def build_run_image(build: Build) -> str:
    """The run image for which the Build was made; "" for a Build that somebody else made."""
    return build.metadata.annotations.get(RUN_IMAGE_ANNOTATION, "")


def waiting_since(world: BuildWorld, now: datetime) -> datetime:
    """Since when a pod is wanted: the Build's turn to run, or the end of the attempt before."""
    wanted = wanted_since(world.build, now)
    return wanted if world.pod is None else max(wanted, finished_at(world.pod, now))


def wanted_since(build: Build, now: datetime) -> datetime:
    """Since when a Build may run: its creation, or the end of its wait for its turn, which may have been long."""
    condition = succeeded_condition(build)
    if condition.reason == QUEUED:
        return now
    told = condition.last_transition_time
    created = created_at(build.metadata.creation_timestamp, now)
    return created if told is None else max(created, min(read_time(told), now))


def _credentials(world: BuildWorld, now: datetime) -> Credentials | Awaited | Refused:
    build, seen = world.build, world.credentials
    name = build.spec.service_account
    read = ReadServiceAccount(question=service_account_question(build), reason="the build pod needs its Secrets")
    if seen is None or not _is_fresh(seen, build, now):
        return Awaited(
            actions=(read,), look_again=_AT_ONCE, reason="Preparing", message=f"reading service account {name}"
        )
    if seen.answer is not None and not seen.answer.missing:
        return seen.answer
    reason, message = _missing(seen.answer, build)
    age = now - seen.at
    if age >= _AGAIN:
        return Awaited(actions=(read,), look_again=_AT_ONCE, reason=reason, message=message)
    if now - wanted_since(build, now) < GRACE:
        return Awaited(look_again=_AGAIN - age, reason=reason, message=message)
    return Refused(reason=reason, message=message)


def _missing(answer: Credentials | None, build: Build) -> tuple[str, str]:
    namespace, account = build.metadata.namespace, build.spec.service_account
    again = f"kubectl annotate build {build.metadata.name} -n {namespace} {BUILD_NEEDED_ANNOTATION}=true"
    if answer is None:
        missing = f'service account "{account}" does not exist in namespace "{namespace}"'
        return "ServiceAccountNotFound", f"{missing}; create it, then ask for a new build: {again}"
    if "" in answer.missing:
        missing = f'ServiceAccount has invalid Secret reference: one of the secrets of "{account}" has no name'
        return "SecretNotFound", f"{missing}; correct it, then ask for a new build: {again}"
    names = ", ".join(f'"{name}"' for name in answer.missing)
    missing = f'service account "{account}" names secrets that do not exist in namespace "{namespace}": {names}'
    return "SecretNotFound", f"{missing}; create them, then ask for a new build: {again}"


def _builder_image(world: BuildWorld, now: datetime) -> BuilderImage | Awaited | Refused:
    build, seen = world.build, world.builder_image
    inspect = InspectBuilderImage(question=build_builder_question(build), reason="the build pod depends on it")
    if seen is None or not (_is_certain(seen, build) or _is_fresh(seen, build, now)):
        return Awaited(actions=(inspect,), look_again=_AT_ONCE, reason="Preparing", message="reading the builder image")
    if not isinstance(seen.answer, Fault):
        return seen.answer
    fault, age = seen.answer, now - seen.at
    if fault.permanent:
        return Refused(reason=fault.reason, message=fault.message)
    if now - waiting_since(world, now) >= FAULT_PATIENCE:
        message = f"{fault.message}; asked for {FAULT_PATIENCE.total_seconds() // 60:.0f} minutes"
        return Refused(reason=fault.reason, message=message)
    if age >= _FAULT_AGAIN:
        return Awaited(actions=(inspect,), look_again=_AT_ONCE, reason=fault.reason, message=fault.message)
    return Awaited(look_again=_FAULT_AGAIN - age, reason=fault.reason, message=fault.message)


def _is_certain(seen: BuilderImageSeen, build: Build) -> bool:
    """Whether nothing that is used of this fact can have changed since."""
    is_read = isinstance(seen.answer, BuilderImage) and seen.answer.latest_image == build.spec.builder_image
    return is_read and bool(build_run_image(build))


def _is_fresh(seen: ServiceAccountSeen | BuilderImageSeen, build: Build, now: datetime) -> bool:
    """Whether a fact is newer than the Build, or of this moment by our clock, should the API server's run ahead.

    When a Build's turn comes, only this moment counts: it may have waited for hours.
    """
    if now - seen.at < _CLOCK_SKEW:
        return True
    waited = succeeded_condition(build).reason == QUEUED
    return not waited and seen.at >= created_at(build.metadata.creation_timestamp, now)
