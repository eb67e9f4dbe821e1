"""What it means for a stay when a vendor's books tell that a pass was used, or that none is needed any more."""

from datetime import datetime

from app.devices import queries as devices
from app.devices import service as hardware
from app.devices.port import AccessKind, Capability, OrderKind, VendorWord
from app.issuing import service as issuing
from app.kit.streams import Sequenced
from app.lockers import events as locker_events
from app.lockers import queries as lockers
from app.lockers.model import Compartment
from app.passes import queries as all_passes
from app.passes import service as passes
from app.passes.model import GRACE, Holder, PassState, usable_until
from app.stays import queries, store
from app.stays import service as stays
from app.stays.model import OPEN_BEFORE_DEPOSIT, WAIT_AFTER_DEPOSIT, State, Stay, StayOutcome, collected
from app.uses import service as uses
from tenants.audit.model import Entry
from tenants.policy import Permission
from tenants.work import Work

MOST_TELLINGS = 4
KEPT_BACK = "its vendor still has it as reserved"
FILLED = "something was put in for a stay that had ended"
FREED_FULL = "its vendor has it free though something was put in: look what is inside"
LOOK_INSIDE = "its vendor had it out of service and has it free by now: look what is inside"
NOTHING_TO_TAKE_WITH = "found free, and nobody had anything to take it out with"
TAKEN_BACK = "taken out with what it was brought with"
W = VendorWord


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
            await _no_pass(work, stay, door, fact)
        elif kind == OrderKind.RELEASE and fact.payload.get("reason") == "FREED_FULL":
            await _filled(work, None, door, FREED_FULL, fact.occurred_at)
    elif kind == OrderKind.RESERVE:
        await _first(work, stay, door)
    elif kind == OrderKind.RELEASE and stay.state is State.REVOKING:
        await settle(work, stay, door, free=fact.payload.get("released") is True)
    elif kind == OrderKind.RELEASE and fact.payload.get("released") is False:
        await _kept_back(work, stay, door)


async def _kept_back(work: Work, stay: Stay, door: Compartment) -> None:
    """The stay has ended and its vendor could not let the door go: whoever were given it would be refused there."""
    until = stay.expires_at + GRACE
    if until > work.now:
        await passes.out_of_service(work, door, KEPT_BACK, until)


_ABOUT = (OrderKind.RESERVE, OrderKind.ISSUE_ACCESS, OrderKind.RELEASE)


async def on_held(work: Work, fact: Sequenced) -> None:
    """StayHeld where the vendor names the door with the way in: nothing is reserved, a pass is asked for at once."""
    stay = await queries.standing(work.conn, fact.tenant_id, fact.subject_id)
    if stay is None or stay.placed:
        return
    work.enter(fact.tenant_id)
    door = await stays.door_of(work, stay)
    if door.bank.has(Capability.PHONE_TOKENS):
        await _first(work, stay, door)


async def _first(work: Work, stay: Stay, door: Compartment) -> None:
    if stay.state is State.HELD and not await _asked(work, stay):
        await _ask(work, stay, door, AccessKind.DEPOSIT, issuing.bringer(stay))


async def _ask(work: Work, stay: Stay, door: Compartment, kind: AccessKind, holder: Holder) -> None:
    """For whoever may carry it; a stay whose courier may not bring it any more is called off."""
    if await issuing.may_carry(work, stay, door, kind, holder):
        await issuing.ask(work, stay, kind, holder)
    elif kind is AccessKind.DEPOSIT:
        await issuing.call_off(work, stay, door, issuing.NOT_GRANTED)


async def _asked(work: Work, stay: Stay) -> int:
    """How often a pass of this stay was asked for."""
    return await devices.told(work.conn, stay.tenant_id, stay.id, OrderKind.ISSUE_ACCESS)


