"""Outputs with solenoids behind them: how often and how long each was under current is counted."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Output:
    """`mode`: 0 obeys orders, others do not. `longest`: seconds under current at a stretch, so far."""

    on_since: float | None = None
    longest: float = 0.0
    times: int = 0
    mode: int = 0
    timer: asyncio.TimerHandle | None = None


class Outputs:
    """By bank and unit. `energised`: called whenever one gets current."""

    def __init__(self, energised: Callable[[str, str], object]) -> None:
        self._outputs: dict[tuple[str, str], Output] = {}
        self._energised = energised

    def add(self, bank: str, unit: str) -> None:
        self._outputs[bank, unit] = Output()

    def at(self, bank: str, unit: str) -> Output:
        return self._outputs[bank, unit]

    def switch(self, bank: str, unit: str, on: bool, seconds: float | None = None) -> None:
        """`seconds`: it goes off by itself after so long."""
        output = self._outputs[bank, unit]
        if output.mode:
            return
        if output.timer:
            output.timer.cancel()
            output.timer = None
        if on and output.on_since is None:
            output.on_since = time.monotonic()
            output.times += 1
            self._energised(bank, unit)
        elif not on and output.on_since is not None:
            output.longest = max(output.longest, time.monotonic() - output.on_since)
            output.on_since = None
        if on and seconds is not None:
            loop = asyncio.get_running_loop()
            output.timer = loop.call_later(seconds, self.switch, bank, unit, False)

    def lose_power(self, bank: str) -> None:
        for at, unit in self._outputs:
            if at == bank:
                self.switch(bank, unit, on=False)

    def longest(self) -> float:
        """Seconds that any output has been under current at a stretch; one that still is counts up to now."""
        return max((self._longest(output) for output in self._outputs.values()), default=0.0)

    def told(self, bank: str | None) -> list[dict[str, Any]]:
        return [
            {
                "bank": at,
                "unit": unit,
                "on": output.on_since is not None,
                "times": output.times,
                "longest_seconds": round(self._longest(output), 3),
                "mode": output.mode,
            }
            for (at, unit), output in self._outputs.items()
            if bank in {None, at}
        ]

    def _longest(self, output: Output) -> float:
        since = output.on_since
        return output.longest if since is None else max(output.longest, time.monotonic() - since)
