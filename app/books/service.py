"""A vendor's books and ours: what became of what it was told, telling it again, and what it tells by itself."""

import itertools
from datetime import timedelta

from app.devices import queries as devices
from app.devices import service as hardware
from app.devices.model import CommandState
from app.devices.port import OrderKind
from app.kit.streams import Sequenced
from app.lockers import queries as lockers
from app.stays import events, queries, store
from app.stays import service as stays
from app.stays.model import OPEN_BEFORE_DEPOSIT, State, Stay, StayOutcome
from tenants.work import Work

MOST_TELLINGS = 4
# What got lost is told again at once three times, then after pauses that grow; the last of them for a day or so. A
# reservation does not wait: it is of use at once or not at all.
PAUSES = (
    *[timedelta(0)] * (MOST_TELLINGS - 1), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15),
    *[timedelta(minutes=30)] * 48,
)  # fmt: skip


async def kept(work: Work, stay: Stay) -> bool:
    """Whether a stay goes on although its reservation never left us: its operator wants the bank filled without an
    answer. Where the bank answers by now it is told at once, else by `on_bank`. The stay is locked."""
    door = await stays.door_of(work, stay)
    if not door.bank.blind_allocation:
        return False
    if not door.bank.reachable or await _being_told(work, stay):
        return True
    if await devices.told(work.conn, stay.tenant_id, stay.id, OrderKind.RESERVE) >= MOST_TELLINGS:
        return False
    await stays.told(work, stay, door, OrderKind.RESERVE)
    return True


async def _being_told(work: Work, stay: Stay) -> bool:
    """A reaction may run twice for one fact: what was asked by the first run is not asked again."""
    return await devices.pending(work.conn, stay.tenant_id, stay.id, OrderKind.RESERVE)


async def on_bank(work: Work, fact: Sequenced) -> None:
    """BankReachable: its vendor hears of what was reserved meanwhile. Safe to run twice: what was asked is not asked
    again."""
    bank = await lockers.by_id(work.conn, fact.tenant_id, fact.subject_id)
    if bank is None or not hardware.keeps_books(bank, OrderKind.RESERVE):
        return
    work.enter(fact.tenant_id)
    for id_ in await queries.before_deposit(work.conn, fact.tenant_id, bank=bank.id):
        stay = await queries.standing(work.conn, fact.tenant_id, id_)
        if stay is None or stay.state not in OPEN_BEFORE_DEPOSIT:
            continue
        came = await devices.came_of(work.conn, fact.tenant_id, id_, OrderKind.RESERVE)
        if came[:1] == [CommandState.EXPIRED]:
            await stays.told(work, stay, await stays.door_of(work, stay), OrderKind.RESERVE)


async def on_books(work: Work, fact: Sequenced) -> None:
    """CommandAccepted, CommandFailed and CommandExpired of what a vendor was told about a stay."""
    stay_id, kind = fact.uuid("stay_id"), fact.payload.get("kind")
    if stay_id is None or kind in {OrderKind.OPEN, OrderKind.ISSUE_ACCESS} or fact.payload.get("withdrawn"):
        return
    stay = await queries.standing(work.conn, fact.tenant_id, stay_id)
    if stay is None:
        return
    work.enter(fact.tenant_id)
    if fact.kind == "CommandAccepted":
        if kind == OrderKind.DEPOSIT:
            grade = fact.evidence or "E0"
            await store.run(store.GRADE, work.conn, stay, state_=State.DEPOSITED.value, evidence=grade)
        return
    absent, held = fact.payload.get("absent") is True, stay.state in OPEN_BEFORE_DEPOSIT
    if kind == OrderKind.RESERVE and fact.kind == "CommandExpired" and held and await kept(work, stay):
        return
    if kind == OrderKind.RESERVE and held and not absent:
        undo = fact.payload.get("undo") is True
        words = "The vendor chose a place it cannot have." if undo else "The vendor did not take the reservation."
        await _given_up(work, stay, words, tell=undo)
    elif absent or fact.kind == "CommandExpired":
        await _tell_again(work, stay, OrderKind(str(kind)), fact)
    elif kind == OrderKind.DEPOSIT and stay.state is State.DEPOSITED:
        await _tell_anew(work, stay)


# What the vendor is told makes sense only while the stay is so.
_TELLS = {
    OrderKind.RESERVE: OPEN_BEFORE_DEPOSIT | {State.DEPOSITING},
    OrderKind.DEPOSIT: frozenset({State.DEPOSITED}),
    OrderKind.EXTEND: OPEN_BEFORE_DEPOSIT | {State.DEPOSITED},
    OrderKind.RELEASE: frozenset({State.REVOKING, State.RELEASED}),
}


