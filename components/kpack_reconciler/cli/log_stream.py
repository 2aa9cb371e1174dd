"""One container's log from its first line to its last, over as many connections as it takes.

Owns opening anew and the end. Leaves which line is new to `log_lines`.

Rules:
- The end of a stream is the end of the log only if the step had ended before the stream was opened: API server and
  kubelet also close streams of steps that run.
- What cannot be read for a moment is said once and tried again: for as long as the step runs, and a few times after.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass

from kpack_api.core import Pod
from kpack_reconciler.cli.build_pod import has_stopped
from kpack_reconciler.cli.log_lines import LogLines
from kpack_reconciler.cli.session import Session
from kpack_reconciler.cli.watching import Watched, read_all, until
from kpack_reconciler.clients.kube.client import NotFoundError
from kpack_reconciler.errors import TransientError

_PAUSE_SECONDS = 1.0
_TRIES = 10
_PATIENCE_SECONDS = 3.0
"""A step's end shows in its pod about a second after its log's."""
_SILENCE_SECONDS = 300.0
"""A connection that brings no line for so long is opened anew: it may be dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLog:
    """Whose log it is: a step of the pod of this name and UID. `with_times` shows the time of each line."""

    pod: Watched[Pod]
    uid: str
    step: str
    with_times: bool = False


async def show_log(session: Session, log: StepLog) -> None:
    """Show the log of a step that has started, until it ends or is gone."""
    lines, faults = LogLines(with_times=log.with_times), 0
    while faults < _TRIES and (pod := await _present(session, log)) is not None:
        stopped = has_stopped(pod, log.step)
        try:
            await _show_stream(session, log, lines)
        except NotFoundError:
            break
        except TransientError as error:
            session.screen.note(f"the log of step {log.step} is interrupted, trying again: {error}")
            faults += stopped
            await asyncio.sleep(_PAUSE_SECONDS)
            continue
        if stopped:
            return
        await _until_stopped(session, log)
    session.screen.note(f"the log of step {log.step} {'cannot be read' if faults == _TRIES else 'is gone'}")


async def _show_stream(session: Session, log: StepLog, lines: LogLines) -> None:
    params = {"container": log.step, "follow": "true", **lines.resume()}
    path = f"{log.pod.path}/{log.pod.name}/log"
    async with aclosing(session.kube.lines(path, params=params, read_timeout=_SILENCE_SECONDS)) as stream:
        async for line in stream:
            new = lines.take(line)
            if new is not None:
                session.screen.raw(new)


async def _present(session: Session, log: StepLog) -> Pod | None:
    """The pod; None where it is gone, also where another one has its name."""
    found = await read_all(session.kube, log.pod, patient=True)
    return next((pod for pod in found if pod.metadata.uid == log.uid), None)


async def _until_stopped(session: Session, log: StepLog) -> None:
    """Wait until the step has ended, or for so long that it must be the stream that broke."""

    def answer(found: Pod | None) -> bool | None:
        return True if found is None or found.metadata.uid != log.uid or has_stopped(found, log.step) else None

    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await until(session.kube, log.pod, answer, patient=True)
    except TimeoutError:
        session.screen.note(f"the log of step {log.step} was cut, opening it again")
