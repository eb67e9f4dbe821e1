"""What an adapter is, what it may be besides, and how the registry knows it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
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
class ReceivesPushes(Protocol):
    """An adapter whose vendor posts events to us."""

    def receive(self, headers: Mapping[str, str], body: bytes) -> tuple[Pushed, ...]:
        """`headers` in lower case. Raises Refused (reason BAD_SIGNATURE) and ContractBroken; believes nothing else."""
        ...


@runtime_checkable
class KeepsContacts(Protocol):
    """An adapter whose vendor wants recipients in an address book of its own."""

    async def add_contact(self, contact: Contact) -> str:
        """The vendor's id of the contact."""
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


@dataclass(frozen=True, slots=True)
class Setting:
    """One field a connection to this vendor has. A secret one lives in `Connection.secret`, never in `settings`."""

    name: str
    kind: SettingKind
    help: str
    required: bool = False
    secret: bool = False
    default: object = None


def asks_who_one_is(_: Connection) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Vendor:
    """What the registry knows of a vendor. Packages publish one under the entry-point group `lockyard.adapters`.

    `hardware`: the place of hardware that opens for whoever knows it (`host:port`, or a device), the same however it is
    written; None where it asks who one is. Raises Refused for an address that can never work."""

    name: str
    title: str
    address_help: str
    connect: AdapterFactory
    settings: tuple[Setting, ...] = ()
    hardware: Callable[[Connection], str | None] = asks_who_one_is
