"""What an adapter is, what it may be besides, and how the registry knows it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from app.devices.port.data import (
    BankState,
    Connection,
    Contact,
    DoorHint,
    Order,
    Pushed,
    Receipt,
    SizeCount,
    Timing,
    Unit,
)
from app.devices.port.words import Ability, Capability, Evidence, SettingKind


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


@runtime_checkable
class FindsPlacements(Protocol):
    """An adapter that can look up by our own id what the vendor keeps under it; settles what it was told (READBACK)."""

    async def find_placement(self, bank: str, reference: str) -> str | None:
        """The unit the vendor gave to this reservation; None when its books have no such reservation."""
        ...


@runtime_checkable
class FindsAccesses(Protocol):
    """An adapter that can look a way in up by the vendor's own id of it, as the vendor's events name it (READBACK)."""

    async def find_access(self, order: Order, reference: str, made: datetime | None = None) -> Receipt | None:
        """What ISSUE_ACCESS answered, or would have; None when the vendor has no such thing, or its time is over.
        `made`: when the vendor made it, from which its life counts where the vendor does not tell; None: just now."""
        ...


@runtime_checkable
class KeepsContacts(Protocol):
    """An adapter whose vendor wants recipients in an address book of its own."""

    async def add_contact(self, contact: Contact) -> str:
        """The vendor's id of the contact."""
        ...

    async def stand_in(self) -> str:
        """The vendor's id of whom it reserves for where nobody is named: its books must name somebody they know."""
        ...

    async def reservations_of(self, bank: str, contact: str) -> tuple[Unit, ...]: ...


@runtime_checkable
class TellsSizes(Protocol):
    async def sizes(self, bank: str) -> tuple[SizeCount, ...]: ...


@dataclass(frozen=True, slots=True)
class Check:
    """One operation of a vendor's contract, tried against the real account. `run` answers what was found, or raises
    DeviceError; `advice` says what to change in the connection when it fails. `writes`: it changes something there."""

    name: str
    run: Callable[[], Awaitable[str]]
    advice: str
    writes: bool = False


@runtime_checkable
class Checkable(Protocol):
    """An adapter that can try its contract operation by operation. `bank`: where to try what needs one."""

    def checks(self, bank: str | None) -> tuple[Check, ...]: ...


# The registry hands the core one of these per vendor; the only seam between the core and any vendor.
AdapterFactory = Callable[[Connection], Adapter]
# What a vendor posted to a connection: its headers in lower case, its body. Raises Refused (reason BAD_SIGNATURE) and
# ContractBroken. Anybody may post: until the signature is proved it does a bounded, small amount of work.
Receiver = Callable[[Connection, Mapping[str, str], bytes], tuple[Pushed, ...]]


def nothing_more(_: Connection) -> None:
    """Of a vendor whose settings need no more than to be of the kinds they are declared with."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One field a connection to this vendor has. A secret one lives in `Connection.secret`, never in `settings`.

    `least`: of a text, how many characters it has where it is given.
    """

    name: str
    kind: SettingKind
    help: str
    required: bool = False
    secret: bool = False
    default: object = None
    least: int = 0


def as_written(bank: str) -> str:
    return bank


def asks_who_one_is(_: Connection) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Vendor:
    """What the registry knows of a vendor. Packages publish one under the entry-point group `lockyard.adapters`.

    `read`: reads all that a connection says, and opens nothing; asked before an account is kept. Raises Refused.
    `bank_id`: a bank's id as the adapter itself writes it. Where it takes several spellings for the same bank they
    come out as one here, or two banks would share its doors; raises Refused for what is no such id.
    `hardware`: the place of hardware that opens for whoever knows it (`host:port`, or a device), the same however it is
    written; None where it asks who one is. Raises Refused for an address that can never work.
    """

    name: str
    title: str
    address_help: str
    connect: AdapterFactory
    settings: tuple[Setting, ...] = ()
    read: Callable[[Connection], object] = nothing_more
    receive: Receiver | None = None
    bank_id: Callable[[str], str] = as_written
    hardware: Callable[[Connection], str | None] = asks_who_one_is
