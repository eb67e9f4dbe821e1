"""Banks of controllers behind one broker: their doors, what they remember, and how long their relays are on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.simulation.doors import Clock, Doors
from adapters.simulation.faults import Fault, Faults
from adapters.simulation.outputs import Outputs

KINDS = frozenset(
    {
        "again",  # what is delivered at least once comes again, `ms` later
        "asleep",  # not there for `ms`, and what is delivered at least once waits for it
        "delay",  # what would be said is said `ms` later
        "drop",  # not said at all; the effect takes place all the same
        "half",  # the first half of what would be said
        "ignore",  # the order never arrives: no effect, no word
        "late",  # the effect comes `ms` later
        "malformed",  # rubbish is said instead
        "mute",  # nothing is said for `ms`; the effect takes place all the same
        "neighbour",  # the effect is at the next lock
        "other_order",  # the answer names another order
        "refuse",  # no effect, and a plain no
        "stale",  # an older word comes after the newer one
        "twice",  # said two times
        "unknown_word",  # a word nobody knows
    }
)
PROFILES = ("native_json", "ha_lock", "tasmota")


def arrivals(fault: Fault | None, qos: int) -> tuple[float, ...]:
    """How long after the one before an order is delivered, each time that it is."""
    kind, wait = (fault.kind, fault.ms / 1000) if fault else ("", 0.0)
    if kind == "ignore" or (kind == "asleep" and not qos):
        return ()
    if kind == "asleep":
        return (wait,)
    return (0.0, wait) if kind == "again" and qos else (0.0,)


@dataclass(frozen=True, slots=True)
class MqttBank:
    """`sensors`: doors have contacts (always so in native_json)."""

    id: str
    units: tuple[str, ...]
    profile: str = "native_json"
    sensors: bool = True


class MqttWorld:
    """All banks of one process. `repeat_seconds`: states are repeated although nothing has changed, so that a word
    that was lost is made good."""

    def __init__(
        self, banks: Iterable[MqttBank], *, close_after: float | None = None, repeat_seconds: float = 1.0
    ) -> None:
        self.repeat_seconds = repeat_seconds
        self.clock = Clock()
        self.doors = Doors(self.clock, close_after)
        self.faults = Faults(KINDS)
        self.banks = tuple(banks)
        self.outputs = Outputs(self.doors.unlock)
        # Orders that were answered, and how: kept over a loss of power, as in flash memory.
        self.answered: dict[str, dict[str, Any]] = {}
        for bank in self.banks:
            for unit in bank.units:
                self.doors.add(bank.id, unit)
                self.outputs.add(bank.id, unit)

    def set_unit(self, bank: str, unit: str, changes: Mapping[str, Any]) -> None:
        door = self.doors.at(bank, unit)
        if strange := changes.keys() - {"open", "item", "jammed", "held"}:
            raise ValueError(f"no such words: {', '.join(sorted(strange))}")
        names = {"open": "is_open"}
        for name, value in changes.items():
            setattr(door, names.get(name, name), bool(value))

    def lose_power(self, bank: str) -> None:
        self.outputs.lose_power(bank)

    def told(self, bank: str | None) -> Mapping[str, Any]:
        return {"outputs": self.outputs.told(bank)}

    def dump(self) -> dict[str, Any]:
        return {"doors": self.doors.dump(), "answered": self.answered}

    def load(self, kept: Mapping[str, Any]) -> None:
        self.doors.load(kept["doors"])
        self.answered = dict(kept.get("answered", {}))


def plain_banks(count: int, units: int, prefix: str = "MQ-", profile: str = "native_json") -> list[MqttBank]:
    """Banks `MQ-01` and on, with units from 1."""
    numbers = tuple(str(number) for number in range(1, units + 1))
    return [MqttBank(f"{prefix}{number:02}", numbers, profile) for number in range(1, count + 1)]


def described_bank(text: Mapping[str, Any]) -> MqttBank:
    """`{"bank", "units": ["1", …] or how many, "profile", "sensors"}`."""
    units = text["units"]
    listed = tuple(map(str, units)) if isinstance(units, list) else tuple(str(n) for n in range(1, units + 1))
    profile = text.get("profile", PROFILES[0])
    if profile not in PROFILES:
        raise ValueError(f"no profile {profile!r}")
    return MqttBank(text["bank"], listed, profile, text.get("sensors", True))
