"""What people do with stays: reserve, confirm a deposit, extend, release. Doors are opened in app.access."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.devices import queries as devices
from app.devices import service as hardware
from app.devices.model import MAY_HAVE_OPENED, TOOK_EFFECT, CommandState, Purpose
from app.devices.port import Capability, OrderKind
from app.devices.service import Cause
from app.kit import checks
from app.kit.errors import Denied, FailedRule, NotFound, Reason, Rejected
from app.kit.ids import new_id
from app.lockers import queries as lockers
from app.lockers.model import Bank, Compartment
from app.parcels.model import ParcelState
from app.parcels.service import under_way_once
from app.passes import service as passes
from app.people import queries as people
from app.people.model import PersonKind
from app.stays import events, queries, store
from app.stays.model import (
    CARRIER_RELEASES,
    INSIDE,
    LONGEST_HOLD,
    NOTHING_IN_IT,
    OPEN_BEFORE_DEPOSIT,
    RELEASES,
    WAIT_AFTER_DEPOSIT,
    Flow,
    PickupCodes,
    State,
    Stay,
    StayOutcome,
)
from tenants.audit.model import Entry
from tenants.carriers import service as carriers
from tenants.carriers.model import Operation
from tenants.model import ActorKind
from tenants.policy import Permission, authorize
from tenants.scope import Scope
from tenants.scope import context_parameters as seen_by
from tenants.work import Work

# What may still open a stay's door, or still change a vendor's mind about it.
OPENS = (OrderKind.OPEN,)
BOOKS = (OrderKind.RESERVE, OrderKind.DEPOSIT, OrderKind.EXTEND, OrderKind.ISSUE_ACCESS)


async def confirm_deposit(work: Work, stay_id: UUID, trackings: Sequence[str] | None, codes: PickupCodes) -> UUID:
    """Say that the parcel is inside. Worth E0 alone; a door that was seen to open and close before makes it more."""
    stay = await find(work, stay_id)
    await permit(work, stay, Permission.STAY_DEPOSIT, Operation.DEPOSIT)
    named = None if trackings is None else checks.texts("parcels", trackings, most=50, longest=100)
    if stay.state is State.RELEASED:
        raise Rejected(Reason.STAY_NOT_OPEN, "This stay has ended.")
    if stay.state not in {State.HELD, State.DEPOSITING}:
        raise Rejected(Reason.WRONG_STATE, f"This stay is {stay.state}.")
    if stay.state is State.HELD and stay.expires_at <= work.now:
        raise Rejected(Reason.STAY_EXPIRED, "The reservation has run out.")
    if not stay.placed:
        raise Rejected(Reason.WRONG_STATE, "The vendor has yet to say which door it is.")
    door = await door_of(work, stay)
    if door.bank.has(Capability.PHONE_TOKENS):
        raise Rejected(Reason.NOT_SUPPORTED, "This door is opened by a phone, and tells of the deposit by itself.")
    hash_, sealed = await _code(work, stay, door.bank, codes)
    with under_way_once("parcels"):
        after = await store.run(
            store.DEPOSIT, work.conn, stay, now=work.now, deposit_expires_at=work.now + WAIT_AFTER_DEPOSIT,
            evidence="E0", pickup_hash=hash_, pickup_sealed=sealed, trackings=named,
            parcel_ids=[new_id() for _ in named or ()],
        )  # fmt: skip
    assert after is not None, "the stay is locked in a state that allows it"
    await told(work, after, door, OrderKind.DEPOSIT)
    work.emit(events.moved(after))
    work.audit(_entry(Permission.STAY_DEPOSIT, after, details={"evidence": after.evidence}))
    return after.id


async def _code(work: Work, stay: Stay, bank: Bank, codes: PickupCodes) -> tuple[bytes | None, bytes | None]:
    """A code of ours, where the vendor makes none and a recipient, not a department, is to collect."""
    if bank.has(Capability.VENDOR_PICKUP_CODE) or stay.flow is Flow.RETURN:
        return None, None
    if stay.recipient_id and await people.kind(work.conn, stay.tenant_id, stay.recipient_id) is PersonKind.DEPARTMENT:
        return None, None
    return codes.keep(stay.id, stay.bank_id, codes.fresh())


async def extend(work: Work, stay_id: UUID, by: timedelta, reason: str | None) -> UUID:
    """Give more time: to deposit while held, to collect once deposited."""
    stay = await find(work, stay_id)
    checks.within("minutes", by / timedelta(minutes=1), 1, LONGEST_HOLD / timedelta(minutes=1))
    reason = checks.optional_text("reason", reason, most=500)
    held = stay.state in OPEN_BEFORE_DEPOSIT
    until = (stay.expires_at if held else stay.deposit_expires_at or work.now) + by
    await permit(
        work, stay, Permission.STAY_EXTEND, Operation.VIEW_OWN_PARCELS, hold=until - stay.created_at if held else None
    )
    if stay.state is State.RELEASED:
        raise Rejected(Reason.STAY_NOT_OPEN, "This stay has ended.")
    if held and stay.expires_at <= work.now:
        raise Rejected(Reason.STAY_EXPIRED, "The reservation has run out.")
    if held and until > work.now + LONGEST_HOLD:
        most = f"A reservation lasts {LONGEST_HOLD.days} days at most."
        raise Rejected(Reason.TOO_LATE, most, path=("input", "minutes"))
    after = await store.run(store.EXTEND_HOLD if held else store.EXTEND_DEPOSIT, work.conn, stay, until=until)
    if after is None:
        raise Rejected(Reason.WRONG_STATE, f"This stay is {stay.state}.")
    work.emit(events.of_stay("StayExtended", after, until=until.isoformat()))
    work.audit(_entry(Permission.STAY_EXTEND, after, reason=reason, details={"until": until.isoformat()}))
    await told(work, after, await door_of(work, stay), OrderKind.EXTEND)
    return after.id


async def expires(work: Work, stay: Stay, until: datetime) -> None:
    """The vendor told until when a parcel may wait there; the stay is locked."""
    after = await store.run(store.VENDOR_EXPIRY, work.conn, stay, until=until, now=work.now)
    if after is not None:
        told_ = {"until": until.isoformat()}
        work.emit(events.of_stay("StayExpiryTold", after, **told_))
        work.audit(Entry("stay:expiry_told", "Stay", after.id, after.site_id, after.carrier_id, details=told_))


async def release(work: Work, stay_id: UUID, outcome: StayOutcome, reason: str) -> UUID:
    """End a stay on a person's word. While a way in may still be open, a cancelled one waits in REVOKING."""
    reason = checks.text("reason", reason, most=500)
    if await _end_at_once(work, stay_id, outcome, reason):
        return stay_id
    stay = await find(work, stay_id)
    await may_end(work, stay, outcome)
    if stay.state is State.RELEASED:
        raise Rejected(Reason.STAY_NOT_OPEN, "This stay has ended.")
    if stay.state not in RELEASES[outcome]:
        unfit = f"A stay that is {stay.state} cannot end as {outcome}."
        raise Rejected(Reason.WRONG_STATE, unfit, path=("input", "outcome"))
    if await end(work, stay, outcome, reason=reason, quiet=True):
        return stay.id
    await hardware.withdraw(work, stay.id, OPENS + BOOKS, "The stay was released.")
    under_way = await devices.under_way(work.conn, stay.tenant_id, stay.id, OPENS)
    unheard = outcome is not StayOutcome.ABANDONED_RECORD and await opened_unheard(work, stay)
    if under_way & {CommandState.SENT, CommandState.ACCEPTED} or unheard:
        raise Rejected(Reason.COMMAND_PENDING, "The door is being opened just now.")
    door, before = await door_of(work, stay), stay.state in OPEN_BEFORE_DEPOSIT
    out = before and await passes.may_be_out(work, stay.id, door, placed=stay.placed)
    if CommandState.UNCONFIRMED in under_way or out:
        return await revoke(work, stay, outcome, reason)
    await end(work, stay, outcome, reason=reason)
    return stay.id


