"""Handing passes out, and what it means when a vendor's books tell that one was used, or is not needed any more."""

from datetime import datetime
from uuid import UUID

from app.devices import queries as devices
from app.devices import service as hardware
from app.devices.model import Command, Purpose
from app.devices.port import Access, AccessKind, Capability, OrderKind, VendorWord
from app.devices.service import Cause
from app.kit.errors import Reason, Rejected
from app.kit.streams import Sequenced
from app.lockers import events as locker_events
from app.lockers import queries as lockers
from app.lockers.model import Compartment
from app.passes import queries as all_passes
from app.passes import service as passes
from app.passes import store as passes_store
from app.passes.model import PICKUP_LIFE, Holder, Pass, PassState, Vault, usable_until, used_one
from app.pushes import queries as pushes
from app.stays import events, queries, store
from app.stays import service as stays
from app.stays.model import (
    OPEN_BEFORE_DEPOSIT,
    WAIT_AFTER_DEPOSIT,
    Flow,
    State,
    Stay,
    StayOutcome,
    collected,
)
from tenants.audit.model import Entry
from tenants.carriers import service as carriers
from tenants.carriers.model import Ask, Operation
from tenants.policy import Permission
from tenants.work import Work

MOST_TELLINGS = 4
W = VendorWord


async def hand_out(work: Work, stay: Stay, kind: AccessKind, holder: Holder) -> Command:
    """Somebody asks for a pass of their own. One is asked for at a time."""
    if await devices.under_way(work.conn, stay.tenant_id, stay.id, (OrderKind.ISSUE_ACCESS,)):
        raise Rejected(Reason.COMMAND_PENDING, "The vendor is being asked already.")
    return await _issue(work, stay, kind, holder)


async def _issue(work: Work, stay: Stay, kind: AccessKind, holder: Holder | None = None) -> Command:
    """Ask the vendor for a pass. It is nobody's before the answer is here."""
    door, who = await stays.door_of(work, stay), holder or _holder(stay, kind)
    parameters = {
        "access": kind.value,
        "expires_at": _until(work, stay, kind).isoformat(),
        "carrier_id": str(who.carrier_id) if who.carrier_id else None,
        "person_id": str(who.person_id) if who.person_id else None,
    }
    cause = Cause(Purpose.NONE, "", stay.id, stay.carrier_id)
    command = await hardware.push(work, door, OrderKind.ISSUE_ACCESS, cause, parameters)
    assert command is not None, "a bank whose doors phones open keeps books"
    return command


def _holder(stay: Stay, kind: AccessKind) -> Holder:
    """The courier brings and the recipient takes; of a return the depositor brings and the courier takes."""
    if kind is AccessKind.DEPOSIT:
        returned = stay.flow is Flow.RETURN and stay.depositor_id is not None
        return Holder(person_id=stay.depositor_id) if returned else Holder(carrier_id=stay.carrier_id)
    if stay.flow is Flow.RETURN or stay.recipient_id is None:
        return Holder(carrier_id=stay.carrier_id)
    return Holder(person_id=stay.recipient_id)


def _until(work: Work, stay: Stay, kind: AccessKind) -> datetime:
    return stay.expires_at if kind is AccessKind.DEPOSIT else work.now + PICKUP_LIFE


async def keep(work: Work, command: Command, stay: Stay, access: Access, vault: Vault) -> None:
    """The vendor's answer, in the transaction that notes it; the stay is locked. What came too late is nobody's."""
    given = command.parameters
    wanted = stay.state in (OPEN_BEFORE_DEPOSIT if access.kind is AccessKind.DEPOSIT else {State.DEPOSITED})
    which = Pass(
        stay.tenant_id, command.id, stay.id, stay.compartment_id, access.kind,
        PassState.ISSUED if wanted else PassState.REVOKED, _uuid(given.get("carrier_id")),
        _uuid(given.get("person_id")), access.reference, work.now, access.expires_at,
    )  # fmt: skip
    await passes_store.forget(work.conn, stay.tenant_id, stay.id, access.kind)
    row = {name: getattr(which, name) for name in Pass.__slots__ if name != "used_at"}
    row |= {"kind": which.kind.value, "state": which.state.value, "command_id": command.id, "site_id": stay.site_id}
    row |= {"bank_id": stay.bank_id, "sealed": vault.keep(which.id, access) if wanted else None}
    await passes_store.add(work.conn, row)
    door = await stays.door_of(work, stay)
    passes.told(work, "PassIssued", which, door)
    if wanted and stay.state is State.HELD and access.kind is AccessKind.DEPOSIT:
        after = await store.run(store.ACCESS_ISSUED, work.conn, stay)
        if after is not None:
            _moved(work, after, Permission.STAY_DEPOSIT, until=access.expires_at.isoformat())


def _uuid(text: object) -> UUID | None:
    return UUID(text) if isinstance(text, str) else None


def _moved(work: Work, after: Stay, action: Permission, **more: object) -> None:
    work.emit(events.moved(after, **more))
    details = {"state": after.state.value, "evidence": after.evidence, **more}
    work.audit(Entry(action, "Stay", after.id, after.site_id, after.carrier_id, details=details))


