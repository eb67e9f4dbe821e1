"""How fast one caller may ask: a bucket that refills with time, for each credential in use."""

import asyncio
import math
import time
from collections.abc import Callable
from weakref import WeakKeyDictionary

from schema.transport.wire import Header


class Pace:
    """`per_second` in the long run, twice that at once. Counted in this process alone, on its monotonic clock.

    A bucket belongs to the event by which its caller's end is told: it lives as long as anybody holds the caller.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._most, self._clock = per_second, max(1.0, 2 * per_second), clock
        self._buckets: WeakKeyDictionary[asyncio.Event, tuple[float, float]] = WeakKeyDictionary()

    def take(self, of: asyncio.Event) -> tuple[bool, list[Header]]:
        """Whether one more request may run now; what its answer says about the limit (draft-ietf-httpapi-ratelimit)."""
        now = self._clock()
        left, at = self._buckets.get(of, (self._most, now))
        left = min(self._most, left + (now - at) * self._rate)
        may = left >= 1
        left -= may
        self._buckets[of] = (left, now)
        seconds = math.ceil((1 - left) / self._rate) if left < 1 else 0
        span = math.ceil(self._most / self._rate)
        headers = [
            (b"ratelimit-policy", b'"caller";q=%d;w=%d' % (self._most, span)),
            (b"ratelimit", b'"caller";r=%d;t=%d' % (left, seconds)),
        ]
        return may, headers if may else [*headers, (b"retry-after", b"%d" % max(1, seconds))]
