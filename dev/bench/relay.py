"""A relay in front of a server: connections are passed on as they are, and what goes through is counted."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

LOOPBACK: Final = "127.0.0.1"
_REQUEST = re.compile(rb"(?:^|\n)(?:GET|HEAD|POST|PUT|PATCH|DELETE) /\S* HTTP/1\.1\r\n")
_CHUNK = 1 << 16


@dataclass(slots=True)
class Traffic:
    """What went through a relay."""

    requests: int = 0
    bytes: int = 0


@contextmanager
def relay(target: str) -> Iterator[tuple[str, Traffic]]:
    """Pass connections on to a registry while the context is open, counting requests and bytes."""
    traffic, loop = Traffic(), asyncio.new_event_loop()
    host, _, port = target.partition(":")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward_writer = await asyncio.open_connection(host, int(port))
        with suppress(asyncio.CancelledError):  # a cancelled handler is reported by asyncio's streams of Python 3.11
            await asyncio.gather(
                _pass_on(reader, onward_writer, traffic, counting=True),
                _pass_on(onward_reader, writer, traffic, counting=False),
            )

    server = loop.run_until_complete(asyncio.start_server(serve, LOOPBACK, 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"{LOOPBACK}:{server.sockets[0].getsockname()[1]}", traffic
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(_end(server))
        loop.close()


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, traffic: Traffic, *, counting: bool
) -> None:
    try:
        while chunk := await reader.read(_CHUNK):
            traffic.bytes += len(chunk)
            traffic.requests += len(_REQUEST.findall(chunk)) if counting else 0
            writer.write(chunk)
            await writer.drain()
    except ConnectionError:
        return
    finally:
        writer.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