# --- reactions to facts, safe to run twice ---------------------------------------------------------------------------


async def on_books(work: Work, fact: Sequenced) -> None:
    """CommandAccepted, CommandFailed and CommandExpired of RESERVE, ISSUE_ACCESS and RELEASE where phones open."""
    stay_id, kind = fact.uuid("stay_id"), fact.payload.get("kind")
    if stay_id is None or kind not in _ABOUT or fact.payload.get("withdrawn"):
        return
    stay = await queries.standing(work.conn, fact.tenant_id, stay_id)
    door = await lockers.standing(work.conn, fact.tenant_id, stay.compartment_id) if stay else None
    if stay is None or door is None or not door.bank.has(Capability.PHONE_TOKENS):
        return
    work.enter(fact.tenant_id)
    if fact.kind != "CommandAccepted":
        if kind == OrderKind.ISSUE_ACCESS:
            await _no_pass(work, stay, absent=fact.payload.get("absent") is True)
    elif kind == OrderKind.RESERVE:
        if stay.state is State.HELD and not await _asked(work, stay):
            await _issue(work, stay, AccessKind.DEPOSIT)
    elif kind == OrderKind.RELEASE and stay.state is State.REVOKING:
        await settle(work, stay, door, free=fact.payload.get("released") is True)


async def _asked(work: Work, stay: Stay) -> int:
    """How often a pass of this stay was asked for."""
    return await devices.told(work.conn, stay.tenant_id, stay.id, OrderKind.ISSUE_ACCESS)


_ABOUT = (OrderKind.RESERVE, OrderKind.ISSUE_ACCESS, OrderKind.RELEASE)


async def _no_pass(work: Work, stay: Stay, *, absent: bool) -> None:
    """`absent`: it never took effect, so another may be asked for; else the vendor gave none."""
    kind = AccessKind.DEPOSIT if stay.state in OPEN_BEFORE_DEPOSIT else AccessKind.PICKUP
    wanted = stay.state in OPEN_BEFORE_DEPOSIT | {State.DEPOSITED}
    if absent and wanted and await _asked(work, stay) < MOST_TELLINGS:
        await _issue(work, stay, kind)
    elif stay.state is State.HELD:
        await stays.end(work, stay, StayOutcome.CANCELLED, reason="The vendor gave nothing to open the door with.")


async def settle(work: Work, stay: Stay, door: Compartment, *, free: bool) -> None:
    """Of a stay that is being called off: it ends when nothing can open its door for it any more.

    `free`: the vendor says that it is. Before the passes' own time that is proof that the door has heard of it;
    afterwards it says no more than the clock did, and the door's own clock is given its grace.
    """
    live = [each for each in await all_passes.of_stay(work.conn, stay.tenant_id, stay.id) if each.live]
    over = all(each.usable_until <= work.now for each in live)
    heard = free and all(work.now < each.expires_at for each in live)
    if free and (over or heard):
        await passes.bury(work, stay.id, door)
        evidence = "E2" if live and heard else "E1"
        await stays.end(work, stay, stay.outcome or StayOutcome.CANCELLED, evidence=evidence, tell=False)
    elif over and not free:
        await _free(work, stay, door)


async def _free(work: Work, stay: Stay, door: Compartment) -> None:
    """Nothing opens the door any more and the vendor still has the compartment as given up: have it freed."""
    if await devices.under_way(work.conn, stay.tenant_id, stay.id, (OrderKind.RELEASE,)):
        return
    if await devices.told(work.conn, stay.tenant_id, stay.id, OrderKind.RELEASE) < MOST_TELLINGS:
        await stays.told(work, stay, door, OrderKind.RELEASE)


async def on_word(work: Work, fact: Sequenced) -> None:
    """UnitWordChanged: what the vendor's books say of a compartment now that phones open."""
    word, door = fact.payload.get("word"), await lockers.standing(work.conn, fact.tenant_id, fact.subject_id)
    stay = await queries.open_in(work.conn, fact.tenant_id, fact.subject_id)
    if door is None or (stay is not None and stay.created_at >= fact.occurred_at):
        return
    work.enter(fact.tenant_id)
    if word == W.OCCUPIED:
        if stay is not None and stay.state in _DEPOSITS:
            await _deposited(work, stay, door, fact)
        elif stay is None or stay.state is State.HELD:
            await _nobodys(work, door, fact)
    elif word == W.AVAILABLE and stay is not None:
        await _found_free(work, stay, door, fact)


_DEPOSITS = frozenset({State.ACCESS_ISSUED, State.DEPOSITING, State.REVOKING})


