"""Pulumi's runtime asks for the thread's event loop, its mocks for one in each worker thread; all are closed here."""

import asyncio
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def own_event_loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the test an event loop, whatever other tests did to the thread's, and close what was opened meanwhile."""
    opened: list[asyncio.AbstractEventLoop] = []
    make = asyncio.new_event_loop

    def remembered() -> asyncio.AbstractEventLoop:
        opened.append(make())
        return opened[-1]

    monkeypatch.setattr(asyncio, "new_event_loop", remembered)
    asyncio.set_event_loop(asyncio.new_event_loop())
    yield
    asyncio.set_event_loop(None)
    for loop in opened:
        loop.close()
