"""Harbor's payloads as Harbor spells them. Reading is tolerant of what is missing, strict about what is there."""

import hmac
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from adapters.payload import WrongShape, an_object, decode, optional, required
from app.devices.port import PushedKind, VendorWord

CODE = re.compile(r"[0-9]{4,10}", re.ASCII)
TOWER = re.compile(r"[0-9a-f]{16}")
# Names as `word` normalises them; the vendor's numeric ids are not documented beyond one.
WORDS: Mapping[str, VendorWord] = {word.value.lower(): word for word in VendorWord}
# The vendor's `data.source` -> what it tells us.
SOURCES: Mapping[str, PushedKind] = {
    "LOCKER_OPEN_LINK_CREATED": PushedKind.ASSIGNED,
    "LOCKER_TOKEN_CREATED": PushedKind.ACCESS_ISSUED,
    "LOCKER_TOKEN_USED": PushedKind.ACCESS_USED,
}
SCHEMES = ("hmac-sha256-hex", "hmac-sha256-base64", "shared-secret")
# Opaque to us; longer than this is no token.
LONGEST_PAYLOAD = 8192


@dataclass(frozen=True, slots=True)
class LockerObject:
    """One locker. `status` and `type` as the vendor spells them; None means the field was not there."""

    id: str
    name: str | None
    tower: str | None
    low: bool | None
    status: str
    type: str | None
    type_id: int | None = None
    reservation: str | None = None

    @property
    def word(self) -> VendorWord | None:
        return WORDS.get(normal(self.status))


@dataclass(frozen=True, slots=True)
class LocationObject:
    id: int
    name: str | None


@dataclass(frozen=True, slots=True)
class TokenPair:
    payload: str = field(repr=False)
    payload_auth: str = field(repr=False)
    id: str | None = None


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """`link` is an address, though the vendor calls it a token."""

    id: str
    locker: str | None
    tower: str | None
    link: str = field(repr=False)
    keypad_code: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook, as far as it tells us anything. `about`: the id of the link, or of the pair, as its answer named it.

    `order`: what we sent with a link to be echoed.
    """

    key: str
    kind: PushedKind
    tower: str
    locker: str | None
    status: str | None
    about: str | None
    at: datetime
    what: str
    order: UUID | None = None
    keypad_code: str | None = field(default=None, repr=False)

    @property
    def word(self) -> VendorWord | None:
        return WORDS.get(normal(self.status or ""))


def normal(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def a_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise WrongShape(f"expected a list, got {type(value).__name__}")
    return value


def id_text(holder: Mapping[str, Any], *names: str) -> str | None:
    """The first of these that is there. Ids are numbers in some answers and text in others."""
    for name in names:
        value = holder.get(name)
        if isinstance(value, int | str) and not isinstance(value, bool) and value != "":
            return str(value)[:200]
    return None


def locker(value: Any) -> LockerObject:
    holder = an_object(value)
    id_ = id_text(holder, "id")
    if id_ is None:
        raise WrongShape("id is missing")
    type_ = an_object(holder.get("type") or {})
    tower = optional(holder, "towerId", str)
    return LockerObject(
        id=id_,
        name=optional(holder, "name", str),
        tower=tower.lower() if tower else None,
        low=optional(holder, "isLowLocker", bool),
        status=required(required(holder, "status", dict), "name", str),
        type=optional(type_, "name", str),
        type_id=optional(type_, "id", int),
        reservation=id_text(holder, "reservationId", "reservation_id"),
    )


def lockers(value: Any) -> tuple[tuple[LockerObject, ...], tuple[str, ...]]:
    """The lockers, and what could not be read: one unreadable locker does not hide the others."""
    read, broken = [], []
    for item in a_list(value):
        try:
            read.append(locker(item))
        except WrongShape as error:
            broken.append(f"{error}: {short(item)}")
    return tuple(read), tuple(broken)


def locations(value: Any) -> tuple[LocationObject, ...]:
    found = [an_object(item) for item in a_list(value)]
    return tuple(LocationObject(required(item, "id", int), optional(item, "name", str)) for item in found)


def availability(value: Any) -> tuple[tuple[str, int, int], ...]:
    """(type name, total, available) of each type."""
    rows = []
    for item in required(an_object(value), "byType", list):
        count = required(an_object(item), "lockerAvailability", dict)
        name = required(required(item, "lockerType", dict), "name", str)
        rows.append((name, required(count, "totalLockers", int), required(count, "availableLockers", int)))
    return tuple(rows)


def reservation_id(value: Any) -> str | None:
    """The answer to createReservation is not documented: an id is taken wherever one stands."""
    return id_text(an_object(value), "reservationId", "reservation_id", "id")


def token_pair(value: Any) -> TokenPair:
    holder = an_object(value)
    payload, auth = required(holder, "payload", str), required(holder, "payload_auth", str)
    if not payload or not auth or max(len(payload), len(auth)) > LONGEST_PAYLOAD:
        raise WrongShape("the pair is empty or too long")
    return TokenPair(payload, auth, id_text(holder, "open_locker_token_id", "id"))


def open_request(value: Any) -> OpenRequest:
    holder = an_object(value)
    link, id_ = holder.get("linkToken", holder.get("link_token")), id_text(holder, "id")
    if not isinstance(link, str) or not 0 < len(link) <= LONGEST_PAYLOAD or id_ is None:
        raise WrongShape("linkToken or id is missing")
    tower = holder.get("towerId", holder.get("tower_id"))
    return OpenRequest(
        id=id_,
        locker=id_text(holder, "lockerId", "locker_id"),
        tower=tower.lower() if isinstance(tower, str) else None,
        link=link,
        keypad_code=id_text(holder, "keypadCode", "keypad_code"),
    )


def event(value: Any) -> Event:
    """A time without a zone is nobody's time: such an event is refused, the books are read anyway."""
    holder = an_object(value)
    data, name = required(holder, "data", dict), required(holder, "event", str)
    source, stamp = optional(data, "source", str) or "", required(data, "timestamp", str)
    token, request = id_text(data, "open_locker_token_id"), id_text(data, "locker_open_request_id")
    tower, number = required(data, "tower_id", str).lower(), id_text(data, "locker_id")
    if not TOWER.fullmatch(tower):
        raise WrongShape("tower_id is no tower's id")
    # Where neither id is given, the place tells events of the same moment apart.
    distinct = token or request or f"{tower}/{number}"
    return Event(
        key=f"{name}|{source}|{distinct}|{stamp}"[:500],
        kind=SOURCES.get(source, PushedKind.OTHER),
        tower=tower,
        locker=number,
        status=optional(data, "locker_status", str),
        # The pair that a link's page shows to the tower has an id of its own, which the link's answer did not tell.
        about=request or token,
        at=zoned(stamp),
        what=f"{name} {source}".strip()[:200],
        order=_order(data.get("locker_open_request_payload")),
        keypad_code=_digits(data.get("keypad_code")),
    )