async def _end_at_once(work: Work, stay_id: UUID, outcome: StayOutcome, reason: str) -> bool:
    """In one round trip, for a member of the operator, where nothing stands in the way. False: nothing was done."""
    actor = work.actor
    if actor.is_outside:
        return False
    await work.first(queries.lock(Scope.of(actor)), tenant_id=actor.organization_id, id_=stay_id, **seen_by(actor))
    kinds, given = [kind.value for kind in OPENS + BOOKS], {"now": work.now, "evidence": "E0", "note": reason}
    ended = await store.let_go_at_once(work.conn, actor, stay_id, outcome, kinds=kinds, **given)
    if ended is None:
        return False
    before, after, door = ended
    work.enter(after.tenant_id)
    # Whatever is refused now undoes it.
    authorize(actor, Permission.STAY_RELEASE, after.site_id)
    await _ended(work, before, after, door, reason=reason)
    return True


async def may_end(work: Work, stay: Stay, outcome: StayOutcome) -> None:
    """The right to end a stay so, or to take some of its parcels out so. What a carrier says it took must have been
    its to take, and behind a door that it opened where the bank would have seen that."""
    if work.actor.is_carrier and outcome not in CARRIER_RELEASES:
        rule = FailedRule("outcome", ", ".join(CARRIER_RELEASES), outcome)
        raise Denied("A carrier cannot end a stay so.", permission=Permission.STAY_RELEASE, failed=(rule,))
    await permit(work, stay, Permission.STAY_RELEASE, CARRIER_RELEASES.get(outcome, Operation.VIEW_OWN_PARCELS))
    if work.actor.is_carrier and INSIDE[outcome] is ParcelState.RETURNED and stay.state in RELEASES[outcome]:
        why = stay.why_not_taken(outcome, work.now)
        if why is None and await hardware.stayed_shut(work, await door_of(work, stay), stay.id):
            why = "Its door was not opened for this: collect it first."
        if why:
            raise Rejected(Reason.WRONG_STATE, why, path=("input", "outcome"))


