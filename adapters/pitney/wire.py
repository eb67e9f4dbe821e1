"""Pitney's payloads as Pitney spells them. Reading is tolerant of what is missing, strict about what is there."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapters.payload import WrongShape, an_object, decode, optional, required
from app.devices.port import Contact, Order, Refused

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
# What a value is, where its content is nobody's business.
_KINDS: Mapping[type, str] = {
    bool: "true or false",
    dict: "an object",
    float: "a number",
    int: "a number",
    list: "a list",
    str: "a text",
    type(None): "nothing",
}


@dataclass(frozen=True, slots=True)
class UnitObject:
    """A reserved-unit object. None means the field was not there. `strange`: a field nobody knows -> what it holds, and
    not its value: that may be anybody's name, or a code."""

    bank: str | None
    unit: str
    size: str | None
    accessible: bool | None
    in_service: bool | None
    reserved: bool | None
    occupied: bool | None
    parcels: tuple[str, ...]
    deposited: tuple[str, ...]
    expires_at: datetime | None
    raw: Mapping[str, object]
    strange: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BankObject:
    bank: str
    name: str | None
    location: str | None
    units: tuple[UnitObject, ...]
    broken: tuple[str, ...] = ()


def stamp(moment: datetime) -> str:
    """As the samples show it: UTC, whole seconds, a Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(holder: Mapping[str, Any], name: str) -> datetime | None:
    text = optional(holder, name, str)
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    # In the first and the last hours of the calendar another zone has no such time.
    except (ValueError, OverflowError) as error:
        raise WrongShape(f"{name} is not a time") from error


def _told(holder: Mapping[str, Any], name: str) -> datetime | None:
    """Where it is one of many things told: a time that nobody can read is not told, and hides nothing else."""
    try:
        return moment(holder, name)
    except WrongShape:
        return None


def parcels(holder: Mapping[str, Any], name: str) -> tuple[str, ...]:
    items = optional(holder, name, list) or []
    return tuple(required(an_object(item), "trackingNumber", str) for item in items)


def unit(value: Any) -> UnitObject:
    holder = an_object(value)
    size = optional(holder, "size", str)
    deposited = parcels(holder, "parcelsDeposited")
    return UnitObject(
        bank=optional(holder, "lockerBankId", str),
        unit=required(holder, "lockerUnitId", str),
        size=size,
        accessible=optional(holder, "accessible", bool),
        in_service=optional(holder, "unitInService", bool),
        reserved=optional(holder, "unitReserved", bool),
        occupied=optional(holder, "unitOccupied", bool),
        parcels=tuple(dict.fromkeys((*parcels(holder, "parcelsReserved"), *deposited))),
        deposited=deposited,
        expires_at=_told(holder, "depositExpiryTime"),
        raw={name: holder[name] for name in RAW_FIELDS if holder.get(name) is not None},
        strange={name: _KINDS[type(holder[name])] for name in sorted(holder.keys() - UNIT_FIELDS)},
    )


def bank(value: Any, *, whole: bool = True) -> BankObject:
    """One unreadable unit does not hide the others: it is reported in `broken` instead. So is one that is listed twice:
    nobody knows which of the two is so. `whole`: it must tell its units; a listing of banks may leave that to a look at
    each of them."""
    holder = an_object(value)
    id_ = required(holder, "lockerBankId", str)
    units, broken = [], []
    for item in required(holder, "units", list) if whole else optional(holder, "units", list) or []:
        try:
            units.append(_unit_of(id_, item))
        except WrongShape as error:
            broken.append(f"{error}: {_outline(item)}")
    twice = {unit for unit, times in Counter(each.unit for each in units).items() if times > 1}
    return BankObject(
        bank=id_,
        name=optional(holder, "name", str),
        location=optional(holder, "locationId", str),
        units=tuple(each for each in units if each.unit not in twice),
        broken=(*broken, *(f"listed more than once: {short(unit)}" for unit in sorted(twice))),
    )


def _unit_of(bank: str, item: Any) -> UnitObject:
    read = unit(item)
    if read.bank not in {None, bank}:
        raise WrongShape("it is a unit of another bank")
    return read


def _outline(item: Any) -> str:
    """Which unit it is and its flags; contact fields and parcels are nobody's business."""
    holder = item if isinstance(item, dict) else {}
    return short({name: holder[name] for name in ("lockerUnitId", *RAW_FIELDS) if name in holder})


def banks(value: Any) -> tuple[BankObject, ...]:
    return tuple(bank(item, whole=False) for item in required(an_object(value), "lockerBanks", list))


def reserved_units(value: Any) -> tuple[UnitObject, ...]:
    """Answer of the look-up by tracking number: documented bare, tolerated wrapped as the look-up by contact has it."""
    holder = an_object(value)
    if "reservedUnits" in holder:
        return tuple(unit(item) for item in required(holder, "reservedUnits", list))
    return (unit(holder),)


@dataclass(frozen=True, slots=True)
class SizeObject:
    size: str
    total: int
    available: int
    accessible: int | None


def sizes(value: Any) -> tuple[SizeObject, ...]:
    items = required(an_object(value), "sizes", list)
    return tuple(_size(an_object(item)) for item in items)


def _size(item: Mapping[str, Any]) -> SizeObject:
    total, available = required(item, "total", int), required(item, "available", int)
    return SizeObject(required(item, "size", str), total, available, optional(item, "accessible", int))


def contact_id(value: Any) -> str:
    """The address book's id of a contact that was added. Both spellings are read: the answer's fields were not seen."""
    holder = an_object(value)
    found = optional(holder, "contactId", str) or optional(holder, "id", str)
    if not found:
        raise WrongShape("contactId is missing")
    return found


# --- what we send ---------------------------------------------------------------------------------------------------


def contact_body(contact: Contact) -> dict[str, object]:
    """`type` S: shared by all who use the subscription, so that a kiosk knows the contact too."""
    return {
        "personalId": contact.personal_id,
        "type": "S",
        "contactType": "RECIPIENT",
        "name": contact.name,
        **({"email": {"email": contact.email}} if contact.email else {}),
        **({"phone": {"phone": contact.phone}} if contact.phone else {}),
    }


def parcels_body(order: Order) -> list[dict[str, str]]:
    listed = [{"trackingNumber": each.tracking, "secondaryTrackingNumber": each.secondary} for each in order.parcels]
    return [{name: value for name, value in parcel.items() if value} for parcel in listed]


def reservation_body(order: Order) -> dict[str, object]:
    """Body of both reserve calls. A named unit is taken exactly; without one the vendor chooses by size.

    Raises Refused for what is incomplete.
    """
    if len(order.parcels) != 1 or not order.contact or order.expires_at is None:
        raise Refused("a reservation needs one parcel, a contact and an expiry", reason="INCOMPLETE_ORDER")
    body: dict[str, object] = {
        "userId": order.asked_by,
        "lockerUnitId": order.unit,
        "contactId": order.contact,
        "contactType": contact_kind(order.contact_kind),
        "reservationExpiryTime": stamp(order.expires_at),
        **({"accessible": True} if order.accessible else {}),
        **parcels_body(order)[0],
    }
    if order.depositor:
        body |= {"depositorContactId": order.depositor, "depositorContactType": "recipient"}
    return body


def contact_kind(ours: str | None) -> str:
    return "department" if (ours or "").lower() == "department" else "recipient"


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
