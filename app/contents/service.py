"""Parcels of one stay: adding some, confirming those too, taking some out while others stay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.devices.port import OrderKind
from app.kit import checks
from app.kit.errors import Invalid, NotFound, Reason, Rejected
from app.kit.ids import new_id
from app.parcels import queries as parcels
from app.parcels.model import FINAL, ParcelState
from app.parcels.service import under_way_once
from app.stays import events, service, store
from app.stays.model import (
    INSIDE,
    OPEN_BEFORE_DEPOSIT,
    RELEASES,
    PickupCodes,
    State,
    Stay,
    StayOutcome,
)
from tenants.audit.model import Entry
from tenants.carriers.model import Operation
from tenants.policy import Permission
from tenants.work import Work

MOST_PARCELS = 50


@dataclass(frozen=True, slots=True)
class Named:
    tracking: str
    secondary: str | None = None


async def add_parcels(work: Work, stay_id: UUID, given: Sequence[Named]) -> UUID:
    """Set more parcels of the same recipient into a stay: before its deposit, or beside what lies there already."""
    stay = await service.find(work, stay_id)
    await service.permit(work, stay, Permission.STAY_CREATE, Operation.RESERVE)
    _open(stay, work.now)
    if stay.state not in OPEN_BEFORE_DEPOSIT | {State.DEPOSITED}:
        raise Rejected(Reason.WRONG_STATE, f"This stay is {stay.state}.")
    named = _checked(given)
    rows = await parcels.of_stay(work.conn, stay.tenant_id, stay.id)
    if len(rows) + len(named) > MOST_PARCELS:
        raise Invalid(f"A stay has {MOST_PARCELS} parcels at most.", path=("input", "parcels"))
    if {each.tracking for each in named} & {row["tracking"] for row in rows if row["state"] not in FINAL}:
        raise Rejected(Reason.ALREADY_EXISTS, "This parcel is in the stay already.", path=("input", "parcels"))
    after = await _added(work, stay, named)
    work.emit(events.of_stay("StayParcelsAdded", after, count=len(named)))
    _told(work, Permission.STAY_CREATE, after, None, act="add parcels", count=len(named))
    await service.told(work, after, await service.door_of(work, stay), OrderKind.EXTEND)
    return stay.id


async def _added(work: Work, stay: Stay, named: Sequence[Named]) -> Stay:
    with under_way_once("parcels"):
        after = await store.run(
            store.ADD_PARCELS, work.conn, stay, parcel_ids=[new_id() for _ in named],
            trackings=[each.tracking for each in named], secondaries=[each.secondary for each in named],
        )  # fmt: skip
    assert after is not None, "the stay is locked in a state that allows it"
    return after


async def confirm_deposit(work: Work, stay_id: UUID, trackings: Sequence[str] | None, codes: PickupCodes) -> UUID:
    """As for any stay; where parcels lie in it already, those added since are put in beside them."""
    try:
        return await service.confirm_deposit(work, stay_id, trackings, codes)
    except Rejected as refusal:
        if refusal.reason is not Reason.WRONG_STATE or not await _put_more(work, stay_id, trackings):
            raise
    return stay_id


async def _put_more(work: Work, stay_id: UUID, trackings: Sequence[str] | None) -> bool:
    stay = await service.find(work, stay_id)
    rows = await parcels.of_stay(work.conn, stay.tenant_id, stay.id)
    added = {row["tracking"] for row in rows if row["state"] == ParcelState.ALLOCATED}
    wanted = added if trackings is None else added & set(trackings)
    if stay.state is not State.DEPOSITED or not wanted:
        return False
    after = await store.run(
        store.PUT_MORE, work.conn, stay, now=work.now, trackings=sorted(wanted), parcel_ids=[new_id() for _ in wanted]
    )
    assert after is not None, "the stay is locked in a state that allows it"
    work.emit(events.moved(after, added=len(wanted)))
    _told(work, Permission.STAY_DEPOSIT, after, None, evidence="E0", added=len(wanted))
    await service.told(work, after, await service.door_of(work, stay), OrderKind.DEPOSIT)
    return True


async def take_parcels(work: Work, stay_id: UUID, trackings: Sequence[str], outcome: StayOutcome, reason: str) -> UUID:
    """Some parcels leave the stay, the others stay in it. Naming all of them ends the stay."""
    stay = await service.find(work, stay_id)
    await service.may_end(work, stay, outcome)
    words = checks.text("reason", reason, most=500)
    _open(stay, None)
    wanted = {each.tracking for each in _checked([Named(tracking) for tracking in trackings])}
    rows = await parcels.of_stay(work.conn, stay.tenant_id, stay.id)
    present = {row["tracking"] for row in rows if row["state"] not in FINAL}
    if wanted - present:
        raise NotFound("There is no such parcel in this stay.", path=("input", "parcels"))
    if wanted == present:
        return await service.release(work, stay_id, outcome, reason)
    if stay.state not in RELEASES[outcome]:
        raise Rejected(
            Reason.WRONG_STATE, f"Of a stay that is {stay.state} no parcel is {outcome}.", path=("input", "outcome")
        )
    return await _taken(work, stay, sorted(wanted), outcome, words)


async def _taken(work: Work, stay: Stay, wanted: Sequence[str], outcome: StayOutcome, reason: str) -> UUID:
    after = await store.run(store.take_parcels(INSIDE[outcome]), work.conn, stay, now=work.now, trackings=list(wanted))
    if after is None:
        raise Rejected(Reason.WRONG_STATE, f"This stay is {stay.state}.")
    work.emit(events.of_stay("StayParcelsTaken", after, count=len(wanted), taken=outcome.value))
    _told(work, Permission.STAY_RELEASE, after, reason, act="take parcels", count=len(wanted), outcome=outcome.value)
    await service.told(work, after, await service.door_of(work, stay), OrderKind.RELEASE)
    return stay.id


def _told(work: Work, action: Permission, stay: Stay, reason: str | None, **details: object) -> None:
    work.audit(Entry(action, "Stay", stay.id, stay.site_id, stay.carrier_id, reason=reason, details=details))


def _open(stay: Stay, now: datetime | None) -> None:
    if stay.state is State.RELEASED:
        raise Rejected(Reason.STAY_NOT_OPEN, "This stay has ended.")
    if now is not None and stay.state in OPEN_BEFORE_DEPOSIT and stay.expires_at <= now:
        raise Rejected(Reason.STAY_EXPIRED, "The reservation has run out.")


def _checked(given: Sequence[Named]) -> list[Named]:
    """Without repetitions. Raises Invalid."""
    if not 1 <= len(given) <= MOST_PARCELS:
        raise Invalid(f"parcels must name 1 to {MOST_PARCELS} tracking numbers.", path=("input", "parcels"))
    named = [
        Named(
            checks.text("parcels", each.tracking, most=100), checks.optional_text("parcels", each.secondary, most=100)
        )
        for each in given
    ]
    return list({each.tracking: each for each in named}.values())
