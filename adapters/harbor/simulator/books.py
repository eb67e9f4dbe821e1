"""The lines of the cloud's books, and how the vendor says no."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

AVAILABLE, RESERVED, RENTED = "available", "reserved", "rented"
OCCUPIED, DECLINED, OUT_OF_SERVICE = "occupied", "declined", "out of service"
# Names and numbers of types, as an integrator uses them.
TYPES = {"small": 1, "medium": 2, "large": 3, "x-large": 4}
MIX = ("small", "medium", "small", "large", "medium", "small", "medium", "small", "large", "x-large")


class NotDone(Exception):  # noqa: N818 - it is the vendor's no
    """A business error as the vendor answers it. `detail`: a text, or the list of a validation error."""

    def __init__(self, status: int, detail: object) -> None:
        super().__init__(str(detail))
        self.status, self.detail = status, detail


@dataclass(slots=True)
class Locker:
    """One line of the books. `until`: end of the reservation, or of the latest token while rented."""

    tower: str
    id: str
    name: str
    type: str = "small"
    low: bool = False
    status: str = AVAILABLE
    owner: str | None = None
    reservation: str | None = None
    until: str | None = None
    tokens: list[str] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        numbers = [AVAILABLE, RESERVED, RENTED, OCCUPIED, DECLINED, OUT_OF_SERVICE]
        number = numbers.index(self.status) + 1 if self.status in numbers else 99
        return {
            "id": int(self.id),
            "name": self.name,
            "isLowLocker": self.low,
            "towerId": self.tower,
            "status": {"id": number, "name": self.status},
            "type": {"id": TYPES.get(self.type, 9), "name": self.type, "description": None},
            "accessMode": "public",
        }

    def free(self) -> None:
        self.status, self.owner, self.reservation, self.until, self.tokens = AVAILABLE, None, None, None, []


def whole(ask: Mapping[str, Any], name: str) -> int:
    value = ask.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        place = {"loc": ["body", name], "msg": "value is not a valid integer", "type": "type_error.integer"}
        raise NotDone(422, [place])
    return value


def plain_towers(count: int, units: int, prefix: str = "0100000004") -> list[dict[str, Any]]:
    """So many towers of so many lockers: ids of 16 digits, locker ids unlike their names, every fifth one low."""
    sizes = list(islice(cycle(MIX), units))
    return [
        {
            "id": f"{prefix}{number:06x}",
            "name": f"Tower {number}",
            "location": number,
            "units": [
                {"id": number * 1000 + place, "name": f"{place:02}", "type": size, "low": place % 5 == 0}
                for place, size in enumerate(sizes, 1)
            ],
        }
        for number in range(1, count + 1)
    ]
