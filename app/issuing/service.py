"""Asking a vendor for a pass, and keeping what it gave. The right to carry it is asked for both times."""

from datetime import datetime
from uuid import UUID

from app.devices import queries as devices
from app.devices import service as hardware
from app.devices.model import Command, Purpose
from app.devices.port import Access, AccessKind, OrderKind
from app.devices.service import Cause
from app.kit.errors import Reason, Rejected
from app.lockers.model import Compartment
from app.passes import service as passes
from app.passes import store as passes_store
from app.passes.model import PICKUP_LIFE, Holder, Pass, PassState, Vault
from app.stays import events, queries, store
from app.stays import service as stays
from app.stays.model import OPEN_BEFORE_DEPOSIT, Flow, State, Stay, StayOutcome
from tenants.audit.model import Entry
from tenants.carriers import service as carriers
from tenants.carriers.model import Ask, Operation
from tenants.policy import Permission
from tenants.work import Work

# While a stay is so, a pass of this kind is of use.
WANTED: dict[AccessKind, frozenset[State]] = {
    AccessKind.DEPOSIT: OPEN_BEFORE_DEPOSIT,
    AccessKind.PICKUP: frozenset({State.DEPOSITED}),
}
# What the operator must have granted a carrier whose couriers are to carry one.
CARRIES: dict[tuple[AccessKind, Flow], Operation] = {
    (AccessKind.DEPOSIT, Flow.DELIVER): Operation.DEPOSIT,
    (AccessKind.DEPOSIT, Flow.RETURN): Operation.DEPOSIT,
    (AccessKind.PICKUP, Flow.DELIVER): Operation.COLLECT_EXPIRED,
    (AccessKind.PICKUP, Flow.RETURN): Operation.COLLECT_RETURN,
}
NOT_GRANTED = "The carrier has no grant for this any more."


async def hand_out(work: Work, stay: Stay, kind: AccessKind, holder: Holder) -> Command:
    """Somebody asks for a pass of their own; the stay is locked. One is asked for at a time."""
    if await devices.pending(work.conn, stay.tenant_id, stay.id, OrderKind.ISSUE_ACCESS):
        raise Rejected(Reason.COMMAND_PENDING, "The vendor is being asked already.")
    return await ask(work, stay, kind, holder)


async def ask(work: Work, stay: Stay, kind: AccessKind, holder: Holder) -> Command:
    """Ask the vendor for a pass. It is nobody's before the answer is here."""
    door = await stays.door_of(work, stay)
    parameters = {
        "access": kind.value,
        "expires_at": _until(work, stay, kind).isoformat(),
        "carrier_id": str(holder.carrier_id) if holder.carrier_id else None,
        "person_id": str(holder.person_id) if holder.person_id else None,
    }
    cause = Cause(Purpose.NONE, "", stay.id, stay.carrier_id)
    command = await hardware.push(work, door, OrderKind.ISSUE_ACCESS, cause, parameters)
    assert command is not None, "a bank whose doors phones open keeps books"
    return command


def _until(work: Work, stay: Stay, kind: AccessKind) -> datetime:
    return stay.expires_at if kind is AccessKind.DEPOSIT else work.now + PICKUP_LIFE


def bringer(stay: Stay) -> Holder:
    """The courier brings; of a return the depositor does."""
    returned = stay.flow is Flow.RETURN and stay.depositor_id is not None
    return Holder(person_id=stay.depositor_id) if returned else Holder(carrier_id=stay.carrier_id)


def taker(stay: Stay) -> Holder | None:
    """Who is to take it out, without having asked: the recipient, of a return the courier. Where there is none, nobody:
    a courier who brought a parcel has no right to it before it is overdue, and asks for it then."""
    if stay.flow is Flow.RETURN:
        return Holder(carrier_id=stay.carrier_id)
    return Holder(person_id=stay.recipient_id) if stay.recipient_id else None


def holder_of(command: Command) -> Holder:
    given = command.parameters
    return Holder(_uuid(given.get("carrier_id")), _uuid(given.get("person_id")))


def _uuid(text: object) -> UUID | None:
    return UUID(text) if isinstance(text, str) else None


