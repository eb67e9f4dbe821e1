"""Reserving: a free compartment of a size becomes somebody's, in the act's own transaction."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.devices import service as hardware
from app.devices.port import Capability, OrderKind
from app.kit import checks
from app.kit.db import Row, savepoint
from app.kit.errors import Invalid, NotFound, Reason, Rejected
from app.kit.ids import new_id
from app.lockers import queries as lockers
from app.lockers.model import Bank, Size
from app.parcels.service import under_way_once
from app.people import queries as people
from app.stays import events, queries, store
from app.stays import service as stays
from app.stays.model import LONGEST_HOLD, Flow
from tenants.audit.model import Entry
from tenants.carriers import service as carriers
from tenants.carriers.model import Operation
from tenants.policy import Permission, authorize
from tenants.work import Work

# Of compartments lost one after another: who loses so many asks again.
TURNS = 200


@dataclass(frozen=True, slots=True)
class ReserveCompartment:
    bank_id: UUID
    size: Size
    tracking: str
    secondary_tracking: str | None = None
    recipient_id: UUID | None = None
    depositor_id: UUID | None = None
    carrier_id: UUID | None = None
    flow: Flow = Flow.DELIVER
    accessible: bool = False
    hold: timedelta = timedelta(hours=1)


async def reserve(work: Work, ask: ReserveCompartment) -> UUID:
    """Set a free compartment aside. Exactly one of all who ask gets it; nobody is refused while one is free."""
    given = _given(work, ask)
    bank = None
    if not _plain(work, ask):
        bank = _entered(work, await lockers.bank(work.conn, work.actor, ask.bank_id))
        given["carrier_id"] = await _may_reserve(work, bank, ask)
    with under_way_once("tracking"):
        row = await store.reserve(work.conn, work.actor, given)
        if bank is None:
            # Taken and judged in one round trip: whatever is refused now undoes it.
            bank = _entered(work, lockers.bank_of(row, "bank_") if row else None)
            await _may_reserve(work, bank, ask)
        if not bank.allocatable:
            raise _withheld(bank)
        _may_choose(bank, ask)
        if row and row["contended"]:
            row = await _waited_for(work, given)
    if row is None or row["id"] is None:
        # Only now is it worth asking whether the recipient was the reason.
        if ask.recipient_id and await people.kind(work.conn, bank.tenant_id, ask.recipient_id) is None:
            raise NotFound("There is no such person.", path=("input", "recipientId"))
        raise Rejected(Reason.NO_FREE_COMPARTMENT, f"No {ask.size} compartment is free in bank {bank.label}.")
    return await _held(work, bank, row)


class _LostToAnother(Exception):  # noqa: N818 - it undoes a wait
    """The compartment that was waited for stays with whoever held it."""


async def _waited_for(work: Work, given: dict[str, Any]) -> Row | None:
    """When those who hold what is free let go of one, or none is free any more. One after the other, and what was lost
    is let go of before the next: who waited for one and held another would have others wait for each other."""
    row: Row | None = None
    for _ in range(TURNS):
        with suppress(_LostToAnother):
            async with savepoint(work.conn):
                row = await store.reserve(work.conn, work.actor, given, wait=True)
                if row is not None and row["id"] is None:
                    raise _LostToAnother
        if row is None or not row["contended"]:
            break
    return row


def _withheld(bank: Bank) -> Rejected:
    """Why nothing of a bank is given out at present."""
    if bank.differs_since is not None:
        words = f"Bank {bank.label} is not as it was taken over: survey it and compare first."
        return Rejected(Reason.WRONG_STATE, words)
    return Rejected(Reason.BANK_UNREACHABLE, f"Bank {bank.label} does not answer at present.")


def _given(work: Work, ask: ReserveCompartment) -> dict[str, Any]:
    checks.within("holdMinutes", ask.hold / timedelta(minutes=1), 1, LONGEST_HOLD / timedelta(minutes=1))
    return {
        "bank_id": ask.bank_id, "size": ask.size.value, "accessible": ask.accessible, "stay_id": new_id(),
        "parcel_id": new_id(), "carrier_id": None, "recipient_id": ask.recipient_id, "depositor_id": ask.depositor_id,
        "flow": ask.flow.value, "note": None, "created_by": work.actor.account_id, "now": work.now,
        "expires_at": work.now + ask.hold, "tracking": checks.text("tracking", ask.tracking, most=100),
        "secondary_tracking": checks.optional_text("secondaryTracking", ask.secondary_tracking, most=100),
    }  # fmt: skip


def _plain(work: Work, ask: ReserveCompartment) -> bool:
    """A member reserves for nobody's carrier: nothing has to be counted, or looked up, before. Where the role does not
    allow it, nothing is tried that could tell what is under way."""
    return not (work.actor.is_carrier or ask.carrier_id) and Permission.STAY_CREATE in work.actor.permissions


def _entered(work: Work, bank: Bank | None) -> Bank:
    # Outside the scope and not existing look the same from here, on purpose.
    if bank is None:
        raise NotFound("There is no such bank.", path=("input", "bankId"))
    work.enter(bank.tenant_id)
    return bank


async def _may_reserve(work: Work, bank: Bank, ask: ReserveCompartment) -> UUID | None:
    """Which carrier the stay is for: the carrier that asks, or the one a member of the operator names."""
    authorize(work.actor, Permission.STAY_CREATE, None if work.actor.is_carrier else bank.site_id)
    if ask.depositor_id and await people.kind(work.conn, bank.tenant_id, ask.depositor_id) is None:
        raise NotFound("There is no such person.", path=("input", "depositorId"))
    if not work.actor.is_carrier:
        return await carriers.named(work, ask.carrier_id) if ask.carrier_id else None
    if ask.carrier_id and await carriers.organization_of(work, ask.carrier_id) != work.actor.organization_id:
        raise Invalid("A carrier reserves for itself only.", path=("input", "carrierId"))
    size = ask.size.value
    await carriers.require(work, Operation.RESERVE, site_id=bank.site_id, bank_id=bank.id, size=size, hold=ask.hold)
    return work.actor.organization_id


def _may_choose(bank: Bank, ask: ReserveCompartment) -> None:
    if ask.accessible and bank.vendor_chooses and not bank.has(Capability.ACCESSIBLE_UNITS):
        words = f"The vendor of bank {bank.label} chooses doors, and cannot be asked for an accessible one."
        raise Rejected(Reason.NOT_SUPPORTED, words, path=("input", "accessible"))


async def _held(work: Work, bank: Bank, row: Row) -> UUID:
    stay = queries.stay_of(row)
    work.emit(events.moved(stay, size=row["size"], placed=stay.placed))
    details = {"compartment": row["label"], "size": row["size"]}
    work.audit(Entry(Permission.STAY_CREATE, "Stay", stay.id, stay.site_id, stay.carrier_id, details=details))
    if hardware.keeps_books(bank, OrderKind.RESERVE):
        await stays.told(work, stay, await stays.door_of(work, stay), OrderKind.RESERVE)
    return stay.id
