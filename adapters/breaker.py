"""Stops asking a device that does not answer, and lets one question through now and then to see whether it is back."""

import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from app.devices.port import AuthFailed, DeviceError, Refused, Unreachable, Unsupported

# These say something about the question, not about the health of the device.
_ANSWERS = (Refused, Unsupported)


class Breaker:
    """Opens after `threshold` failures in a row, or at once on refused credentials. Times are in seconds of `clock`."""

    def __init__(
        self,
        *,
        threshold: int = 5,
        cool_down: float = 5.0,
        ceiling: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threshold = threshold
        self._cool_down = cool_down
        self._ceiling = ceiling
        self._clock = clock
        self._failures = 0
        self._rounds = 0
        self._open_until: float | None = None
        self._probing = False
        self._cause: type[DeviceError] = Unreachable
        self._why = ""

    @property
    def failing(self) -> bool:
        """True from the moment it opens until a question has been answered again."""
        return self._open_until is not None

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Raises before anything is sent while open; otherwise watches how the block ends."""
        probe = self._admit()
        try:
            yield
        except _ANSWERS:
            self._succeeded()
            raise
        except DeviceError as error:
            self._failed(error)
            raise
        else:
            self._succeeded()
        finally:
            # A cancelled probe is neither a success nor a failure, see `give_up`; the next question probes instead.
            if probe:
                self._probing = False

    def give_up(self, why: str) -> None:
        """Called within `guard` by whoever is cancelled after so long a wait that it says something of the device."""
        self._failed(Unreachable(why))

    def _admit(self) -> bool:
        if self._open_until is None:
            return False
        left = self._open_until - self._clock()
        if left > 0 or self._probing:
            cause = AuthFailed if issubclass(self._cause, AuthFailed) else Unreachable
            raise cause(f"paused after: {self._why}", retry_after=timedelta(seconds=max(left, 0.1)))
        self._probing = True
        return True

    def _succeeded(self) -> None:
        self._failures = self._rounds = 0
        self._open_until = None

    def _failed(self, error: DeviceError) -> None:
        self._failures += 1
        self._cause, self._why = type(error), error.detail
        if self._failures < self._threshold and not isinstance(error, AuthFailed):
            return
        pause = min(self._cool_down * 2**self._rounds, self._ceiling)
        self._rounds = min(self._rounds + 1, 16)
        # Spread over a fifth, so that many connections do not come back in the same instant.
        self._open_until = self._clock() + pause * random.uniform(0.9, 1.1)  # noqa: S311 - not a secret
