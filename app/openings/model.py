"""The life of a request to open several doors. No I/O, no clock of its own."""

from datetime import timedelta
from enum import StrEnum


class OpeningState(StrEnum):
    """PENDING until a second person decides, or nobody does in time."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


S = OpeningState
MOVES: dict[OpeningState, frozenset[OpeningState]] = {
    S.PENDING: frozenset({S.APPROVED, S.REJECTED, S.EXPIRED}),
    S.APPROVED: frozenset(),
    S.REJECTED: frozenset(),
    S.EXPIRED: frozenset(),
}
# What was true when somebody asked may not be true much later.
PATIENCE = timedelta(minutes=15)
# One door is opened without a second person; as many as the largest bank has are all of it.
LEAST, MOST = 2, 500
