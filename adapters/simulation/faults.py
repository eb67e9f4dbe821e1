"""Bad luck to order: which fault, where, how often."""

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

ANYWHERE = "*"
FOR_EVER = -1


@dataclass(slots=True)
class Fault:
    """`where`: an operation (HTTP) or a command such as `30` (bus). `times`: -1 until cleared. `ms`: of a delay.

    `chance`: how likely it strikes where it could. `word`: name of the field that `swap` falsifies; what a `status`
    that has one says in Retry-After.
    """

    kind: str
    where: str = ANYWHERE
    bank: str = ANYWHERE
    times: int = 1
    ms: float = 0.0
    status: int = 500
    chance: float = 1.0
    word: str = ""
    hits: int = 0

    def fits(self, where: str, bank: str) -> bool:
        return self.times != 0 and self.where in {ANYWHERE, where} and self.bank in {ANYWHERE, bank}


class Faults:
    """Waiting faults in order, and which banks have dropped off the network."""

    def __init__(self, kinds: frozenset[str]) -> None:
        self.kinds = kinds
        self._waiting: list[Fault] = []
        # Always the same luck, so that a run can be repeated.
        self._luck = random.Random(1)  # noqa: S311 - not a secret
        self._away: dict[str, str] = {}
        # How often somebody asked, fault or none.
        self.calls = 0

    def add(self, described: Mapping[str, Any]) -> Fault:
        """ValueError for unknown kinds, TypeError for unknown fields."""
        fault = Fault(**described)
        if fault.kind not in self.kinds:
            raise ValueError(f"no fault {fault.kind!r}; there are {', '.join(sorted(self.kinds))}")
        self._waiting.append(fault)
        return fault

    def take(self, where: str, bank: str) -> Fault | None:
        """The first fault that fits, used up by one."""
        self.calls += 1
        for fault in self._waiting:
            if fault.fits(where, bank) and self._luck.random() < fault.chance:
                fault.hits += 1
                if fault.times > 0:
                    fault.times -= 1
                return fault
        return None

    def clear(self) -> None:
        self._waiting.clear()

    def go_away(self, bank: str = ANYWHERE, how: str = "silent") -> None:
        self._away[bank] = how

    def come_back(self, bank: str = ANYWHERE) -> None:
        """Of everything, when no bank is named."""
        if bank == ANYWHERE:
            self._away.clear()
        self._away.pop(bank, None)

    def away(self, bank: str) -> str | None:
        """How this bank is missing (`silent`, `reset` or `power`), or None when it is there."""
        return self._away.get(bank) or self._away.get(ANYWHERE)

    def dump(self) -> dict[str, Any]:
        return {"faults": [asdict(fault) for fault in self._waiting], "away": dict(self._away)}
