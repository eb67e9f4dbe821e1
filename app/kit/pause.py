"""Waiting that ends early when the process is asked to stop."""

import asyncio
import contextlib
from collections.abc import Iterable


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, or less when `stop` is set meanwhile."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def first_of(events: Iterable[asyncio.Event], seconds: float | None = None) -> None:
    """Until one of the events is set, or so many seconds."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
