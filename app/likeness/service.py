"""Telling that a bank is not what was taken over, or is known again; and looking, before a door is opened, whether it
is the one that is meant."""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from app.devices.port import Adapter, BankState, FindsReservations, Refused, Unit
from app.kit.db import Statement
from app.kit.errors import Reason, Rejected
from app.likeness.model import Likeness, Lying, Meant, displaced, likeness_of, names_parcels, unlike, unlike_unit
from app.lockers import events, store
from app.lockers.model import Bank
from tenants.audit.model import Entry
from tenants.model import AuditOutcome
from tenants.work import Work

# Why nothing is opened, as a command's end tells it.
ADVICE = "Survey the bank and compare: nothing is opened until then."
# How many parcels a vendor is asked for where its listing of a bank names none.
WITNESSES = 3
# Asked for only where the parcel that a door opens for does not tell which door it is.
AskLying = Callable[[], Awaitable[Lying]]


async def learn(work: Work, bank: Bank, state: BankState) -> bool:
    """The first look at a bank that was not surveyed: what it is known by from now on."""
    given = {"bank_id": bank.id, "was_revision": bank.revision, "new_likeness": likeness_of(state.units)}
    return await store.LEARN.row(work.conn, tenant_id=bank.tenant_id, **given) is not None


async def differs(work: Work, bank: Bank, what: str) -> bool:
    given = {"bank_id": bank.id, "was_revision": bank.revision, "since": work.now}
    if not await store.DIFFERS.row(work.conn, tenant_id=bank.tenant_id, **given):
        return False
    work.emit(events.of_bank("BankDiffers", bank, detail=what))
    details = {"detail": what}
    work.audit(Entry("bank:differs", "Bank", bank.id, bank.site_id, outcome=AuditOutcome.FAILED, details=details))
    return True


async def known_by(work: Work, bank: Bank, likeness: Likeness) -> None:
    """Part of what it is like now was taken over. Whether doors open again is not said by that."""
    await _remember(work, store.KNOWN_BY, bank, likeness)


async def recognised(work: Work, bank: Bank, likeness: Likeness) -> None:
    """A person has seen what it is like now, and takes it for this bank."""
    await _remember(work, store.RECOGNISE, bank, likeness)
    if bank.differs_since is not None:
        work.emit(events.of_bank("BankRecognised", bank))


async def _remember(work: Work, statement: Statement, bank: Bank, likeness: Likeness) -> None:
    traits = {id_: dict(told) for id_, told in likeness.items()}
    given = {"bank_id": bank.id, "was_revision": bank.revision, "new_likeness": traits}
    if await statement.row(work.conn, tenant_id=bank.tenant_id, **given) is None:
        raise Rejected(Reason.WRONG_STATE, f"Bank {bank.label} was changed just now: survey it again.")


async def booked_in(adapter: FindsReservations, bank: Bank, trackings: Iterable[str], unit: str) -> Unit | None:
    """Where the vendor's books have one of these parcels: in `unit`, else in any other. Raises DeviceError."""
    elsewhere = None
    for tracking in trackings:
        found = await adapter.find_reservation(bank.external_id, tracking)
        if found is not None and found.id == unit:
            return found
        elsewhere = found or elsewhere
    return elsewhere


async def look_first(adapter: Adapter, bank: Bank, likeness: Likeness | None, meant: Meant, lying: AskLying) -> None:
    """Before a door is opened at a vendor that keeps books. Raises Refused where it may not be the one that is meant,
    and any DeviceError where that cannot be found out."""
    found, unit = None, meant.unit
    if isinstance(adapter, FindsReservations):
        found = await booked_in(adapter, bank, meant.parcels, unit)
    if found is not None and found.id != unit:
        raise Refused(f"The vendor has this parcel in unit {found.id}, not in {unit}. {ADVICE}", reason="WRONG_UNIT")
    if found is None:
        found = await _as_it_was(adapter, bank, likeness, meant.unit, await lying())
        # A listing of all units need not name parcels; that there is somebody it does tell.
        somebody = found.parcels or (isinstance(adapter, FindsReservations) and (found.reserved or found.occupied))
        if somebody and meant.parcels and not meant.staff:
            words = f"The vendor has somebody else in unit {unit}, and this parcel nowhere. {ADVICE}"
            raise Refused(words, reason="WRONG_UNIT")
    as_known(likeness, found)


async def _as_it_was(adapter: Adapter, bank: Bank, likeness: Likeness | None, unit: str, lying: Lying) -> Unit:
    """No parcel tells which unit it is, so all of the bank must be as it was, and all that lies in it where it was."""
    state = await adapter.read_bank(bank.external_id)
    what = None if likeness is None else unlike(likeness, state)
    what = what or displaced(lying, await witnesses(adapter, bank, lying, state.units))
    if what is not None:
        raise Refused(f"{what} {ADVICE}", reason="NOT_RECOGNISED")
    for each in state.units:
        if each.id == unit:
            return each
    raise Refused(f"The vendor has no unit {unit}. {ADVICE}", reason="NOT_RECOGNISED")


async def witnesses(adapter: Adapter, bank: Bank, lying: Lying, told: Sequence[Unit]) -> Sequence[Unit]:
    """Units that tell which parcels are in them. A vendor whose listing of a bank names none is asked for a few.
    Raises DeviceError."""
    if names_parcels(told) or not isinstance(adapter, FindsReservations):
        return told
    found = [await adapter.find_reservation(bank.external_id, tracking) for tracking in sorted(lying)[:WITNESSES]]
    return [unit for unit in found if unit is not None]


def as_known(likeness: Likeness | None, unit: Unit) -> None:
    """Raises Refused for a unit that is not as it was when its bank was taken over."""
    what = unlike_unit(likeness or {}, unit)
    if what is not None:
        raise Refused(f"{what} {ADVICE}", reason="NOT_RECOGNISED")
