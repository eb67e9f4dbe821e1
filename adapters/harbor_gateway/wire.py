"""Harbor Gateway's payloads as the gateway spells them; its cloud passes them on as they are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.payload import WrongShape, an_object, decode, items, optional, required, short

# The vendor's own words for errors, as far as they decide anything here; any other goes by its status.
FULL = "NO_AVAILABLE_LOCKERS"
CONTENDED = "LOCKER_ASSIGNMENT_CONFLICT"
# Inferred: by these a gateway says that it does not have what it was asked for, and no cloud that it lost a request.
ABSENT = frozenset({"LOCKER_NOT_FOUND", "TRANSACTION_NOT_FOUND"})
KEY = re.compile(r"hgwm_[0-9a-f]{64}")
# Kept raw beside the unit: flags are independent of each other, `available` is what the vendor derives from them.
LONGEST_REASON = 200
RAW_FIELDS = ("outOfService", "operational", "doorOpen", "available", "reasonCode", "reason")


# Relative to a bank's prefix, but for `locations`. The cloud's own paths are inferred: its documentation is closed.
PATHS: Mapping[str, str] = {
    "health": "/health",
    "locations": "/api/v1/locations",
    "locker": "/lockers/{unit}",
    "locker_open": "/lockers/{unit}/open",
    "locker_types": "/locker-types",
    "lockers": "/lockers",
    "open": "/transactions/{reference}/open",
    "prefix": "/api/v1/locations/{bank}",
    "transaction": "/transactions/{reference}",
    "transactions": "/transactions",
}


@dataclass(frozen=True, slots=True)
class LockerObject:
    """One locker. None means the field was not there. `type`: the slug of its locker type."""

    id: int
    type: str | None
    label: str | None
    out_of_service: bool | None
    operational: bool | None
    door_open: bool | None
    raw: Mapping[str, object]

    @property
    def in_service(self) -> bool | None:
        if self.out_of_service is None and self.operational is None:
            return None
        return not self.out_of_service and self.operational is not False


@dataclass(frozen=True, slots=True)
class TransactionObject:
    id: str
    locker: int


@dataclass(frozen=True, slots=True)
class OpenedObject:
    """What became of an opening by the gateway's own word and by its door switch."""

    success: bool
    locker: int
    door_open: bool | None
    message: str


@dataclass(frozen=True, slots=True)
class LocationObject:
    id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Error:
    """`code`: empty where the answer is no error body of this vendor."""

    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.code} {self.message}".strip()


def locker(value: Any) -> LockerObject:
    holder = an_object(value)
    kind = holder.get("lockerType")
    slug = optional(kind, "slug", str) if isinstance(kind, dict) else optional(holder, "lockerType", str)
    return LockerObject(
        id=required(holder, "lockerId", int),
        type=slug,
        label=optional(holder, "name", str),
        out_of_service=optional(holder, "outOfService", bool),
        operational=optional(holder, "operational", bool),
        door_open=optional(holder, "doorOpen", bool),
        raw={name: holder[name] for name in RAW_FIELDS if holder.get(name) is not None},
    )


def lockers(value: Any) -> tuple[tuple[LockerObject, ...], tuple[str, ...]]:
    """Those that can be read, and what is wrong with the others: one of them does not hide the rest."""
    found, broken = [], []
    for item in items(value, "lockers"):
        try:
            found.append(locker(item))
        except WrongShape as error:
            broken.append(f"{error}: {short(item)}")
    return tuple(found), tuple(broken)


def service(in_service: bool, code: str | None, reason: str | None) -> dict[str, object]:
    """The list of codes is not published: one is sent where the connection names it."""
    told = {} if in_service else {"reasonCode": code, "reason": (reason or "")[:LONGEST_REASON]}
    return {"outOfService": not in_service, **{name: text for name, text in told.items() if text}}


def transaction(value: Any) -> TransactionObject:
    holder = an_object(value)
    return TransactionObject(required(holder, "transactionId", str), required(holder, "lockerId", int))


def transactions(value: Any) -> tuple[TransactionObject, ...]:
    return tuple(transaction(item) for item in items(value, "transactions"))


def opened(value: Any) -> OpenedObject:
    holder = an_object(value)
    return OpenedObject(
        success=required(holder, "success", bool),
        locker=required(holder, "lockerId", int),
        door_open=optional(holder, "doorOpen", bool),
        message=(optional(holder, "message", str) or "")[:200],
    )


def locations(value: Any) -> tuple[LocationObject, ...]:
    rows = [an_object(item) for item in items(value, "locations")]
    return tuple(LocationObject(required(row, "locationId", str), optional(row, "name", str)) for row in rows)


def types(value: Any) -> tuple[str, ...]:
    """Slugs of locker types."""
    return tuple(required(an_object(item), "slug", str) for item in items(value, "lockerTypes"))


def error(body: bytes) -> Error:
    """Tolerant: what stands between us and the gateway has error bodies of its own."""
    try:
        holder = an_object(decode(body))
        code, message = optional(holder, "error", str) or "", optional(holder, "message", str) or ""
    except WrongShape:
        return Error("", "")
    return Error(code[:60], message[:200])