async def _no_pass(work: Work, stay: Stay, door: Compartment, fact: Sequenced) -> None:
    """One that never took effect (`absent`) may be asked for again, for the same holder; else the vendor gave none."""
    command = await devices.command(work.conn, fact.tenant_id, fact.subject_id)
    assert command is not None, "commands are kept"
    kind = AccessKind(str(command.parameters["access"]))
    wanted = stay.state in issuing.WANTED[kind]
    if wanted and await devices.pending(work.conn, fact.tenant_id, stay.id, OrderKind.ISSUE_ACCESS):
        return
    if wanted and fact.payload.get("absent") is True and await _asked(work, stay) < MOST_TELLINGS:
        await _ask(work, stay, door, kind, issuing.holder_of(command))
    elif stay.state is State.HELD:
        await stays.end(work, stay, StayOutcome.CANCELLED, reason="The vendor gave nothing to open the door with.")
    elif stay.state is State.REVOKING and not stay.placed:
        # The vendor never said which door it would be: there is none to give back.
        await stays.end(work, stay, stay.outcome or StayOutcome.CANCELLED, tell=False)


async def settle(work: Work, stay: Stay, door: Compartment, *, free: bool, given_up: bool = False) -> None:
    """Of a stay that is being called off: it ends when nothing can open its door for it any more.

    `free`: the vendor says that it is; `given_up`: and had it as given up before. That is proof that the door has heard
    of it, as long as the passes have time left. In any other case, or close to their end, it says no more than a clock
    does, the vendor's runs ahead of ours by what its answer took, and the door's own clock is given its grace.
    """
    of_stay = await all_passes.of_stay(work.conn, stay.tenant_id, stay.id)
    live = [each for each in of_stay if each.live]
    over = all(each.usable_until <= work.now for each in live)
    heard = given_up and all(work.now + GRACE < each.expires_at for each in live)
    if free and (over or heard):
        if await uses.left_inside(work, of_stay, door):
            await _filled(work, None, door, FREED_FULL, work.now)
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
        if stay is None or await _not_its_own(work, stay, door):
            await _nobodys(work, stay, door, fact)
        elif stay.state in _DEPOSITS:
            await _deposited(work, stay, door, fact)
    elif word == W.AVAILABLE and stay is not None:
        await _found_free(work, stay, door, fact)
    elif word == W.AVAILABLE:
        await passes.back_in_service(work, door, KEPT_BACK)


_DEPOSITS = frozenset({State.ACCESS_ISSUED, State.DEPOSITING, State.REVOKING})


async def _not_its_own(work: Work, stay: Stay, door: Compartment) -> bool:
    """What was put in cannot be this stay's: nobody has anything to open the door with yet, or it was another's."""
    return stay.state is State.HELD or (stay.state in _DEPOSITS and await uses.put_in_before(work, stay, door))


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
        issuing.moved(work, opened, Permission.STAY_DEPOSIT)
        at = opened
    after = await store.run(store.LATE_DEPOSIT if late else store.DEPOSIT, work.conn, at, **given)
    assert after is not None, "the stay is locked in a state that allows it"
    which = await uses.brought_with(work, stay, door)
    if which is not None:
        await passes.used(work, which, door, fact.occurred_at)
    await passes.call_off(work, stay.id, door, but=AccessKind.PICKUP)
    issuing.moved(work, after, Permission.STAY_DEPOSIT, late=late, by_pass=True)
    if not late and (holder := issuing.taker(after)):
        await _ask(work, after, door, AccessKind.PICKUP, holder)


async def _found_free(work: Work, stay: Stay, door: Compartment, fact: Sequenced) -> None:
    before = fact.payload.get("before")
    if stay.state is State.REVOKING:
        await settle(work, stay, door, free=True, given_up=before == W.DECLINED)
    elif stay.state is State.ACCESS_ISSUED:
        of_stay = await all_passes.of_stay(work.conn, stay.tenant_id, stay.id)
        if any(each.issued_at >= fact.occurred_at for each in of_stay):
            return
        soon = work.now + GRACE
        early = stay.expires_at > soon and any(each.expires_at > soon for each in of_stay)
        outcome = StayOutcome.CANCELLED if early else StayOutcome.EXPIRED_UNUSED
        await stays.revoke(work, stay, outcome, "The vendor's books have it free.")
    elif stay.state in {State.DEPOSITED, State.COLLECTING}:
        await _taken_out(work, stay, door, fact, was_out=before == W.OUT_OF_SERVICE)


