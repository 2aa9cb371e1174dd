"""`kpack status`: what becomes of each Image, once or for as long as one watches.

Owns reading and the forms of the answer. Leaves the rows to `image_rows`.

Rules:
- A Build is read only where it is the latest of an Image that is not ready: it tells the class of a failure.
- Watching tells a row again whenever it differs from what was told of it last.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from rich.text import Text

from kpack_api.names import BUILD_GROUP, ConditionType
from kpack_api.types import Build, Image
from kpack_api.wire import ConditionStatus, find_condition
from kpack_reconciler.cli import objects
from kpack_reconciler.cli.image_rows import HEADING, WIDE_HEADING, ImageRow, cells, image_row
from kpack_reconciler.cli.options import OutputFormat
from kpack_reconciler.cli.session import Session
from kpack_reconciler.cli.tables import Table, cell, document
from kpack_reconciler.cli.watching import changes_of
from kpack_reconciler.clients.kube.client import ForbiddenError, NotFoundError

_AT_ONCE = 8
"""Builds that are read at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Of which images to tell, and how: of one, or of a namespace where `name` is "", or `everywhere`."""

    name: str = ""
    everywhere: bool = False
    output: OutputFormat = OutputFormat.TABLE

    def namespace(self, session: Session) -> str:
        """The namespace to look in; "" means all."""
        return "" if self.everywhere else session.namespace


async def show_status(session: Session, question: Question) -> None:
    """Tell of the images as they are. PermanentError where the named one does not exist."""
    namespace = question.namespace(session)
    images = await objects.images_in(session.kube, namespace)
    wanted = [image for image in images if question.name in ("", image.metadata.name)]
    if question.name and not wanted:
        raise await objects.image_not_found(session.kube, namespace, question.name)
    if not wanted:
        where = f"in namespace {namespace}: -A looks in all" if namespace else "in this cluster: create an Image"
        session.screen.note(f"no images {where}")
        if question.output in (OutputFormat.TABLE, OutputFormat.WIDE, OutputFormat.NAME):
            return
    rows = sorted(await _rows(session, wanted), key=lambda row: (row.namespace, row.name))
    _Teller(session, question).tell(rows, whole=bool(question.name))


async def watch_status(session: Session, question: Question) -> None:
    """Tell of the images, then of each change, without end."""
    if question.name:
        await objects.image_named(session.kube, question.namespace(session), question.name)
    teller = _Teller(session, question)
    told: dict[tuple[str, str], ImageRow] = {}
    try:
        async with aclosing(
            changes_of(session.kube, objects.images(question.namespace(session), question.name))
        ) as batches:
            async for batch in batches:
                for change in batch:
                    if change.state is None and told.pop(change.key, None) is not None:
                        session.screen.note(f"image {'/'.join(change.key)} was deleted")
                rows = await _rows(session, [change.state for change in batch if change.state is not None])
                news = [row for row in rows if told.get((row.namespace, row.name)) != row]
                told |= {(row.namespace, row.name): row for row in news}
                if news:
                    teller.tell(news, whole=False)
    except NotFoundError as error:
        raise objects.not_installed() from error


class _Teller:
    """The answer in the form that was asked for."""

    def __init__(self, session: Session, question: Question) -> None:
        self._screen, self._question = session.screen, question
        self._wide = question.output == OutputFormat.WIDE
        heading = WIDE_HEADING if self._wide else HEADING
        self._table = Table(("NAMESPACE", *heading) if question.everywhere else heading)

    def tell(self, rows: Sequence[ImageRow], *, whole: bool) -> None:
        """Tell these rows; `whole` means that a table is followed by the message as it was written."""
        match self._question.output:
            case OutputFormat.TABLE | OutputFormat.WIDE:
                self._tell_table(rows, whole=whole)
            case OutputFormat.NAME:
                for row in rows:
                    self._screen.text(f"image.{BUILD_GROUP}/{row.name}")
            case output:
                single = bool(self._question.name) and len(rows) == 1
                self._screen.text(document(rows[0] if single else rows, output))

    def _tell_table(self, rows: Sequence[ImageRow], *, whole: bool) -> None:
        for line in self._table.lines([self._cells(row) for row in rows]):
            self._screen.line(line)
        for row in rows:
            if whole and "\n" in row.message:
                self._screen.text(f"\n{row.message}")

    def _cells(self, row: ImageRow) -> tuple[Text, ...]:
        shown = cells(row, wide=self._wide)
        return (cell(row.namespace), *shown) if self._question.everywhere else shown


async def _rows(session: Session, images: Sequence[Image]) -> list[ImageRow]:
    limit = asyncio.Semaphore(_AT_ONCE)

    async def row(image: Image) -> ImageRow:
        async with limit:
            return image_row(image, await _failed_build(session, image))

    return list(await asyncio.gather(*map(row, images)))


async def _failed_build(session: Session, image: Image) -> Build | None:
    """The latest Build of an Image that is not ready; None too where it is gone, or where Builds may not be read."""
    ready = find_condition(image.status.conditions, ConditionType.READY)
    if ready is None or ready.status != ConditionStatus.FALSE or not image.status.latest_build_ref:
        return None
    try:
        return await objects.build_named(session.kube, image.metadata.namespace, image.status.latest_build_ref)
    except ForbiddenError:
        return None
