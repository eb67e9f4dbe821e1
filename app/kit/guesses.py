"""Counting guesses in sliding windows, on the monotonic clock: a wall clock set forward must not empty a count."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

Monotonic = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Window:
    """At most `most` tries within `seconds` under this key."""

    key: str
    most: int
    seconds: float


class Guard(Protocol):
    """Counts tries for every process at once. Counted before the guess is looked at and given back when it was right:
    guesses made at one moment, here or elsewhere, cannot slip past a limit together."""

    async def take(self, windows: Sequence[Window]) -> float:
        """One try under each key. 0: it may be made. Otherwise the seconds until another may, and it may not."""
        ...

    async def give_back(self, own: Window, others: Sequence[Window]) -> None:
        """The guess was right: `own` is forgotten, the others get back this one try."""
        ...


class Guesses:
    """The same for one process, where no clock but its own can be turned. Keys are forgotten oldest first."""

    def __init__(self, *, keys: int = 100_000, monotonic: Monotonic = time.monotonic) -> None:
        self._keys, self._monotonic = keys, monotonic
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, windows: Sequence[Window]) -> float:
        """As Guard's; where one window is full none of them counts the try."""
        now = self._monotonic()
        wait = max(self._wait(window, now) for window in windows)
        if wait > 0:
            return wait
        for window in windows:
            self._tries.setdefault(window.key, deque(maxlen=window.most)).append(now)
            self._tries.move_to_end(window.key)
        while len(self._tries) > self._keys:
            self._tries.popitem(last=False)
        return 0.0

    def give_back(self, own: Window, others: Sequence[Window]) -> None:
        self._tries.pop(own.key, None)
        for window in others:
            if tries := self._tries.get(window.key):
                tries.pop()

    def _wait(self, window: Window, now: float) -> float:
        tries = self._tries.get(window.key)
        if tries is None or len(tries) < window.most:
            return 0.0
        return max(0.0, tries[-window.most] + window.seconds - now)
