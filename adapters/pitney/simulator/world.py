"""What Pitney's cloud and kiosks know, and what each call does to it."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
from itertools import cycle, islice
from typing import Any

from adapters.pitney import wire
from adapters.simulation.doors import Clock, Doors
from adapters.simulation.faults import Faults
from adapters.simulation.http import KINDS

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
# What a bank is made of where its units are not described one by one.
MIX = ("small", "medium", "small", "large", "medium", "small", "medium", "small", "large", "mlarge")
ECHOED = ("contactId", "contactType", "trackingNumber", "secondaryTrackingNumber")
HOLD_AFTER_DEPOSIT = timedelta(hours=24)


class NotDone(Exception):  # noqa: N818 - it is the vendor's no
    """A business error as the vendor answers it."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


@dataclass(slots=True)
class SimUnit:
    """One locker unit. Reserved means that somebody is written on it; occupied, that a parcel was deposited."""

    bank: str
    id: str
    size: str = "small"
    accessible: bool = False
    in_service: bool = True
    contact: str | None = None
    contact_type: str = "recipient"
    code: str | None = None
    reserved: dict[str, str | None] = field(default_factory=dict)
    deposited: dict[str, str | None] = field(default_factory=dict)
    times: dict[str, str] = field(default_factory=dict)

    def clear(self) -> None:
        self.contact, self.code = None, None
        self.reserved, self.deposited, self.times = {}, {}, {}

    def flags(self) -> dict[str, Any]:
        return {
            "lockerBankId": self.bank,
            "lockerUnitId": self.id,
            "size": self.size,
            "accessible": self.accessible,
            "unitInService": self.in_service,
            "unitReserved": self.contact is not None,
            "unitOccupied": bool(self.deposited),
        }

    def whole(self) -> dict[str, Any]:
        who = {"contactId": self.contact, "contactType": self.contact_type, "contactName": f"Contact {self.contact}"}
        return {
            **self.flags(),
            "parcelsReserved": spelled(self.reserved),
            "parcelsDeposited": spelled(self.deposited),
            **(who if self.contact else {}),
            **self.times,
        }


def spelled(parcels: Mapping[str, str | None]) -> list[dict[str, str]]:
    whole = [{"trackingNumber": number, "secondaryTrackingNumber": second} for number, second in parcels.items()]
    return [{name: value for name, value in parcel.items() if value} for parcel in whole]


def listed(items: Any) -> dict[str, str | None]:
    return {item["trackingNumber"]: item.get("secondaryTrackingNumber") for item in items}


