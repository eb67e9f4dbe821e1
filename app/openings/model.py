"""The life of a request to open several doors. No I/O, no clock of its own."""

from datetime import timedelta
from enum import StrEnum

from app.devices.model import PATIENCE as OF_ONE
from app.devices.port import OrderKind


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
# For each door on top of what one alone may wait: a line needs less, also for a door that is jammed. Nobody who
# approved expects a door to open much later.
PATIENCE_A_DOOR, LONGEST_PATIENCE = timedelta(seconds=6), timedelta(minutes=10)
# What was true when somebody asked may not be true much later.
PATIENCE = timedelta(minutes=15)
# One door is opened without a second person; as many as the largest bank has are all of it.
LEAST, MOST = 2, 500


def patience(doors: int) -> timedelta:
    """How long each of so many commands may wait for its bank: they go one after another."""
    return min(OF_ONE[OrderKind.OPEN] + doors * PATIENCE_A_DOOR, LONGEST_PATIENCE)
