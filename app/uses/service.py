"""Whose pass it was. Books tell that something went in or out and never by whom; what was posted does, where it came.

Where nothing did, the latest pass that can have been is taken for it.
"""

from datetime import timedelta

from app.devices.port import AccessKind, VendorWord
from app.lockers.model import Compartment
from app.passes import queries as all_passes
from app.passes.model import Pass, PassState, used_one
from app.pushes import queries as pushes
from app.pushes.model import Use
from app.stays.model import Stay
from tenants.work import Work

W = VendorWord
# So close to the answer of a pass the event is about that pass.
NEAR = timedelta(seconds=30)


async def brought_with(work: Work, stay: Stay, door: Compartment) -> Pass | None:
    """By which of its passes a stay's parcel was put in."""
    of_stay = await all_passes.of_stay(work.conn, stay.tenant_id, stay.id)
    by, told = await _told(work, door, of_stay)
    return used_one(of_stay, AccessKind.DEPOSIT, [by[use.reference].id for use in told])


async def taken_with(work: Work, stay: Stay, door: Compartment, *, posted: bool) -> Pass | None:
    """By which of its passes a stay's parcel was taken out; what was meant for bringing it does that too. `posted`:
    only on the vendor's own word."""
    of_stay = await all_passes.of_stay(work.conn, stay.tenant_id, stay.id)
    by, told = await _told(work, door, of_stay)
    out = next((by[use.reference] for use in told if use.word is W.AVAILABLE), None)
    if out is not None or posted:
        return out
    return used_one(of_stay, AccessKind.PICKUP, [by[use.reference].id for use in told])


async def left_inside(work: Work, of_stay: list[Pass], door: Compartment) -> bool:
    """Whether the last that was posted of these passes is that one put something in."""
    _, told = await _told(work, door, of_stay)
    return next((use.word for use in told if use.word in {W.OCCUPIED, W.AVAILABLE}), None) is W.OCCUPIED


async def put_in_before(work: Work, stay: Stay, door: Compartment) -> bool:
    """Whether what lies inside now was put in with what an earlier stay had been handed, and nobody had heard of. It
    must have been told since this stay is there; of a deposit that the record knows more may be told late. It knows one
    where a pass has put something in, or was issued to take it out."""
    near = await all_passes.at_door(work.conn, stay.tenant_id, door.id)
    by, told = await _told(work, door, near)
    known = {each.stay_id for each in near if each.kind is AccessKind.PICKUP or each.state is PassState.USED}
    stays = {by[use.reference].stay_id for use in told if use.word is W.OCCUPIED and use.heard_at >= stay.created_at}
    return stay.id not in stays and bool(stays - known)


async def _told(work: Work, door: Compartment, given: list[Pass]) -> tuple[dict[str, Pass], list[Use]]:
    """The passes by the vendor's ids of them, and what it posted of their use, the latest first. A pass that came
    without an id is the one of which the vendor posted in that moment that it was made for this door."""
    by = {each.reference: each for each in given if each.reference}
    bare = {each.issued_at: each for each in given if not each.reference}
    bank, place = door.bank, (door.bank.external_id, door.external_id)
    if bare:
        for at, name in await pushes.issued(work.conn, work.tenant, bank.connection_id, place, list(bare), NEAR):
            if name not in by and at in bare:
                by[name] = bare.pop(at)
    return by, await pushes.uses(work.conn, work.tenant, bank.connection_id, list(by))
