"""The life of a command. No I/O, no clock of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.devices.port import AccessKind, OrderKind
from tenants.carriers.model import Operation


class CommandState(StrEnum):
    REQUESTED = "REQUESTED"
    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    DOOR_OPENED = "DOOR_OPENED"
    DOOR_CLOSED = "DOOR_CLOSED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    UNCONFIRMED = "UNCONFIRMED"


class Purpose(StrEnum):
    """Why a door is opened: decides what its opening and closing mean for the stay."""

    DEPOSIT = "DEPOSIT"
    PICKUP = "PICKUP"
    COLLECTION = "COLLECTION"
    OVERRIDE = "OVERRIDE"
    NONE = "NONE"


S = CommandState
# SENT is never sent again: after a crash it becomes UNCONFIRMED and is settled by reading back. It expires only where
# the process that sent it knows that nothing left us.
MOVES: dict[CommandState, frozenset[CommandState]] = {
    S.REQUESTED: frozenset({S.SENT, S.EXPIRED, S.FAILED}),
    S.SENT: frozenset({S.ACCEPTED, S.DOOR_OPENED, S.EXPIRED, S.FAILED, S.UNCONFIRMED}),
    S.ACCEPTED: frozenset({S.DOOR_OPENED, S.FAILED, S.UNCONFIRMED}),
    S.UNCONFIRMED: frozenset({S.ACCEPTED, S.DOOR_OPENED, S.DOOR_CLOSED, S.FAILED}),
    S.DOOR_OPENED: frozenset({S.DOOR_CLOSED}),
    S.DOOR_CLOSED: frozenset(),
    S.FAILED: frozenset(),
    S.EXPIRED: frozenset(),
}


# Of an opening: the door opened, by all that is written down; and what cannot be told from that.
TOOK_EFFECT = frozenset({S.ACCEPTED, S.DOOR_OPENED, S.DOOR_CLOSED})
MAY_HAVE_OPENED = TOOK_EFFECT | {S.SENT, S.UNCONFIRMED}


class Finding(StrEnum):
    """What a person found out about a command without an answer. Two words for doors, two for a vendor's books."""

    DOOR_OPENED = "DOOR_OPENED"
    DID_NOT_OPEN = "DID_NOT_OPEN"
    TOOK_EFFECT = "TOOK_EFFECT"
    NO_EFFECT = "NO_EFFECT"


# finding -> (whether it is about an opening, what becomes of the command)
FINDINGS: dict[Finding, tuple[bool, CommandState]] = {
    Finding.DOOR_OPENED: (True, S.DOOR_OPENED),
    Finding.DID_NOT_OPEN: (True, S.FAILED),
    Finding.TOOK_EFFECT: (False, S.ACCEPTED),
    Finding.NO_EFFECT: (False, S.FAILED),
}
PENDING = frozenset({S.REQUESTED, S.SENT, S.UNCONFIRMED})

# Without a stay, one person opens so many doors of a bank within that time; for more a second person has to approve.
MOST_ALONE, ALONE_WITHIN = 5, timedelta(minutes=1)

# How long a command may wait for its bank. A person stands at a door; a vendor's books can wait.
PATIENCE: dict[OrderKind, timedelta] = {
    OrderKind.OPEN: timedelta(seconds=30),
    OrderKind.RESERVE: timedelta(minutes=2),
    OrderKind.DEPOSIT: timedelta(hours=24),
    OrderKind.EXTEND: timedelta(hours=24),
    OrderKind.ISSUE_ACCESS: timedelta(minutes=2),
    OrderKind.RELEASE: timedelta(hours=24),
    OrderKind.SET_SERVICE: timedelta(hours=24),
}


@dataclass(frozen=True, slots=True)
class Command:
    """One thing asked of one compartment, as recorded. `parameters`: what the order needs besides, no personal data."""

    tenant_id: UUID
    id: UUID
    site_id: UUID
    bank_id: UUID
    compartment_id: UUID
    stay_id: UUID | None
    carrier_id: UUID | None
    kind: OrderKind
    purpose: Purpose
    state: CommandState
    reason: str | None
    parameters: Mapping[str, object] = field(repr=False)
    requested_by: UUID
    requested_by_name: str
    requested_at: datetime
    expires_at: datetime
    sent_at: datetime | None = None
    seen_openings: int | None = None
    fence: int = 0
    settled: bool = False


# A pass that a courier carries -> the rights it is good for, any of them.
_CARRIED = {
    AccessKind.DEPOSIT: (Operation.DEPOSIT,),
    AccessKind.PICKUP: (Operation.COLLECT_RETURN, Operation.COLLECT_EXPIRED),
}


def operations_of(command: Command) -> tuple[Operation, ...]:
    """By which rights a carrier asked for this, any of them; none where staff, a recipient or the product did."""
    given = command.parameters
    if command.kind is OrderKind.ISSUE_ACCESS and given.get("carrier_id"):
        return _CARRIED[AccessKind(str(given["access"]))]
    return (Operation(str(given["operation"])),) if given.get("operation") else ()
