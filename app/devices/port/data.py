"""What goes over the seam to hardware, both ways."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from app.devices.port.words import AccessKind, Door, OrderKind, Outcome, PushedKind, VendorWord


@dataclass(frozen=True, slots=True)
class Connection:
    """A tenant's access to one vendor. `secret` is decrypted just for the adapter; never log it."""

    id: UUID
    vendor: str
    base_url: str
    settings: Mapping[str, object] = field(default_factory=dict)
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Unit:
    """One compartment as the device reports it. None means: this hardware does not tell.

    `parcels`: the tracking numbers the vendor's books have there; `deposited`: those of them that they have as put in;
    `deposit_expires_at`: until when those may wait there, by the vendor.
    `reference`: whose reservation the vendor's books have there, by the id its maker gave it. `serial`: what the thing
    itself is known by, however it is numbered. `openings`: how often this door has opened, by the device's own count
    (OPENING_COUNTER): by the difference an order is settled whose answer was lost while nobody could look.
    """

    id: str
    door: Door
    observed_at: datetime
    label: str | None = None
    size: str | None = None
    accessible: bool | None = None
    in_service: bool | None = None
    reserved: bool | None = None
    occupied: bool | None = None
    word: VendorWord | None = None
    openings: int | None = None
    parcels: tuple[str, ...] = ()
    deposited: tuple[str, ...] | None = None
    deposit_expires_at: datetime | None = None
    reference: str | None = None
    serial: str | None = None
    flags: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unmapped:
    """Something the device said that we have no word for: kept raw, an alarm is raised, nothing crashes."""

    unit: str | None
    what: str
    raw: str


@dataclass(frozen=True, slots=True)
class BankState:
    id: str
    units: tuple[Unit, ...]
    observed_at: datetime
    name: str | None = None
    location: str | None = None
    unmapped: tuple[Unmapped, ...] = ()


@dataclass(frozen=True, slots=True)
class ParcelRef:
    tracking: str
    secondary: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One thing asked of one compartment. `id` is ours and the same over every look at it; it is sent at most once.

    `deposited`: of a RELEASE, whether we know of something inside: what is full against our knowledge is not freed
    (refused as OCCUPIED; as FREED_FULL where it was filled too late, and is free in the books now). A RELEASE names
    every parcel that leaves; who else may have been given the compartment meanwhile is not its business.
    `reason`: of a SET_SERVICE, as whoever asked for it gave it.
    `reference`: our id of the reservation it is about, the same in every order about it; None for what staff do at a
    door. Where the vendor chooses the compartment, `unit` of a RESERVE is only an example of the size wanted.
    """

    id: UUID
    kind: OrderKind
    bank: str
    unit: str
    deadline: timedelta
    asked_by: str = "lockyard"
    parcels: tuple[ParcelRef, ...] = ()
    contact: str | None = None
    contact_kind: str | None = None
    depositor: str | None = None
    expires_at: datetime | None = None
    in_service: bool | None = None
    size: str | None = None
    accessible: bool | None = None
    access: AccessKind | None = None
    deposited: bool | None = None
    reference: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """A way in that somebody carries to the door. All but `reference` and `expires_at` are secrets: seal them at once,
    hand them to their holder only, never log them. `reference` is the vendor's id for it, as its events name it."""

    kind: AccessKind
    expires_at: datetime
    reference: str | None = None
    payload: str | None = field(default=None, repr=False)
    payload_auth: str | None = field(default=None, repr=False)
    link: str | None = field(default=None, repr=False)
    keypad_code: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The device's answer to an order. `pickup_code` comes once and cannot be read again: encrypt it at once.

    `unit`: the compartment the vendor chose, where it chooses. `released`: False where it is not free then: a way in
    may still work, until `usable_until` where that is known, or what was reserved has to run out.
    """

    outcome: Outcome
    detail: str = ""
    pickup_code: str | None = field(default=None, repr=False)
    deposit_expires_at: datetime | None = None
    released: bool | None = None
    usable_until: datetime | None = None
    unit: str | None = None
    access: Access | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class DoorHint:
    """Something happened at a door. A hint, never a fact: read the door again before acting on it."""

    bank: str
    unit: str
    door: Door
    observed_at: datetime
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Pushed:
    """One event a vendor sent us by itself. `key` is the same when it is sent twice; `at` is when it happened, by the
    device's own clock: late and out of order is normal. A hint: the books are read again before it is believed.

    `reference`: the vendor's id of the access it is about; `order`: ours of the order, where the vendor echoes it.
    `keypad_code`: what opens the door at its keypad, where only the event tells it: a part of that access.
    """

    key: str
    kind: PushedKind
    bank: str
    at: datetime
    unit: str | None = None
    word: VendorWord | None = None
    reference: str | None = None
    what: str = ""
    order: UUID | None = None
    keypad_code: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Contact:
    """A person in a vendor's address book, no more than the vendor needs."""

    personal_id: str = field(repr=False)
    name: str = field(repr=False)
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SizeCount:
    size: str
    total: int
    available: int
    accessible: int | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """Limits of this hardware. `settle`: how long after sending an open may still take effect. `side_by_side`: how many
    orders it may be sent at a time, never two for one compartment; one where they would share a bus."""

    deadline: timedelta
    settle: timedelta
    poll: timedelta
    poll_while_open: timedelta
    side_by_side: int = 1
