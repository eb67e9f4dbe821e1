"""The life of a stay. No I/O, no clock of its own."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.kit.guesses import Guard, Guesses, Window
from app.kit.seal import Sealer
from app.lockers.model import Use
from app.parcels.model import ParcelState
from tenants.carriers.model import Operation


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


OPEN_BEFORE_DEPOSIT = frozenset({State.HELD, State.ACCESS_ISSUED})
# By our record nothing is in it yet. Where none knows what came of an opening, something may be all the same.
NOTHING_IN_IT = OPEN_BEFORE_DEPOSIT | {State.REVOKING}
# While a stay is so, where it is may still be a claim that its vendor turns into a place.
CLAIMS = NOTHING_IN_IT
# A parcel may wait this long for its recipient before it counts as overdue.
WAIT_AFTER_DEPOSIT = timedelta(days=3)
LONGEST_HOLD = timedelta(days=7)

O = StayOutcome  # noqa: E741 - three tables are about nothing else
# From which states a person may release with which outcome. EXPIRED_UNUSED is time's alone.
RELEASES: dict[StayOutcome, frozenset[State]] = {
    O.CANCELLED: OPEN_BEFORE_DEPOSIT | {State.DEPOSITING, State.QUEUED},
    O.NO_FIT: OPEN_BEFORE_DEPOSIT | {State.DEPOSITING},
    O.COLLECTED: frozenset({State.DEPOSITED, State.COLLECTING}),
    O.COLLECTED_BY_CARRIER: frozenset({State.DEPOSITED, State.COLLECTING}),
    O.RETURNED_TO_SENDER: frozenset({State.DEPOSITED, State.COLLECTING}),
    O.REMOVED_BY_STAFF: frozenset({State.DEPOSITED, State.COLLECTING}),
    O.ABANDONED_RECORD: frozenset(State) - {State.RELEASED},
    O.UNKNOWN_RELEASE: frozenset({State.DEPOSITED, State.COLLECTING, State.REVOKING}),
    O.EXPIRED_UNUSED: frozenset(),
}
# How a carrier may end a stay, and the right it needs: calling off its own reservation needs none but to see it.
CARRIER_RELEASES: dict[StayOutcome, Operation] = {
    O.CANCELLED: Operation.VIEW_OWN_PARCELS,
    O.NO_FIT: Operation.VIEW_OWN_PARCELS,
    O.COLLECTED_BY_CARRIER: Operation.COLLECT_RETURN,
    O.RETURNED_TO_SENDER: Operation.COLLECT_EXPIRED,
}
# What a release makes of the parcels that were inside.
INSIDE: dict[StayOutcome, ParcelState] = {
    O.CANCELLED: ParcelState.REMOVED,
    O.NO_FIT: ParcelState.REMOVED,
    O.EXPIRED_UNUSED: ParcelState.REMOVED,
    O.COLLECTED: ParcelState.COLLECTED,
    O.COLLECTED_BY_CARRIER: ParcelState.RETURNED,
    O.RETURNED_TO_SENDER: ParcelState.RETURNED,
    O.REMOVED_BY_STAFF: ParcelState.REMOVED,
    O.ABANDONED_RECORD: ParcelState.MISSING,
    O.UNKNOWN_RELEASE: ParcelState.MISSING,
}


@dataclass(frozen=True, slots=True)
class Stay:
    """`placed`: False while its compartment is only a claim, because the vendor has yet to name one."""

    tenant_id: UUID
    id: UUID
    site_id: UUID
    bank_id: UUID
    compartment_id: UUID
    placed: bool
    carrier_id: UUID | None
    recipient_id: UUID | None
    depositor_id: UUID | None
    flow: Flow
    state: State
    evidence: str
    created_at: datetime
    expires_at: datetime
    deposit_expires_at: datetime | None
    overdue_at: datetime | None
    released_at: datetime | None
    pickup_hash: bytes | None = field(repr=False)
    pickup_failures: int
    outcome: StayOutcome | None

    def is_overdue(self, now: datetime) -> bool:
        return self.overdue_at is not None or (self.deposit_expires_at is not None and self.deposit_expires_at <= now)

    def waits_for_recipient(self, now: datetime) -> bool:
        """Nobody else may take out what is inside: it is to be delivered, and its time is not over."""
        return self.flow is Flow.DELIVER and not self.is_overdue(now)

    def why_not_taken(self, outcome: StayOutcome, now: datetime) -> str | None:
        """Why its carrier cannot have taken the parcel out so; None where it can."""
        if outcome is not collected(self.flow, by_carrier=True):
            return f"What is there to {self.flow} is not {outcome}."
        return "Its recipient may still collect this parcel." if self.waits_for_recipient(now) else None


def collected(flow: Flow, *, by_carrier: bool) -> StayOutcome:
    """How a stay ends whose door was opened for taking the parcel out."""
    if not by_carrier:
        return StayOutcome.COLLECTED
    return StayOutcome.COLLECTED_BY_CARRIER if flow is Flow.RETURN else StayOutcome.RETURNED_TO_SENDER


# Reaching it locks a code for good: with 20 tries among 10^8, a guess stays below one in a million.
MOST_WRONG_CODES = 20


class PickupCodes:
    """Eight digits for one stay. Kept as a keyed hash to compare by, and sealed for the recipient to see again."""

    def __init__(self, sealer: Sealer, here: Guesses, everywhere: Guard | None) -> None:
        self._sealer, self._here, self._everywhere = sealer, here, everywhere

    @classmethod
    def of(cls, sealer: Sealer, everywhere: Guard | None = None) -> "PickupCodes":
        """Where people's codes are compared, `everywhere` counts for all processes; each counts for itself besides."""
        return cls(sealer, Guesses(), everywhere)

    @property
    def sealer(self) -> Sealer:
        return self._sealer

    def fresh(self) -> str:
        return f"{secrets.randbelow(10**8):08}"

    def keep(self, stay_id: UUID, bank_id: UUID, code: str) -> tuple[bytes, bytes]:
        """(hash, sealed) of a code. The hash is salted with the bank: equal codes at two banks look different."""
        return self._sealer.mark(code, bank_id.bytes), self._sealer.seal(code.encode(), stay_id.bytes)

    def show(self, stay_id: UUID, sealed: bytes) -> str:
        """Raises SealBroken."""
        return self._sealer.open(sealed, stay_id.bytes).decode()

    async def admit(self, stay: Stay, source: UUID) -> bool:
        """Whether a code for this stay may be looked at now. Counts the try; `source` is the account that makes it."""
        if stay.pickup_failures >= MOST_WRONG_CODES:
            return False
        windows = _windows(stay, source)
        if self._here.take(windows):
            return False
        return self._everywhere is None or not await self._everywhere.take(windows)

    def fits(self, stay: Stay, code: str) -> bool:
        return stay.pickup_hash is not None and self._sealer.matches(code, stay.bank_id.bytes, stay.pickup_hash)

    async def forgive(self, stay: Stay, source: UUID) -> None:
        """The code was right."""
        own, *others = _windows(stay, source)
        self._here.give_back(own, others)
        if self._everywhere is not None:
            await self._everywhere.give_back(own, others)


def _windows(stay: Stay, source: UUID) -> tuple[Window, ...]:
    """Five wrong codes in 15 minutes for a stay; a bank's doors together get twenty, whoever makes the tries fifty."""
    return (
        Window(f"code of stay {stay.id}", 5, 900.0),
        Window(f"codes at bank {stay.bank_id}", 20, 900.0),
        Window(f"codes by {source}", 50, 900.0),
    )