async def may_carry(work: Work, stay: Stay, door: Compartment, kind: AccessKind, holder: Holder) -> bool:
    """Whether the operator's grants let a carrier have this at all; people and staff need none."""
    if holder.carrier_id is None:
        return True
    size = door.size.value if kind is AccessKind.DEPOSIT else None
    about = Ask(CARRIES[kind, stay.flow], stay.site_id, stay.bank_id, size)
    return await carriers.still_allowed(work, holder.carrier_id, about)


async def call_off(work: Work, stay: Stay, door: Compartment, reason: str) -> None:
    """A stay before its deposit whose pass may not be carried any more."""
    await hardware.withdraw(work, stay.id, stays.BOOKS, reason)
    if await passes.may_be_out(work, stay.id, door, placed=stay.placed):
        await stays.revoke(work, stay, StayOutcome.CANCELLED, reason)
    else:
        await stays.end(work, stay, StayOutcome.CANCELLED, reason=reason)


async def look_again(work: Work, command: Command) -> None:
    """Before it is sent: what may not be carried any more is withdrawn instead."""
    stay = await queries.standing(work.conn, work.tenant, command.stay_id) if command.stay_id else None
    if stay is None:
        return
    door, kind = await stays.door_of(work, stay), AccessKind(str(command.parameters["access"]))
    if await may_carry(work, stay, door, kind, holder_of(command)):
        return
    if kind is AccessKind.DEPOSIT and stay.state in WANTED[kind]:
        await call_off(work, stay, door, NOT_GRANTED)
    else:
        await hardware.withdraw(work, stay.id, (OrderKind.ISSUE_ACCESS,), NOT_GRANTED)


async def keep(work: Work, command: Command, stay: Stay, access: Access, vault: Vault) -> None:
    """The vendor's answer, in the transaction that notes it; the stay is locked. What came too late is nobody's, and so
    is what was for a carrier that may not carry it any more: then the stay is called off as well."""
    door, holder = await stays.door_of(work, stay), holder_of(command)
    wanted = stay.state in WANTED[access.kind]
    allowed = await may_carry(work, stay, door, access.kind, holder)
    good = wanted and allowed
    state = PassState.ISSUED if good else PassState.REVOKE_PENDING if wanted else PassState.REVOKED
    which = Pass(
        stay.tenant_id, command.id, stay.id, stay.compartment_id, access.kind, state, holder.carrier_id,
        holder.person_id, access.reference, work.now, access.expires_at,
    )  # fmt: skip
    if good:
        await passes.replace(work, which, door)
    row = {name: getattr(which, name) for name in Pass.__slots__ if name != "used_at"}
    row |= {"kind": which.kind.value, "state": which.state.value, "command_id": command.id, "site_id": stay.site_id}
    row |= {"bank_id": stay.bank_id, "sealed": vault.keep(which.id, access) if good else None}
    await passes_store.add(work.conn, row)
    passes.told(work, "PassIssued", which, door)
    if access.kind is AccessKind.DEPOSIT:
        await _follow(work, stay, door, access, good=good)


async def _follow(work: Work, stay: Stay, door: Compartment, access: Access, *, good: bool) -> None:
    """What a way in for a deposit makes of its stay."""
    if good and stay.state is State.HELD:
        after = await store.run(store.ACCESS_ISSUED, work.conn, stay)
        if after is not None:
            moved(work, after, Permission.STAY_DEPOSIT, until=access.expires_at.isoformat())
    elif not good and stay.state in OPEN_BEFORE_DEPOSIT:
        await stays.revoke(work, stay, StayOutcome.CANCELLED, NOT_GRANTED)
    elif stay.state is State.REVOKING and door.bank.vendor_chooses:
        # Called off before anybody knew which door it is: only now can the vendor be told.
        await stays.told(work, stay, door, OrderKind.RELEASE)


def moved(work: Work, after: Stay, action: Permission, **more: object) -> None:
    """The fact and the entry of a stay that a pass moved, or a door."""
    work.emit(events.moved(after, **more))
    details = {"state": after.state.value, "evidence": after.evidence, **more}
    work.audit(Entry(action, "Stay", after.id, after.site_id, after.carrier_id, details=details))
