"""Words of lockers. Service, door and occupancy are machines of their own; availability is computed from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

# Stale: this many polls without an answer.
MISSED_POLLS = 2


class Size(StrEnum):
    S = "S"
    M = "M"
    L = "L"
    XL = "XL"


class Service(StrEnum):
    IN_SERVICE = "IN_SERVICE"
    OUT_OF_SERVICE = "OUT_OF_SERVICE"
    FAULT = "FAULT"


class DoorState(StrEnum):
    CLOSED = "CLOSED"
    OPEN = "OPEN"
    UNKNOWN = "UNKNOWN"


class Use(StrEnum):
    """The shadow an open stay casts on its compartment. Written only in the stay's own transaction."""

    FREE = "FREE"
    RESERVED = "RESERVED"
    OCCUPIED = "OCCUPIED"


class Withheld(StrEnum):
    """Why a compartment is given to nobody though its bank answers. Written by its bank's keeper, and at its import.

    SILENT: nothing was read of it for two polls. TAKEN: the vendor's books, or a sensor, have something in it, and no
    stay of ours is there.
    """

    SILENT = "SILENT"
    TAKEN = "TAKEN"


class Occupancy(StrEnum):
    """What people read: derived from use, service, door, reachability and what withholds it, never stored."""

    AVAILABLE = "AVAILABLE"
    RESERVED = "RESERVED"
    OCCUPIED = "OCCUPIED"
    OUT_OF_SERVICE = "OUT_OF_SERVICE"
    UNAVAILABLE = "UNAVAILABLE"


def occupancy(
    use: Use, service: Service, door: DoorState, withheld: Withheld | None, *, allocatable: bool, blind: bool
) -> Occupancy:
    """available = in service, no open stay, door not open, nothing in it, it and its bank heard of or filled blindly.
    A stay shows whatever else is wrong."""
    if use is not Use.FREE:
        return Occupancy(use.value)
    if service is not Service.IN_SERVICE:
        return Occupancy.OUT_OF_SERVICE
    if door is DoorState.OPEN or not allocatable:
        return Occupancy.UNAVAILABLE
    if withheld is Withheld.TAKEN or (withheld is Withheld.SILENT and not blind):
        return Occupancy.UNAVAILABLE
    return Occupancy.AVAILABLE


@dataclass(frozen=True, slots=True)
class Bank:
    """What the core needs to know of a bank. `capabilities`: the device's word -> WORKS, FAILING or ABSENT.

    `known`: it has told them; before its first answer nobody knows whether its vendor keeps books or chooses doors.
    `differs_since`: since then it is not what was taken over, and no door of it is opened.
    """

    tenant_id: UUID
    id: UUID
    site_id: UUID
    connection_id: UUID
    vendor: str
    external_id: str
    label: str
    poll_seconds: float
    capabilities: Mapping[str, str]
    unreachable_since: datetime | None
    revision: int = 0
    blind_allocation: bool = False
    known: bool = True
    differs_since: datetime | None = None

    @property
    def reachable(self) -> bool:
        return self.unreachable_since is None

    @property
    def allocatable(self) -> bool:
        """It answers, or its operator lets it be filled without; and it is no stranger, nor another than it was."""
        return self.known and self.differs_since is None and (self.reachable or self.blind_allocation)

    @property
    def vendor_chooses(self) -> bool:
        """Which compartment a stay gets is told by the vendor, after it was asked for one of a size."""
        return self.has("VENDOR_ASSIGNS_UNIT")

    def has(self, capability: str) -> bool:
        """It is built in; whether it answers just now is another question."""
        return self.capabilities.get(capability, "ABSENT") != "ABSENT"


@dataclass(frozen=True, slots=True)
class Compartment:
    id: UUID
    external_id: str
    label: str
    size: Size
    use: Use
    service: Service
    door: DoorState
    bank: Bank
