"""Waiting for a database that is away: at start-up a process waits and says so, where ending would help nobody."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from app.kit.bus import LOST

log = logging.getLogger("lockyard.patience")

T = TypeVar("T")

_RETRY_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
_REMIND_SECONDS = 10.0


async def patiently(ask: Callable[[], Awaitable[T]], what: str) -> T:
    """What `ask` returns, asked again for as long as the server is away; at most a second between two tries.

    A wrong address, a wrong password, a missing database or anything else that waiting does not cure is raised at once.
    """
    began, said, tries = time.monotonic(), 0.0, 0
    while True:
        try:
            found = await ask()
        except LOST as error:
            if isinstance(error, asyncpg.exceptions.ClientConfigurationError):
                raise
            now = time.monotonic()
            if not tries or now - said >= _REMIND_SECONDS:
                said = now
                log.warning(
                    "%s does not answer (%s); waiting for it since %.0f s", what, type(error).__name__, now - began
                )
            await asyncio.sleep(_RETRY_SECONDS[min(tries, len(_RETRY_SECONDS) - 1)])
            tries += 1
        else:
            if tries:
                log.warning("%s answers again, after %.1f s", what, time.monotonic() - began)
            return found