async def revoke(work: Work, stay: Stay, outcome: StayOutcome, reason: str) -> UUID:
    """Called off while a way in may still be open: nobody else gets the compartment before that is over."""
    after = await store.run(store.REVOKING, work.conn, stay, outcome=outcome.value)
    if after is None:
        raise Rejected(Reason.COMMAND_PENDING, "It is not known yet whether the door was opened.")
    door, until = await door_of(work, stay), None
    if door.bank.has(Capability.PHONE_TOKENS):
        until = await passes.call_off(work, stay.id, door)
        await told(work, after, door, OrderKind.RELEASE)
    usable = {"usable_until": until and until.isoformat()}
    work.emit(events.moved(after, **usable))
    work.audit(_entry(Permission.STAY_RELEASE, after, reason=reason, details={"outcome": outcome.value, **usable}))
    return after.id


async def end(
    work: Work, stay: Stay, outcome: StayOutcome, *,
    reason: str | None = None, evidence: str = "E0", tell: bool = True, quiet: bool = False,
) -> bool:  # fmt: skip
    """To RELEASED; `tell` the vendor's books. The caller holds the lock. False: it had ended or, if `quiet`, is not."""
    kinds = [kind.value for kind in OPENS + BOOKS] if quiet else None
    ended = await store.let_go(work.conn, stay, outcome, kinds=kinds, now=work.now, evidence=evidence, note=reason)
    if ended is None:
        return False
    if not quiet:
        # Of no use any more, and what waits to be told again would keep the next stay waiting.
        await hardware.withdraw(work, stay.id, (OrderKind.DEPOSIT, OrderKind.EXTEND), "The stay has ended.")
    await _ended(work, stay.state, *ended, reason=reason, tell=tell)
    if await _may_be_filled(work, stay):
        await passes.out_of_service(work, ended[1], passes.MAY_BE_FILLED)
    return True


async def _may_be_filled(work: Work, stay: Stay) -> bool:
    """Whether it ends before anything was put in for all anybody knows, its door may have been opened for that, and
    nobody has said that it is empty: only who answers for the site may. Two parcels do not share a door."""
    actor = work.actor
    said = actor.kind is not ActorKind.SYSTEM and not actor.is_outside
    if said or stay.state not in NOTHING_IN_IT:
        return False
    return bool(MAY_HAVE_OPENED & await devices.openings(work.conn, stay.tenant_id, stay.id))


