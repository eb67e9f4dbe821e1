"""Pitney's payloads as Pitney spells them. Reading is tolerant of what is missing, strict about what is there."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

T = TypeVar("T")

# Every field of a reserved-unit object that is documented or inferred; anything else is reported as unmapped.
UNIT_FIELDS = frozenset(
    {
        "lockerBankId",
        "lockerUnitId",
        "size",
        "accessible",
        "unitInService",
        "unitReserved",
        "unitOccupied",
        "parcelsReserved",
        "parcelsDeposited",
        "contactId",
        "contactType",
        "contactName",
        "reservationTime",
        "reservationExpiryTime",
        "depositTime",
        "depositExpiryTime",
    }
)
# Kept raw beside the unit. Contact fields are left out: they are personal data and nobody decides by them.
RAW_FIELDS = (
    "unitInService",
    "unitReserved",
    "unitOccupied",
    "size",
    "reservationTime",
    "reservationExpiryTime",
    "depositTime",
    "depositExpiryTime",
)
SIZES = ("small", "medium", "large", "mlarge")


class WrongShape(ValueError):  # noqa: N818 - says what happened
    """An answer that does not fit the contract."""


@dataclass(frozen=True, slots=True)
class UnitObject:
    """A reserved-unit object. None means the field was not there."""

    bank: str | None
    unit: str
    size: str | None
    accessible: bool | None
    in_service: bool | None
    reserved: bool | None
    occupied: bool | None
    parcels: tuple[str, ...]
    raw: Mapping[str, object]
    strange: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class BankObject:
    bank: str
    name: str | None
    location: str | None
    units: tuple[UnitObject, ...]
    broken: tuple[str, ...] = ()


def decode(body: bytes) -> Any:
    try:
        return json.loads(body)
    # Deep nesting ends in RecursionError, a number of thousands of digits in ValueError.
    except (ValueError, RecursionError) as error:
        raise WrongShape("the answer is not JSON") from error


def an_object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise WrongShape(f"expected an object, got {type(value).__name__}")
    return value


def optional(holder: Mapping[str, Any], name: str, kind: type[T]) -> T | None:
    value = holder.get(name)
    if value is None:
        return None
    if not isinstance(value, kind):
        raise WrongShape(f"{name} is {type(value).__name__}, not {kind.__name__}")
    return value


def required(holder: Mapping[str, Any], name: str, kind: type[T]) -> T:
    value = optional(holder, name, kind)
    if value is None:
        raise WrongShape(f"{name} is missing")
    return value


def stamp(moment: datetime) -> str:
    """As the samples show it: UTC, whole seconds, a Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(holder: Mapping[str, Any], name: str) -> datetime | None:
    text = optional(holder, name, str)
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongShape(f"{name} is not a time") from error
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def parcels(holder: Mapping[str, Any], name: str) -> tuple[str, ...]:
    items = optional(holder, name, list) or []
    return tuple(required(an_object(item), "trackingNumber", str) for item in items)


def unit(value: Any) -> UnitObject:
    holder = an_object(value)
    size = optional(holder, "size", str)
    strange = {name: holder[name] for name in holder.keys() - UNIT_FIELDS}
    if size is not None and size not in SIZES:
        strange["size"] = size
    return UnitObject(
        bank=optional(holder, "lockerBankId", str),
        unit=required(holder, "lockerUnitId", str),
        size=size,
        accessible=optional(holder, "accessible", bool),
        in_service=optional(holder, "unitInService", bool),
        reserved=optional(holder, "unitReserved", bool),
        occupied=optional(holder, "unitOccupied", bool),
        parcels=tuple(dict.fromkeys((*parcels(holder, "parcelsReserved"), *parcels(holder, "parcelsDeposited")))),
        raw={name: holder[name] for name in RAW_FIELDS if holder.get(name) is not None},
        strange=strange,
    )


def bank(value: Any) -> BankObject:
    """One unreadable unit does not hide the others: it is reported in `broken` instead."""
    holder = an_object(value)
    units, broken = [], []
    for item in required(holder, "units", list):
        try:
            units.append(unit(item))
        except WrongShape as error:
            broken.append(f"{error}: {short(item)}")
    return BankObject(
        bank=required(holder, "lockerBankId", str),
        name=optional(holder, "name", str),
        location=optional(holder, "locationId", str),
        units=tuple(units),
        broken=tuple(broken),
    )


def banks(value: Any) -> tuple[BankObject, ...]:
    return tuple(bank(item) for item in required(an_object(value), "lockerBanks", list))


def reserved_units(value: Any) -> tuple[UnitObject, ...]:
    """Answer of the look-up by tracking number: documented bare, tolerated wrapped as the look-up by contact has it."""
    holder = an_object(value)
    if "reservedUnits" in holder:
        return tuple(unit(item) for item in required(holder, "reservedUnits", list))
    return (unit(holder),)


def short(value: Any) -> str:
    """For people to look at: the beginning of a value as JSON."""
    try:
        return json.dumps(value, ensure_ascii=False)[:200]
    except RecursionError:
        return "nested too deeply"


def token(value: Any) -> tuple[str, float]:
    """Access token and its life in seconds. `expiresIn` is how an older product of the vendor spells it."""
    holder = an_object(value)
    life = holder.get("expires_in", holder.get("expiresIn", 0))
    if isinstance(life, bool) or not isinstance(life, int | float | str):
        raise WrongShape("expires_in is not a number")
    text = required(holder, "access_token", str)
    # It goes into a header as it is.
    if not text or not (text.isascii() and text.isprintable()) or " " in text:
        raise WrongShape("access_token holds what no header may hold")
    try:
        return text, float(life)
    except (OverflowError, ValueError) as error:
        raise WrongShape("expires_in is not a number") from error


def error_text(body: bytes) -> str:
    """What an error body says, in one short line; empty when it says nothing. Never trusted for decisions."""
    try:
        holder = an_object(decode(body))
    except WrongShape:
        return ""
    if isinstance(holder.get("message"), str):
        return str(holder["message"])[:200]
    errors = holder.get("errors")
    if not isinstance(errors, list):
        return ""
    readable = [item for item in errors if isinstance(item, dict)]
    words = [item.get(name) for item in readable for name in ("errorCode", "errorDescription")]
    return " ".join(str(word) for word in words if word)[:200]
