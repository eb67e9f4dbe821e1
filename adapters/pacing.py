"""Stays within how often a vendor wants to be asked, and waits when it says so."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

from app.devices.port import Unreachable

# Who asks for a pause is left alone, for so long at most.
LONGEST_PAUSE_SECONDS = 60.0


class Pace:
    """So many questions in so many seconds, spread out after the first burst. Times are seconds of `clock`.

    `kept_back`: of the whole, how many are for what cannot wait: orders take from these too, reads do not.
    """

    def __init__(
        self, most: int, *, per: float = 60.0, kept_back: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = most / per
        self._most = float(most)
        self._kept_back = kept_back
        self._clock = clock
        self._left = self._most
        self._at = clock()
        self._not_before = 0.0

    def told(self, left: int | None) -> None:
        """What the vendor says is left in its own count: others may use the same key."""
        self._refill()
        if left is not None:
            self._left = min(self._left, float(left))

    def stop_for(self, pause: timedelta) -> None:
        """The vendor asked for a pause."""
        self._not_before = max(self._not_before, self._clock() + pause.total_seconds())
        self._left, self._at = min(self._left, float(self._kept_back)), self._not_before

    async def turn(self, *, patience: float, urgent: bool = False) -> None:
        """Wait for one's turn. Raises Unreachable, with the time to come back, when that is longer than `patience`."""
        wait = self._wait(0.0 if urgent else float(self._kept_back))
        if wait > patience:
            raise Unreachable("the vendor's rate limit is used up", retry_after=timedelta(seconds=wait))
        # Taken before waiting, so that those who wait together do not all go at once.
        self._left -= 1.0
        if wait:
            await asyncio.sleep(wait)

    def _wait(self, floor: float) -> float:
        self._refill()
        pause = max(0.0, self._not_before - self._clock())
        missing = max(0.0, floor + 1.0 - self._left)
        return pause + missing / self._rate if missing else pause

    def _refill(self) -> None:
        now = self._clock()
        if now > self._at:
            self._left = min(self._most, self._left + (now - self._at) * self._rate)
            self._at = now


class Quiet:
    """Of a vendor that asked for a pause: nobody asks it for anything before that is over. `clock`: in seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._not_before = clock()

    def stop_for(self, pause: timedelta) -> None:
        """Not for longer than `LONGEST_PAUSE_SECONDS`, whatever was asked for."""
        seconds = min(pause.total_seconds(), LONGEST_PAUSE_SECONDS)
        self._not_before = max(self._not_before, self._clock() + seconds)

    def keep(self) -> None:
        """Raises Unreachable, with the time that is left."""
        left = self._not_before - self._clock()
        if left > 0:
            raise Unreachable("the vendor asked for a pause", retry_after=timedelta(seconds=left))