async def opened_unheard(work: Work, stay: Stay) -> bool:
    """Whether its door was opened for its parcel, and the stay has yet to hear of it."""
    waits = stay.state in OPEN_BEFORE_DEPOSIT
    return waits and bool(TOOK_EFFECT & await devices.openings(work.conn, stay.tenant_id, stay.id))


async def _ended(
    work: Work, before: State, after: Stay, door: Compartment, *, reason: str | None, tell: bool = True
) -> None:
    await passes.shut_out(work, after.id, door)
    work.emit(events.moved(after, before=before.value, door=door.door.value))
    details = {"outcome": str(after.outcome), "before": before.value, "evidence": after.evidence}
    work.audit(_entry(Permission.STAY_RELEASE, after, reason=reason, details=details))
    if tell:
        await told(work, after, door, OrderKind.RELEASE)


async def door_of(work: Work, stay: Stay) -> Compartment:
    door = await lockers.standing(work.conn, stay.tenant_id, stay.compartment_id)
    assert door is not None, "a stay has a compartment"
    return door


async def find(work: Work, id: UUID) -> Stay:
    """The stay, locked, for whoever may see it."""
    stay = await queries.stay(work.conn, work.actor, id)
    if stay is None:
        raise NotFound("There is no such stay.", path=("input", "stayId"))
    work.enter(stay.tenant_id)
    return stay


async def permit(
    work: Work, stay: Stay, permission: Permission, operation: Operation, *, hold: timedelta | None = None
) -> None:
    """The role's permission, and for carriers the operator's grant at this place. Raises Denied."""
    authorize(work.actor, permission, None if work.actor.is_outside else stay.site_id)
    if work.actor.is_carrier:
        await carriers.require(work, operation, site_id=stay.site_id, bank_id=stay.bank_id, size=None, hold=hold)


async def told(work: Work, stay: Stay, door: Compartment, kind: OrderKind, **more: object) -> None:
    """Bring the vendor's books, where there are any, to what ours say. Doors that phones open tell of deposits by
    themselves, and are known once the vendor has named them. Of some parcels that leave while others stay only a vendor
    is told that can free in part: any other would give the whole compartment away, with what is left in it."""
    phones = door.bank.has(Capability.PHONE_TOKENS)
    by_itself = phones and (kind in {OrderKind.DEPOSIT, OrderKind.EXTEND} or not stay.placed)
    in_part = kind is OrderKind.RELEASE and stay.state not in {State.REVOKING, State.RELEASED}
    if in_part and not door.bank.has(Capability.PARTIAL_FREE):
        return
    if hardware.keeps_books(door.bank, kind) and not by_itself:
        cause = Cause(Purpose.NONE, "", stay.id, stay.carrier_id)
        for order, listed in await queries.told(work.conn, stay, kind):
            await hardware.push(work, door, order, cause, await _order(work, stay, listed) | more)


async def _order(work: Work, stay: Stay, listed: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    kind = await people.kind(work.conn, stay.tenant_id, stay.recipient_id) if stay.recipient_id else None
    until = stay.expires_at if stay.state in OPEN_BEFORE_DEPOSIT else stay.deposit_expires_at
    return {
        "parcels": [dict(each) for each in listed],
        "contact": str(stay.recipient_id or stay.id),
        "contact_kind": (kind or PersonKind.RECIPIENT).value,
        "depositor": str(stay.depositor_id or stay.id) if stay.flow is Flow.RETURN else None,
        "expires_at": until.isoformat() if until else None,
        "deposited": stay.deposit_expires_at is not None,
        "ended": stay.state is State.RELEASED,
    }


def _entry(action: Permission, stay: Stay, *, reason: str | None = None, details: Mapping[str, object]) -> Entry:
    return Entry(action, "Stay", stay.id, stay.site_id, stay.carrier_id, reason=reason, details=details)