async def _taken_out(work: Work, stay: Stay, door: Compartment, fact: Sequenced, *, was_out: bool) -> None:
    """`was_out`: its vendor had it out of service, which assigns it to nobody, whatever lies inside."""
    which = await uses.taken_with(work, stay, door, posted=was_out)
    if which is not None and which.kind is AccessKind.PICKUP:
        await passes.used(work, which, door, fact.occurred_at)
        outcome = collected(stay.flow, by_carrier=which.carrier_id is not None)
        if which.carrier_id is None and which.person_id is None:
            outcome = StayOutcome.REMOVED_BY_STAFF
        await stays.end(work, stay, outcome, evidence="E2", tell=False)
        return
    if was_out and which is None:
        await passes.out_of_service(work, door, LOOK_INSIDE)
    reason = TAKEN_BACK if which else LOOK_INSIDE if was_out else NOTHING_TO_TAKE_WITH
    evidence = "E2" if which else "E1"
    await stays.end(work, stay, StayOutcome.UNKNOWN_RELEASE, evidence=evidence, reason=reason, tell=False)


async def _nobodys(work: Work, stay: Stay | None, door: Compartment, fact: Sequenced) -> None:
    """Something was put in for a stay that has ended, or for none: it stays ended, and nobody else gets the place. Who
    was given it since then cannot have it."""
    await _filled(work, stay, door, FILLED, fact.occurred_at)
    if stay is not None:
        await hardware.withdraw(work, stay.id, stays.BOOKS, FILLED)
        await stays.end(work, stay, stay.outcome or StayOutcome.CANCELLED, reason=FILLED, evidence="E1", tell=False)


async def _filled(work: Work, but: Stay | None, door: Compartment, reason: str, at: datetime) -> None:
    """Nobody gets the place before somebody has looked. `but`: whose it cannot be."""
    last = await all_passes.last_at(work.conn, work.tenant, door.id, but=but.id if but else None)
    await passes.out_of_service(work, door, reason)
    payload = {
        "label": door.label,
        "stay_id": str(last.stay_id) if last else None,
        "called_off": last is not None and last.state in {PassState.REVOKED, PassState.REVOKE_PENDING},
        "known": last is not None,
    }
    work.emit(
        locker_events.of_compartment("FilledAfterRelease", door.bank, door.id, payload, occurred_at=at, evidence="E2")
    )
    work.audit(Entry("unit:filled_after_release", "Compartment", door.id, door.bank.site_id, details=payload))


async def on_grant(work: Work, fact: Sequenced) -> None:
    """GrantSuspended, GrantRevoked: what couriers carry for a door they may not use any more is called off."""
    carrier = fact.carrier_id
    if carrier is None:
        return
    work.enter(fact.tenant_id)
    for id_ in await queries.before_deposit(work.conn, fact.tenant_id, carrier=carrier):
        stay = await queries.standing(work.conn, fact.tenant_id, id_)
        door = await stays.door_of(work, stay) if stay and stay.state in OPEN_BEFORE_DEPOSIT else None
        if stay is None or door is None or not door.bank.has(Capability.PHONE_TOKENS):
            continue
        if not await issuing.may_carry(work, stay, door, AccessKind.DEPOSIT, issuing.bringer(stay)):
            await issuing.call_off(work, stay, door, "The carrier's grant was taken away.")
    for id_ in await all_passes.carried(work.conn, fact.tenant_id, carrier):
        stay = await queries.standing(work.conn, fact.tenant_id, id_)
        door = await stays.door_of(work, stay) if stay else None
        if stay is None or door is None:
            continue
        if not await issuing.may_carry(work, stay, door, AccessKind.PICKUP, Holder(carrier_id=carrier)):
            await passes.take_away(work, stay.id, door, carrier)


async def on_extended(work: Work, fact: Sequenced) -> None:
    """StayExtended: a longer hold needs a pass that lives as long."""
    stay = await queries.standing(work.conn, fact.tenant_id, fact.subject_id)
    if stay is not None:
        await lengthen(work, stay)


async def lengthen(work: Work, stay: Stay) -> bool:
    """Ask for another pass where none lives as long as the hold: a vendor's lives so long at most. A link cannot be
    followed by another: that would be for another door. The stay is locked."""
    door = await stays.door_of(work, stay)
    if stay.state is not State.ACCESS_ISSUED or door.bank.vendor_chooses:
        return False
    until = usable_until(await all_passes.of_stay(work.conn, stay.tenant_id, stay.id))
    if until is not None and until >= stay.expires_at:
        return False
    work.enter(stay.tenant_id)
    await _ask(work, stay, door, AccessKind.DEPOSIT, issuing.bringer(stay))
    return True
