"""Counting wrong guesses on the monotonic clock: a wall clock set forward must not empty the count."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable

Monotonic = Callable[[], float]


class Guesses:
    """At most `most` tries in `seconds` for each key. The window slides; keys are forgotten oldest first."""

    def __init__(
        self, most: int, seconds: float, *, keys: int = 100_000, monotonic: Monotonic = time.monotonic
    ) -> None:
        self._most, self._seconds, self._keys, self._monotonic = most, seconds, keys, monotonic
        self._tries: OrderedDict[Hashable, deque[float]] = OrderedDict()

    def locked(self, key: Hashable) -> bool:
        """Whether no further try is allowed just now."""
        return len(self._recent(key)) >= self._most

    def count(self, key: Hashable) -> None:
        """One wrong guess."""
        tries = self._recent(key)
        tries.append(self._monotonic())
        self._tries[key] = tries
        self._tries.move_to_end(key)
        while len(self._tries) > self._keys:
            self._tries.popitem(last=False)

    def forget(self, key: Hashable) -> None:
        """The right one came."""
        self._tries.pop(key, None)

    def _recent(self, key: Hashable) -> deque[float]:
        tries, since = self._tries.get(key, deque()), self._monotonic() - self._seconds
        while tries and tries[0] <= since:
            tries.popleft()
        return tries