async def _tell_again(work: Work, stay: Stay, kind: OrderKind, fact: Sequenced) -> None:
    """It was sent, no answer came, and reading back showed that it never took effect: a new command may go. Once it
    has to wait, people hear of it."""
    if kind is OrderKind.RESERVE and await _being_told(work, stay):
        return
    door = await lockers.standing(work.conn, stay.tenant_id, stay.compartment_id)
    here = await queries.open_in(work.conn, fact.tenant_id, stay.compartment_id)
    by_place = door is not None and not door.bank.vendor_chooses
    if kind is OrderKind.RELEASE and by_place and here is not None and here.id != stay.id:
        # The place is promised to another by now; freeing it once more could take it from them.
        return
    if door is None or stay.state not in _TELLS[kind]:
        return
    lost = await _in_vain(work, stay, kind)
    pause = PAUSES[lost - 1] if 0 < lost <= len(PAUSES) else None
    if kind is OrderKind.RESERVE and lost >= MOST_TELLINGS:
        await _given_up(work, stay, "The reservation did not reach the vendor.")
        return
    if pause is None:
        return
    later = {"not_before": (work.now + pause).isoformat()} if pause else {}
    await stays.told(work, stay, door, kind, **later)
    if lost == MOST_TELLINGS:
        work.emit(events.of_stay("VendorUntold", stay, what=kind.value))


async def _given_up(work: Work, stay: Stay, why: str, *, tell: bool = False) -> None:
    """The vendor does not have this reservation: who waits for the door is told so at once, not when its time is over.
    A door that may be opening this moment, or has just opened, is not taken from whoever stands at it."""
    if stay.state not in OPEN_BEFORE_DEPOSIT or await stays.opened_unheard(work, stay):
        return
    await hardware.withdraw(work, stay.id, stays.OPENS, why)
    if not await devices.under_way(work.conn, stay.tenant_id, stay.id, stays.OPENS):
        await stays.end(work, stay, StayOutcome.CANCELLED, reason=why, tell=tell)


async def _in_vain(work: Work, stay: Stay, kind: OrderKind) -> int:
    """How often the vendor was told this and did not take it, since it last took it."""
    came = await devices.came_of(work.conn, stay.tenant_id, stay.id, kind)
    since = itertools.takewhile(lambda state: state is not CommandState.ACCEPTED, came)
    return sum(state in {CommandState.FAILED, CommandState.EXPIRED} for state in since)


async def _tell_anew(work: Work, stay: Stay) -> None:
    """A parcel lies where the vendor's books know of no reservation: both are told once more."""
    told = await devices.told(work.conn, stay.tenant_id, stay.id, OrderKind.RESERVE)
    if told < 2 * MOST_TELLINGS and not await _being_told(work, stay):
        door = await stays.door_of(work, stay)
        for kind in (OrderKind.RESERVE, OrderKind.DEPOSIT):
            await stays.told(work, stay, door, kind)


async def on_unit_found_free(work: Work, fact: Sequenced) -> None:
    """UnitFoundFree: the vendor's books say free and we never told them so. A parcel that was never in them is not
    missing from them: what ran out there is its reservation."""
    stay = await queries.open_in(work.conn, fact.tenant_id, fact.subject_id)
    if stay is None or stay.created_at >= fact.occurred_at:
        return
    work.enter(fact.tenant_id)
    if stay.state in OPEN_BEFORE_DEPOSIT and stay.expires_at <= work.now:
        if not await stays.opened_unheard(work, stay):
            await stays.end(work, stay, StayOutcome.EXPIRED_UNUSED, evidence="E1", tell=False)
    elif stay.state in {State.DEPOSITED, State.COLLECTING} and await _had_parcel(work, stay):
        await stays.end(work, stay, StayOutcome.UNKNOWN_RELEASE, evidence="E1", reason="found free", tell=False)


async def _had_parcel(work: Work, stay: Stay) -> bool:
    """Whether the vendor's books had what is inside; where it is told of no deposits, whether they had the stay. What
    it took before it was last told of the stay is no proof: that may have been another controller's."""
    door, conn = await stays.door_of(work, stay), work.conn
    if hardware.keeps_books(door.bank, OrderKind.DEPOSIT):
        came = await devices.came_of(conn, stay.tenant_id, stay.id, OrderKind.DEPOSIT, after=OrderKind.RESERVE)
        return CommandState.ACCEPTED in came
    return CommandState.ACCEPTED in (await devices.came_of(conn, stay.tenant_id, stay.id, OrderKind.RESERVE))[:1]
