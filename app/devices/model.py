"""The life of a command. No I/O, no clock of its own."""

from enum import StrEnum


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
# SENT is never sent again: after a crash it becomes UNCONFIRMED and is settled by reading back.
MOVES: dict[CommandState, frozenset[CommandState]] = {
    S.REQUESTED: frozenset({S.SENT, S.EXPIRED, S.FAILED}),
    S.SENT: frozenset({S.ACCEPTED, S.DOOR_OPENED, S.FAILED, S.UNCONFIRMED}),
    S.ACCEPTED: frozenset({S.DOOR_OPENED, S.FAILED, S.UNCONFIRMED}),
    S.UNCONFIRMED: frozenset({S.ACCEPTED, S.DOOR_OPENED, S.DOOR_CLOSED, S.FAILED}),
    S.DOOR_OPENED: frozenset({S.DOOR_CLOSED}),
    S.DOOR_CLOSED: frozenset(),
    S.FAILED: frozenset(),
    S.EXPIRED: frozenset(),
}
PENDING = frozenset({S.REQUESTED, S.SENT, S.UNCONFIRMED})