async def _deposited(work: Work, stay: Stay, door: Compartment, fact: Sequenced) -> None:
    """A pass was used at the door. Of a stay that was being called off this is an anomaly: something lies inside."""
    late = stay.state is State.REVOKING
    given = {
        "now": work.now, "deposit_expires_at": work.now + WAIT_AFTER_DEPOSIT, "evidence": "E2", "pickup_hash": None,
        "pickup_sealed": None, "trackings": None, "parcel_ids": [],
    }  # fmt: skip
    at = stay
    if stay.state is State.ACCESS_ISSUED:
        opened = await store.run(store.DEPOSITING, work.conn, stay, evidence="E2")
        assert opened is not None, "the stay is locked in a state that allows it"
        _moved(work, opened, Permission.STAY_DEPOSIT)
        at = opened
    after = await store.run(store.LATE_DEPOSIT if late else store.DEPOSIT, work.conn, at, **given)
    assert after is not None, "the stay is locked in a state that allows it"
    which = await _used(work, stay, door, AccessKind.DEPOSIT)
    if which is not None:
        await passes.used(work, which, door, fact.occurred_at)
    await passes.call_off(work, stay.id, door, but=AccessKind.PICKUP)
    _moved(work, after, Permission.STAY_DEPOSIT, late=late, by_pass=True)
    if not late:
        await _issue(work, after, AccessKind.PICKUP)


async def _used(work: Work, stay: Stay, door: Compartment, kind: AccessKind) -> Pass | None:
    of_stay = await all_passes.of_stay(work.conn, stay.tenant_id, stay.id)
    named = [each.reference for each in of_stay if each.reference]
    told = await pushes.used(work.conn, stay.tenant_id, door.bank.connection_id, named)
    return used_one(of_stay, kind, told)


async def _found_free(work: Work, stay: Stay, door: Compartment, fact: Sequenced) -> None:
    if stay.state is State.REVOKING:
        await settle(work, stay, door, free=True)
    elif stay.state is State.ACCESS_ISSUED:
        of_stay = await all_passes.of_stay(work.conn, stay.tenant_id, stay.id)
        if any(each.issued_at >= fact.occurred_at for each in of_stay):
            return
        early = stay.expires_at > work.now
        outcome = StayOutcome.CANCELLED if early else StayOutcome.EXPIRED_UNUSED
        await stays.revoke(work, stay, outcome, "The vendor's books have it free.")
    elif stay.state in {State.DEPOSITED, State.COLLECTING}:
        which = await _used(work, stay, door, AccessKind.PICKUP)
        if which is None:
            reason = "found free, and nobody had anything to take it out with"
            await stays.end(work, stay, StayOutcome.UNKNOWN_RELEASE, evidence="E1", reason=reason, tell=False)
            return
        await passes.used(work, which, door, fact.occurred_at)
        outcome = collected(stay.flow, by_carrier=which.carrier_id is not None)
        if which.carrier_id is None and which.person_id is None:
            outcome = StayOutcome.REMOVED_BY_STAFF
        await stays.end(work, stay, outcome, evidence="E2", tell=False)


async def _nobodys(work: Work, door: Compartment, fact: Sequenced) -> None:
    """Something was put in for a stay that has ended, or for none: it stays ended, and nobody else gets the place."""
    last = await all_passes.last_at(work.conn, work.tenant, door.id)
    await passes.out_of_service(work, door, "something was put in for a stay that had ended")
    payload = {
        "label": door.label,
        "stay_id": str(last.stay_id) if last else None,
        "called_off": last is not None and last.state in {PassState.REVOKED, PassState.REVOKE_PENDING},
        "known": last is not None,
    }
    work.emit(
        locker_events.of_compartment(
            "FilledAfterRelease", door.bank, door.id, payload, occurred_at=fact.occurred_at, evidence="E2"
        )
    )
    work.audit(Entry("unit:filled_after_release", "Compartment", door.id, door.bank.site_id, details=payload))


async def on_grant(work: Work, fact: Sequenced) -> None:
    """GrantSuspended, GrantRevoked: what couriers carry for a door they may not use any more is called off."""
    if fact.carrier_id is None:
        return
    work.enter(fact.tenant_id)
    for id_ in await queries.access_issued(work.conn, fact.tenant_id, fact.carrier_id):
        stay = await queries.standing(work.conn, fact.tenant_id, id_)
        if stay is None or stay.state is not State.ACCESS_ISSUED:
            continue
        door = await stays.door_of(work, stay)
        ask = Ask(Operation.DEPOSIT, stay.site_id, stay.bank_id, door.size.value)
        if not await carriers.still_allowed(work, fact.carrier_id, ask):
            await stays.revoke(work, stay, StayOutcome.CANCELLED, "The carrier's grant was taken away.")


async def on_extended(work: Work, fact: Sequenced) -> None:
    """StayExtended: a longer hold needs a pass that lives as long."""
    stay = await queries.standing(work.conn, fact.tenant_id, fact.subject_id)
    if stay is None or stay.state is not State.ACCESS_ISSUED:
        return
    of_stay = await all_passes.of_stay(work.conn, fact.tenant_id, stay.id)
    until = usable_until(of_stay)
    if until is None or until < stay.expires_at:
        work.enter(fact.tenant_id)
        await _issue(work, stay, AccessKind.DEPOSIT)
