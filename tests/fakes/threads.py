"""Fake servers for code that blocks: each runs in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager


@contextmanager
def in_thread(server: AbstractAsyncContextManager[str]) -> Iterator[str]:
    """Keep a server's context open in another thread; what it yields."""
    started, places = threading.Event(), list[str]()
    stops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        async with server as place:
            end = asyncio.Event()
            places.append(place)
            stops.append((asyncio.get_running_loop(), end))
            started.set()
            await end.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield places[0]
    finally:
        loop, end = stops[0]
        loop.call_soon_threadsafe(end.set)
        thread.join()
