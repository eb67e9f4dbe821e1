"""What the core needs from locker hardware, in our words. No I/O; adapters implement it, one folder a vendor."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable
from uuid import UUID


class Capability(StrEnum):
    ACCESSIBLE_UNITS = "ACCESSIBLE_UNITS"
    DOOR_SENSOR = "DOOR_SENSOR"
    IDEMPOTENT_OPEN = "IDEMPOTENT_OPEN"
    ITEM_SENSOR = "ITEM_SENSOR"
    OPENING_COUNTER = "OPENING_COUNTER"
    PARTIAL_FREE = "PARTIAL_FREE"
    PUSH_EVENTS = "PUSH_EVENTS"
    READBACK = "READBACK"
    REMOTE_OPEN = "REMOTE_OPEN"
    RETURN_FLOW = "RETURN_FLOW"
    SERVICE_WRITE = "SERVICE_WRITE"
    VENDOR_PICKUP_CODE = "VENDOR_PICKUP_CODE"
    VENDOR_RESERVATION = "VENDOR_RESERVATION"


class Ability(StrEnum):
    """What a bank can do now. FAILING: it has it, and it does not answer at present."""

    WORKS = "WORKS"
    FAILING = "FAILING"
    ABSENT = "ABSENT"


class Door(StrEnum):
    CLOSED = "CLOSED"
    OPEN = "OPEN"
    UNKNOWN = "UNKNOWN"


class Evidence(StrEnum):
    """E0 somebody said so, E1 the vendor acknowledged, E2 credential used, E3 door opened and closed, E4 content."""

    E0 = "E0"
    E1 = "E1"
    E2 = "E2"
    E3 = "E3"
    E4 = "E4"


class OrderKind(StrEnum):
    OPEN = "OPEN"
    RESERVE = "RESERVE"
    DEPOSIT = "DEPOSIT"
    EXTEND = "EXTEND"
    RELEASE = "RELEASE"
    SET_SERVICE = "SET_SERVICE"


class Outcome(StrEnum):
    """ACCEPTED: the vendor took it (never proof of an open door). OPENED: its own sensor saw the door open."""

    ACCEPTED = "ACCEPTED"
    OPENED = "OPENED"


# --- errors: each says what happened and whether trying again can help -------------------------------------------
#
#   DeviceError
#   ├── Unreachable      nothing was sent: trying again is safe
#   ├── Refused          the vendor said no: trying again does not help
#   ├── Ambiguous        sent, no answer: it may have happened; NEVER send again, settle by reading back
#   ├── AuthFailed       credentials refused after one renewal: a person must act
#   ├── ContractBroken   the answer made no sense; after a write this counts as Ambiguous
#   └── Unsupported      this hardware cannot do it


class DeviceError(Exception):
    """Base of every error an adapter may raise. `detail` is safe to show: adapters redact before raising."""

    def __init__(self, detail: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after


class Unreachable(DeviceError):  # noqa: N818 - as above
    """Nothing reached the device (refused connection, no route, breaker open, 429/503 before any effect)."""


class Refused(DeviceError):  # noqa: N818 - as above
    """The device answered no. `reason` is one of our words."""

    def __init__(self, detail: str, *, reason: str = "REFUSED") -> None:
        super().__init__(detail)
        self.reason = reason


class Ambiguous(DeviceError):  # noqa: N818 - as above
    """The request may have taken effect and no trustworthy answer came."""


class AuthFailed(DeviceError):  # noqa: N818 - as above
    """The credentials were refused, also after one renewal."""


class ContractBroken(DeviceError):  # noqa: N818 - as above
    """The device's answer does not fit its contract."""


class Unsupported(DeviceError):  # noqa: N818 - as above
    """This hardware has no such operation."""


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
    """One compartment as the device reports it. None means: this hardware does not tell."""

    id: str
    door: Door
    observed_at: datetime
    label: str | None = None
    size: str | None = None
    accessible: bool | None = None
    in_service: bool | None = None
    reserved: bool | None = None
    occupied: bool | None = None
    openings: int | None = None
    parcels: tuple[str, ...] = ()
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
    """One thing asked of one compartment. `id` is ours and the same over every look at it; it is sent at most once."""

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


@dataclass(frozen=True, slots=True)
class Receipt:
    """The device's answer to an order. `pickup_code` comes once and cannot be read again: encrypt it at once."""

    outcome: Outcome
    detail: str = ""
    pickup_code: str | None = field(default=None, repr=False)
    deposit_expires_at: datetime | None = None
    released: bool | None = None


@dataclass(frozen=True, slots=True)
class DoorHint:
    """Something happened at a door. A hint, never a fact: read the door again before acting on it."""

    bank: str
    unit: str
    door: Door
    observed_at: datetime
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """Limits of this hardware. `settle`: how long after sending an open may still take effect."""

    deadline: timedelta
    settle: timedelta
    poll: timedelta
    poll_while_open: timedelta


@runtime_checkable
class Adapter(Protocol):
    """One connection to one vendor. Every method obeys the order's or its own deadline and raises only DeviceError."""

    @property
    def vendor(self) -> str: ...

    @property
    def capabilities(self) -> Mapping[Capability, Ability]:
        """As of now: asking again may answer FAILING while the hardware does not answer."""
        ...

    @property
    def evidence_ceiling(self) -> Evidence: ...

    @property
    def timing(self) -> Timing: ...

    @property
    def redact(self) -> frozenset[str]: ...

    async def list_banks(self) -> tuple[BankState, ...]: ...

    async def read_bank(self, bank: str) -> BankState: ...

    async def read_unit(self, bank: str, unit: str) -> Unit: ...

    async def send(self, order: Order) -> Receipt:
        """Carry the order out at most once. Raises Ambiguous when it cannot know whether it took effect."""
        ...

    def hints(self) -> AsyncIterator[DoorHint]:
        """Door hints as they are pushed; ends at once where the hardware cannot push."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class FindsReservations(Protocol):
    """An adapter that can look a parcel up; the way to settle an order whose answer was lost (READBACK)."""

    async def find_reservation(self, bank: str, tracking: str) -> Unit | None: ...


# The registry hands the core one of these per vendor; the only seam between the core and any vendor.
AdapterFactory = Callable[[Connection], Adapter]


class SettingKind(StrEnum):
    BOOLEAN = "BOOLEAN"
    INTEGER = "INTEGER"
    LIST = "LIST"
    MAP = "MAP"
    SECONDS = "SECONDS"
    TEXT = "TEXT"


@dataclass(frozen=True, slots=True)
class Setting:
    """One field a connection to this vendor has. A secret one lives in `Connection.secret`, never in `settings`."""

    name: str
    kind: SettingKind
    help: str
    required: bool = False
    secret: bool = False
    default: object = None


@dataclass(frozen=True, slots=True)
class Vendor:
    """What the registry knows of a vendor. Packages publish one under the entry-point group `lockyard.adapters`."""

    name: str
    title: str
    address_help: str
    connect: AdapterFactory
    settings: tuple[Setting, ...] = ()
