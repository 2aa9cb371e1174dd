from msgspec.structs import replace

from kpack_api.types import Builder, BuilderStatus, BuildpackMetadata, Kind
from kpack_reconciler.decide.builder import decide_builder
from kpack_reconciler.model.actions import PatchStatus
from kpack_reconciler.model.decisions import Decision
from kpack_reconciler.model.facts import BuilderImage, Fault
from kpack_reconciler.model.worlds import BuilderWorld
from tests import make

REFUSED = Fault(reason="ImageNotFound", message="unable to fetch remote builder image: 404", permanent=True)
DOWN = Fault(reason="RegistryUnreachable", message="timeout", permanent=False)
NEWER = make.builder_image(buildpacks=(BuildpackMetadata(id="bp.a", version="2"),))


def look(builder: Builder, answer: BuilderImage | Fault) -> Decision:
    return decide_builder(BuilderWorld(builder=builder, seen=make.builder_seen(builder, answer)), make.NOW)


def patched(decision: Decision) -> BuilderStatus:
    (action,) = decision.actions
    assert isinstance(action, PatchStatus)
    assert isinstance(action.status, BuilderStatus)
    return action.status


def unread() -> Builder:
    return replace(make.ready_builder(), status=BuilderStatus())


def external(builder: Builder) -> Builder:
    return replace(builder, spec=replace(builder.spec, update_policy="external"))


def test_a_builder_shows_its_image() -> None:
    """Digests of image and run image, stack, buildpacks, Ready True; the same answer again writes nothing."""
    status = patched(look(unread(), make.builder_image()))

    known = make.ready_builder().status
    assert (status.latest_image, status.stack, status.builder_metadata) == (
        known.latest_image,
        known.stack,
        known.builder_metadata,
    )
    assert [(condition.type, condition.status) for condition in status.conditions] == [("Ready", "True")]
    assert look(make.ready_builder(), make.builder_image()).actions == ()


def test_a_cluster_builder_is_told_by_its_own_kind() -> None:
    """It has no namespace."""
    builder = replace(unread(), metadata=replace(unread().metadata, namespace=""))

    (action,) = look(builder, make.builder_image()).actions

    assert isinstance(action, PatchStatus)
    assert action.key.kind is Kind.CLUSTER_BUILDER


def test_a_refusal_empties_the_status() -> None:
    """V64: only generation and Ready False with the message remain (kpack v0.0.9)."""
    status = patched(look(make.ready_builder(), REFUSED))

    assert status == BuilderStatus(observed_generation=1, conditions=status.conditions)
    (ready,) = status.conditions
    assert (ready.status, ready.message) == ("False", REFUSED.message)


def test_a_registry_that_is_down_changes_nothing_once_read() -> None:
    """R219: Images go on building with the builder as it was; one that was never read says why."""
    assert look(make.ready_builder(), DOWN).actions == ()
    assert patched(look(unread(), DOWN)).conditions[0].message == "timeout"


def test_an_external_builder_stays_until_its_spec_changes() -> None:
    """A newer image behind the same tag is not taken."""
    known = external(make.ready_builder())
    changed = replace(known, metadata=replace(known.metadata, generation=2))

    assert look(known, NEWER).actions == ()
    assert patched(look(changed, NEWER)).builder_metadata == NEWER.buildpacks
    assert patched(look(make.ready_builder(), NEWER)).builder_metadata == NEWER.buildpacks


def test_an_unread_builder_waits_for_the_poller() -> None:
    """Nothing is said before the registry was asked."""
    assert decide_builder(BuilderWorld(builder=unread()), make.NOW).actions == ()


def test_what_is_going_away_is_left_alone() -> None:
    """Nothing is written about it."""
    subject = unread()
    subject = replace(subject, metadata=replace(subject.metadata, deletion_timestamp=make.CREATED))

    assert look(subject, REFUSED).actions == ()
