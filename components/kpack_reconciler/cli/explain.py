"""`kpack explain`: read what is needed, find out why, tell it.

Rule: a builder that may not be read leaves a gap in the explanation, no error: cluster-wide rights are rare.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from kpack_api.types import Build, Image
from kpack_reconciler.cli import objects
from kpack_reconciler.cli.builds import number_of, title
from kpack_reconciler.cli.explanation import Seen, explanation
from kpack_reconciler.cli.history import build_row
from kpack_reconciler.cli.options import TextFormat
from kpack_reconciler.cli.sentences import sentences
from kpack_reconciler.cli.session import Session
from kpack_reconciler.cli.tables import document
from kpack_reconciler.clients.kube.client import ForbiddenError
from kpack_reconciler.errors import PermanentError


async def show_explanation(session: Session, name: str, *, number: int | None, output: TextFormat) -> None:
    """Explain a build, the newest where `number` is None, and what comes next.

    PermanentError where the image or the build does not exist.
    """
    seen = await _look(session, name)
    subject = _subject(seen.image, seen.builds, number)
    row = build_row(subject, datetime.now(UTC)) if subject else None
    told = explanation(seen, subject, row)
    if output == TextFormat.TEXT:
        for line in sentences(told):
            session.screen.text(line)
    else:
        session.screen.text(document(told, output))


async def _look(session: Session, name: str) -> Seen:
    kube = session.kube
    image = await objects.image_named(kube, session.namespace, name)
    builds = await objects.builds_of(kube, image)
    resolver = await objects.resolver_of(kube, image)
    try:
        builder = await objects.builder_of(kube, image)
    except ForbiddenError as error:
        session.screen.note(f"nothing is known of the builder: {error}")
        return Seen(image=image, builds=builds, builder_hidden=True, resolver=resolver)
    return Seen(image=image, builds=builds, builder=builder, resolver=resolver)


def _subject(image: Image, builds: Sequence[Build], number: int | None) -> Build | None:
    if number is None:
        return builds[-1] if builds else None
    for build in builds:
        if number_of(build) == number:
            return build
    kept = ", ".join(str(number_of(build)) for build in builds) or "none"
    raise PermanentError(
        "BuildNotFound", f"build {number} of {title(image)} does not exist: choose of those kept: {kept}"
    )
