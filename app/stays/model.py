"""The life of a stay. No I/O, no clock of its own."""

from enum import StrEnum

from app.lockers.model import Use


class Flow(StrEnum):
    DELIVER = "DELIVER"
    RETURN = "RETURN"


class State(StrEnum):
    QUEUED = "QUEUED"
    HELD = "HELD"
    ACCESS_ISSUED = "ACCESS_ISSUED"
    DEPOSITING = "DEPOSITING"
    DEPOSITED = "DEPOSITED"
    COLLECTING = "COLLECTING"
    REVOKING = "REVOKING"
    RELEASED = "RELEASED"


class StayOutcome(StrEnum):
    COLLECTED = "COLLECTED"
    COLLECTED_BY_CARRIER = "COLLECTED_BY_CARRIER"
    RETURNED_TO_SENDER = "RETURNED_TO_SENDER"
    REMOVED_BY_STAFF = "REMOVED_BY_STAFF"
    CANCELLED = "CANCELLED"
    EXPIRED_UNUSED = "EXPIRED_UNUSED"
    NO_FIT = "NO_FIT"
    ABANDONED_RECORD = "ABANDONED_RECORD"
    UNKNOWN_RELEASE = "UNKNOWN_RELEASE"


# Read a row as: from this state, these and only these may follow.
MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.HELD, State.RELEASED}),
    State.HELD: frozenset({State.ACCESS_ISSUED, State.DEPOSITING, State.DEPOSITED, State.REVOKING, State.RELEASED}),
    State.ACCESS_ISSUED: frozenset({State.DEPOSITING, State.REVOKING, State.RELEASED}),
    State.DEPOSITING: frozenset({State.DEPOSITED, State.HELD, State.RELEASED}),
    State.DEPOSITED: frozenset({State.DEPOSITED, State.COLLECTING, State.RELEASED}),
    State.COLLECTING: frozenset({State.DEPOSITED, State.RELEASED}),
    State.REVOKING: frozenset({State.DEPOSITED, State.RELEASED}),
    State.RELEASED: frozenset(),
}

# What each state makes of its compartment. REVOKING is never free: a way in may still exist.
USE: dict[State, Use] = {
    State.QUEUED: Use.FREE,
    State.HELD: Use.RESERVED,
    State.ACCESS_ISSUED: Use.RESERVED,
    State.DEPOSITING: Use.RESERVED,
    State.REVOKING: Use.RESERVED,
    State.DEPOSITED: Use.OCCUPIED,
    State.COLLECTING: Use.OCCUPIED,
    State.RELEASED: Use.FREE,
}


def may_move(before: State, after: State) -> bool:
    return after in MOVES[before]
