"""Whose pass it was. Books tell that something went in or out and never by whom; what was posted does, where it came.

Where nothing did, the latest pass that can have been is taken for it.
"""

from app.devices.port import AccessKind, VendorWord
from app.lockers.model import Compartment
from app.passes import queries as all_passes
from app.passes.model import Pass, PassState, used_one
from app.pushes import queries as pushes
from app.stays.model import Stay
from tenants.work import Work

W = VendorWord


async def brought_with(work: Work, stay: Stay, door: Compartment) -> Pass | None:
    """By which of its passes a stay's parcel was put in."""
    of_stay = await all_passes.of_stay(work.conn, stay.tenant_id, stay.id)
    told = await pushes.uses(work.conn, stay.tenant_id, door.bank.connection_id, _names(of_stay))
    return used_one(of_stay, AccessKind.DEPOSIT, [use.reference for use in told])


async def taken_with(work: Work, stay: Stay, door: Compartment, *, posted: bool) -> Pass | None:
    """By which of its passes a stay's parcel was taken out; what was meant for bringing it does that too. `posted`:
    only on the vendor's own word."""
    of_stay = await all_passes.of_stay(work.conn, stay.tenant_id, stay.id)
    told = await pushes.uses(work.conn, stay.tenant_id, door.bank.connection_id, _names(of_stay))
    by = {each.reference: each for each in of_stay}
    out = next((by[use.reference] for use in told if use.word is W.AVAILABLE), None)
    if out is not None or posted:
        return out
    return used_one(of_stay, AccessKind.PICKUP, [use.reference for use in told])


async def put_in_before(work: Work, stay: Stay, door: Compartment) -> bool:
    """Whether what lies inside now was put in with what an earlier stay had been handed, and nobody had heard of. It
    must have been told since this stay is there; a deposit that the record knows explains what is told of it late."""
    near = await all_passes.at_door(work.conn, stay.tenant_id, door.id)
    told = await pushes.uses(work.conn, stay.tenant_id, door.bank.connection_id, _names(near))
    by = {each.reference: each for each in near}
    known = {each.stay_id for each in near if each.kind is AccessKind.DEPOSIT and each.state is PassState.USED}
    stays = {by[use.reference].stay_id for use in told if use.word is W.OCCUPIED and use.heard_at >= stay.created_at}
    return stay.id not in stays and bool(stays - known)


def _names(given: list[Pass]) -> list[str]:
    return [each.reference for each in given if each.reference]