class PitneyWorld:
    """All banks of the vendor. Requests are handled without a pause in between, which makes each of them atomic."""

    def __init__(self, banks: Iterable[Mapping[str, Any]], *, close_after: float | None = None) -> None:
        self.clock = Clock()
        self.doors = Doors(self.clock, close_after)
        self.faults = Faults(KINDS)
        # The latest addresses that were asked for, as they came.
        self.asked: Sequence[str] = ()
        self.banks: dict[str, Mapping[str, Any]] = {}
        self.units: dict[tuple[str, str], SimUnit] = {}
        for bank in banks:
            self.banks[bank["id"]] = bank
            for unit in bank["units"]:
                own = {name: unit[name] for name in ("size", "accessible") if name in unit}
                self.units[bank["id"], unit["id"]] = SimUnit(bank["id"], unit["id"], **own)
                self.doors.add(bank["id"], unit["id"])

    def unit(self, bank: str, unit: str) -> SimUnit:
        try:
            return self.units[bank, unit]
        except KeyError:
            raise NotDone(404, "not_found", f"no unit {unit}") from None

    def of(self, bank: str) -> list[SimUnit]:
        if bank not in self.banks:
            raise NotDone(404, "not_found", f"no bank {bank}")
        return [self.units[bank, unit["id"]] for unit in self.banks[bank]["units"]]

    def sweep(self) -> None:
        """A reservation that ran out frees its unit; a deposit that ran out changes nothing, the facility decides."""
        now = wire.stamp(self.clock.now())
        for unit in self.units.values():
            if unit.contact and not unit.deposited and unit.times.get("reservationExpiryTime", "9") <= now:
                unit.clear()

    def set_unit(self, bank: str, unit: str, changes: Mapping[str, Any]) -> None:
        target = self.units[bank, unit]
        if changes.get("free"):
            target.clear()
        setters: dict[str, Callable[[Any], None]] = {
            "free": lambda _: None,
            "size": lambda value: setattr(target, "size", value),
            "accessible": lambda value: setattr(target, "accessible", value),
            "unitInService": lambda value: setattr(target, "in_service", value),
            "contactId": lambda value: setattr(target, "contact", value),
            "contactType": lambda value: setattr(target, "contact_type", value),
            "pickupCode": lambda value: setattr(target, "code", value),
            "parcelsReserved": lambda value: setattr(target, "reserved", listed(value)),
            "parcelsDeposited": lambda value: setattr(target, "deposited", listed(value)),
        }
        setters |= {name: partial(target.times.__setitem__, name) for name in wire.RAW_FIELDS[4:]}
        if strange := changes.keys() - setters.keys():
            raise ValueError(f"no such words: {', '.join(sorted(strange))}")
        for name, value in changes.items():
            setters[name](value)

    def renumber(self, bank: str, units: Mapping[str, str]) -> None:
        if units.keys() ^ set(units.values()):
            raise ValueError("a unit must become one of those that are renumbered")
        moved = {after: self.units[bank, before] for before, after in units.items()}
        self.doors.renumber(bank, units)
        for after, unit in moved.items():
            unit.id = after
            self.units[bank, after] = unit

    def dump(self) -> dict[str, Any]:
        return {"doors": self.doors.dump(), "units": [asdict(unit) for unit in self.units.values()]}

    def load(self, kept: Mapping[str, Any]) -> None:
        self.doors.load(kept["doors"])
        for row in kept["units"]:
            if (row["bank"], row["id"]) in self.units:
                self.units[row["bank"], row["id"]] = SimUnit(**row)

    # --- what the calls do ---------------------------------------------------------------------------------------

    def reserve(self, bank: str, ask: Mapping[str, Any], *, back: bool) -> dict[str, Any]:
        needed = ["userId", "contactId", "contactType", "trackingNumber", *(["depositorContactId"] if back else [])]
        need(ask, *needed)
        if ask["contactType"] not in {"recipient", "department"}:
            raise NotDone(400, "validation_error", "contactType")
        unit = self._free_unit(bank, ask)
        unit.contact, unit.contact_type = ask["contactId"], ask["contactType"]
        unit.reserved = {ask["trackingNumber"]: ask.get("secondaryTrackingNumber")}
        unit.times = {"reservationTime": wire.stamp(self.clock.now())}
        if until := ask.get("reservationExpiryTime"):
            unit.times["reservationExpiryTime"] = until
        echo = {name: ask[name] for name in ECHOED if name in ask}
        kind = {"transactionType": "return"} if back else {}
        return {"lockerBankId": bank, "lockerUnitId": unit.id, "size": unit.size, **echo, **unit.times, **kind}

    def _free_unit(self, bank: str, ask: Mapping[str, Any]) -> SimUnit:
        if "lockerUnitId" in ask:
            fitting = [self.unit(bank, ask["lockerUnitId"])]
        else:
            need(ask, "size")
            fitting = [unit for unit in self.of(bank) if unit.size == ask["size"]]
            fitting = [unit for unit in fitting if unit.accessible or not ask.get("accessible")]
        for unit in fitting:
            if unit.in_service and not unit.contact:
                return unit
        raise NotDone(400, "locker_not_available", "no unit fits")

    def open(self, bank: str, unit: str, ask: Mapping[str, Any]) -> dict[str, Any]:
        need(ask, "userId")
        if not self.unit(bank, unit).in_service:
            raise NotDone(400, "invalid_state", "the unit is out of service")
        # True whatever the door does: the vendor's word is not a sensor.
        self.doors.unlock(bank, unit)
        return {"lockerBankId": bank, "lockerUnitId": unit, "opened": True}

    def deposit(self, bank: str, unit: str, ask: Mapping[str, Any]) -> dict[str, Any]:
        target = self._written_on(bank, unit)
        parcels = listed(need(ask, "parcels")["parcels"])
        for number, second in parcels.items():
            target.reserved.pop(number, None)
            target.deposited[number] = second
        now = self.clock.now()
        target.times |= {"depositTime": wire.stamp(now), "depositExpiryTime": wire.stamp(now + HOLD_AFTER_DEPOSIT)}
        if target.contact_type == "recipient":
            target.code = target.code or "".join(secrets.choice(ALPHABET) for _ in range(6))
        return {
            "lockerBankId": bank,
            "lockerUnitId": unit,
            "userId": ask.get("userId"),
            "pickupCode": target.code,
            **{name: target.times[name] for name in ("depositTime", "depositExpiryTime")},
            "parcelsDeposited": spelled(target.deposited),
        }

    def update(self, bank: str, unit: str, ask: Mapping[str, Any]) -> dict[str, Any]:
        target = self._written_on(bank, unit)
        more = listed(need(ask, "parcels")["parcels"])
        target.reserved |= {number: second for number, second in more.items() if number not in target.deposited}
        if until := ask.get("reservationExpiryTime"):
            target.times["reservationExpiryTime"] = until
        return {
            "lockerBankId": bank,
            "lockerUnitId": unit,
            "userId": ask.get("userId"),
            "reservationExpiryTime": target.times.get("reservationExpiryTime"),
            "parcelsReserved": spelled(target.reserved),
        }

    def free(self, bank: str, unit: str, ask: Mapping[str, Any]) -> dict[str, Any]:
        need(ask, "userId")
        target = self._written_on(bank, unit)
        contact = {"contactId": target.contact, "contactType": target.contact_type}
        for number in listed(ask.get("parcels") or ()):
            target.reserved.pop(number, None)
            target.deposited.pop(number, None)
        left = {**target.reserved, **target.deposited} if ask.get("parcels") else {}
        if not left:
            target.clear()
        rest = {"unitReserved": bool(left), "parcelsReserved": spelled(left)}
        return {"lockerBankId": bank, "lockerUnitId": unit, **contact, **rest}

    def collect(self, bank: str, code: str) -> SimUnit:
        """Somebody types a pickup code at the kiosk: the door opens, the parcels are taken, the unit is free."""
        for unit in self.of(bank):
            if unit.code is not None and unit.code == code:
                return self._emptied(unit)
        raise NotDone(404, "not_found", "no such code")

    def collect_for(self, bank: str, departments: set[str]) -> list[SimUnit]:
        """A member of departments takes what waits for them; recipients' units need their codes."""
        waiting = [unit for unit in self.of(bank) if unit.contact in departments and unit.deposited]
        found = [self._emptied(unit) for unit in waiting if unit.contact_type == "department"]
        if not found:
            raise NotDone(404, "not_found", "nothing waits for this personalId")
        return found

    def _emptied(self, unit: SimUnit) -> SimUnit:
        self.doors.act(unit.bank, unit.id, "open")
        self.doors.act(unit.bank, unit.id, "take")
        unit.clear()
        return unit

    def _written_on(self, bank: str, unit: str) -> SimUnit:
        target = self.unit(bank, unit)
        if target.contact is None:
            raise NotDone(400, "invalid_state", "the unit is not reserved")
        return target


def need(ask: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    missing = [name for name in names if not ask.get(name) and ask.get(name) != []]
    if missing:
        raise NotDone(400, "validation_error", f"missing: {', '.join(missing)}")
    return ask


def plain_banks(count: int, units: int, prefix: str = "PB-") -> list[dict[str, Any]]:
    """So many banks of so many units: `PB-01` with units `1` and on, sizes mixed, every fifth one accessible."""
    sizes = list(islice(cycle(MIX), units))
    row = [{"id": str(place + 1), "size": size, "accessible": place % 5 == 0} for place, size in enumerate(sizes)]
    return [
        {"id": f"{prefix}{number:02}", "name": f"Bank {number}", "location": f"L{number:02}", "units": row}
        for number in range(1, count + 1)
    ]