def _digits(told: Any) -> str | None:
    """What a tower takes at its keypad; anything else is no code."""
    return told if isinstance(told, str) and CODE.fullmatch(told) else None


def _order(echoed: Any) -> UUID | None:
    """Others may make links with the same account, and send along what they like."""
    try:
        return UUID(echoed["order"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def signed(scheme: str, secret: str, body: bytes, signature: str) -> bool:
    """Whether the vendor signed this body so. Neither header nor scheme is documented: a connection names both."""
    digest = hmac.digest(secret.encode(), body, "sha256")
    expected = {
        "hmac-sha256-hex": digest.hex(),
        "hmac-sha256-base64": b64encode(digest).decode(),
        "shared-secret": secret,
    }[scheme]
    said = signature.strip()
    return hmac.compare_digest((said.lower() if scheme == SCHEMES[0] else said).encode(), expected.encode())


def zoned(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
        at = read.astimezone(UTC)
    # In the first and the last hours of the calendar another zone has no such time.
    except (ValueError, OverflowError) as error:
        raise WrongShape("timestamp is not a time") from error
    if read.tzinfo is None:
        raise WrongShape("timestamp has no zone")
    return at


def short(value: Any) -> str:
    """For people to look at: the beginning of a value as JSON."""
    try:
        return json.dumps(value, ensure_ascii=False)[:200]
    except RecursionError:
        return "nested too deeply"


def token(value: Any) -> tuple[str, float]:
    """Access token and its life in seconds."""
    holder = an_object(value)
    life = holder.get("expires_in", 0)
    if isinstance(life, bool) or not isinstance(life, int | float):
        raise WrongShape("expires_in is not a number")
    text = required(holder, "access_token", str)
    # It goes into a header as it is.
    if not text or not (text.isascii() and text.isprintable()) or " " in text:
        raise WrongShape("access_token holds what no header may hold")
    return text, float(life)


def error_text(body: bytes) -> str:
    """What an error body says, in one short line: `detail` is a text, or a list of what is wrong with the request."""
    try:
        detail = an_object(decode(body)).get("detail")
    except WrongShape:
        return ""
    if isinstance(detail, str):
        return detail[:200]
    if not isinstance(detail, list):
        return ""
    found = [item for item in detail if isinstance(item, dict)]
    return "; ".join(f"{_place(item)}: {item.get('msg', '')}" for item in found)[:200]


def _place(item: Mapping[str, Any]) -> str:
    where = item.get("loc")
    return ".".join(str(part) for part in where) if isinstance(where, list) else "?"
