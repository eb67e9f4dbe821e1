"""Asking hardware for something: recorded here, in the asker's transaction; sent by the background process."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from app.devices import events, queries, store
from app.devices.model import (
    ALONE_WITHIN,
    FINDINGS,
    MOST_ALONE,
    PATIENCE,
    Command,
    CommandState,
    Finding,
    Purpose,
    operations_of,
)
from app.devices.port import Capability, OrderKind
from app.kit import checks
from app.kit.errors import Denied, FailedRule, Invalid, NotFound, Reason, Rejected
from app.kit.ids import new_id
from app.kit.streams import Sequenced
from app.lockers import queries as lockers
from app.lockers import service as lockers_service
from app.lockers.model import Bank, Compartment, DoorState, Service
from tenants.audit.model import Entry
from tenants.carriers import service as carriers
from tenants.carriers.model import Ask, Operation
from tenants.model import AuditOutcome
from tenants.policy import Permission, authorize
from tenants.work import Work


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a door is opened, for which stay, by which right where a carrier asks, by which approved request."""

    purpose: Purpose
    reason: str
    stay_id: UUID | None = None
    carrier_id: UUID | None = None
    operation: Operation | None = None
    opening_id: UUID | None = None


async def request_alone(work: Work, compartment: Compartment, cause: Cause) -> Command:
    """One opening for no stay that one person asks for. Many of them would be what takes two."""
    bank, doors = compartment.bank, [row["id"] for row in await lockers.doors(work.conn, compartment.bank)]
    since = work.now - ALONE_WITHIN
    opened = await queries.opened_alone(work.conn, bank.tenant_id, doors, work.actor.account_id, since)
    if opened >= MOST_ALONE:
        expected = f"at most {MOST_ALONE} doors of a bank within a minute, or an opening that somebody else approves"
        rule = FailedRule("second person", expected, f"{opened} doors opened alone")
        words = "Ask for these doors together: a second person has to approve."
        raise Denied(words, permission=Permission.COMPARTMENT_OPEN, failed=(rule,))
    return await request_open(work, compartment, cause)


async def request_open(
    work: Work, compartment: Compartment, cause: Cause, patience: timedelta = PATIENCE[OrderKind.OPEN]
) -> Command:
    """Record one opening. The caller has settled the right to it. At most one is under way for a compartment.
    `patience`: how long it may wait for its bank."""
    bank = compartment.bank
    if not bank.has(Capability.REMOTE_OPEN):
        how = " A phone beside it opens it." if bank.has(Capability.PHONE_TOKENS) else ""
        raise Rejected(Reason.NOT_SUPPORTED, f"Bank {bank.label} cannot be opened from afar.{how}")
    if not bank.reachable:
        raise Rejected(Reason.BANK_UNREACHABLE, f"Bank {bank.label} does not answer at present.")
    if bank.differs_since is not None:
        raise Rejected(
            Reason.WRONG_STATE, f"Bank {bank.label} is not as it was taken over: survey it and compare first."
        )
    given = {"operation": cause.operation and cause.operation.value, "opening": _text(cause.opening_id)}
    by_right = {name: value for name, value in given.items() if value is not None}
    command = _asked(work, compartment, OrderKind.OPEN, cause, by_right, patience)
    try:
        await store.add(work.conn, command)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != store.OPEN_PENDING:
            raise
        raise Rejected(Reason.COMMAND_PENDING, f"Door {compartment.label} is being opened already.") from error
    work.emit(events.of_command("CommandRequested", command))
    work.audit(
        Entry(
            Permission.COMPARTMENT_OPEN, "Compartment", compartment.id, bank.site_id, cause.carrier_id,
            reason=cause.reason,
            details={"command": str(command.id), "purpose": cause.purpose.value, "stay": _text(cause.stay_id)},
        )
    )  # fmt: skip
    return command


def keeps_books(bank: Bank, kind: OrderKind) -> bool:
    """Whether its vendor is to be told this of a stay. One that chooses the compartment holds it until it is told, and
    knows nothing of deposits and times; where phones open, it names the door with the way in, and not before."""
    if bank.vendor_chooses and bank.has(Capability.PHONE_TOKENS):
        return kind in {OrderKind.ISSUE_ACCESS, OrderKind.RELEASE}
    chosen = bank.vendor_chooses and kind in {OrderKind.RESERVE, OrderKind.RELEASE}
    return chosen or bank.has(Capability.VENDOR_RESERVATION)


async def push(
    work: Work, compartment: Compartment, kind: OrderKind, cause: Cause, parameters: Mapping[str, object]
) -> Command | None:
    """Tell a vendor that keeps books of its own what became of a stay. None where the vendor keeps none."""
    if not keeps_books(compartment.bank, kind):
        return None
    command = _asked(work, compartment, kind, cause, parameters)
    await store.add(work.conn, command)
    work.emit(events.of_command("CommandRequested", command))
    return command


async def withdraw(work: Work, stay_id: UUID, kinds: tuple[OrderKind, ...], detail: str) -> None:
    """Call off what was asked for a stay and has not left us."""
    for row in await store.withdraw(work.conn, work.tenant, stay_id, [kind.value for kind in kinds], work.now, detail):
        work.emit(events.of_command("CommandFailed", queries.command_of(row), withdrawn=True))


async def stayed_shut(work: Work, door: Compartment, stay_id: UUID) -> bool:
    """Nobody can have taken out what is inside: the bank sees doors, and saw none open for the carrier to take it."""
    if not door.bank.has(Capability.DOOR_SENSOR):
        return False
    return not await queries.opened_to_take(work.conn, door.bank.tenant_id, stay_id)


_GONE = "The carrier's grant was taken away before this was sent."


async def bar(work: Work, command: Command) -> bool:
    """Call a command off whose carrier may not do that any more, whatever it might when it asked; whether it was."""
    by = operations_of(command)
    door = await lockers.standing(work.conn, command.tenant_id, command.compartment_id) if by else None
    if command.carrier_id is None or door is None:
        return False
    for operation in by:
        ask = Ask(operation, command.site_id, command.bank_id, door.size.value)
        if await carriers.still_allowed(work, command.carrier_id, ask):
            return False
    await call_off(work, command, _GONE)
    return True


async def call_off(work: Work, command: Command, why: str) -> None:
    """What is not to leave us any more; nothing is done where it moved on since it was read."""
    if await store.call_off(work.conn, command, work.now, why):
        work.emit(events.of_command("CommandFailed", command, withdrawn=True, settled=True, detail=why))
        details = {"kind": command.kind.value, "command": str(command.id), "detail": why}
        work.audit(
            Entry(
                "command:failed", "Compartment", command.compartment_id, command.site_id, command.carrier_id,
                AuditOutcome.FAILED, details=details,
            )
        )  # fmt: skip


async def on_grant(work: Work, fact: Sequenced) -> None:
    """GrantSuspended, GrantRevoked: what the carrier asked for and has not left us is called off."""
    if fact.carrier_id is None:
        return
    work.enter(fact.tenant_id)
    for command in await queries.waiting_of_carrier(work.conn, fact.tenant_id, fact.carrier_id):
        await bar(work, command)


@dataclass(frozen=True, slots=True)
class SettleCommand:
    command_id: UUID
    outcome: Finding
    comment: str


# state -> the fact of a command having come into it
_TOLD = {
    CommandState.ACCEPTED: "CommandAccepted",
    CommandState.DOOR_OPENED: "CommandDoorOpened",
    CommandState.FAILED: "CommandFailed",
}


async def settle(work: Work, ask: SettleCommand) -> UUID:
    """A person's word on what reading back could not tell. What follows is what would follow from the device's own,
    at the lowest grade of evidence; an opening counts as over, because a door that stands open is refused."""
    command = await queries.seen(work.conn, work.actor, ask.command_id)
    if command is None:
        raise NotFound("There is no such command.", path=("input", "commandId"))
    work.enter(command.tenant_id)
    authorize(work.actor, Permission.COMMAND_SETTLE, command.site_id)
    comment, after = checks.text("comment", ask.comment, most=500), await _settleable(work, command, ask.outcome)
    if not await store.settle(work.conn, command, after, work.now):
        raise Rejected(Reason.WRONG_STATE, "This command was settled a moment ago.")
    more: dict[str, Any] = {"final": True}
    if after is CommandState.FAILED:
        more = {"settled": True, "absent": command.kind is not OrderKind.OPEN}
    work.emit(
        events.of_command(_TOLD[after], command, evidence="E0", source="person", finding=ask.outcome.value, **more)
    )
    work.audit(
        Entry(
            Permission.COMMAND_SETTLE, "Compartment", command.compartment_id, command.site_id, command.carrier_id,
            reason=comment, details={"command": str(command.id), "finding": ask.outcome.value},
        )
    )  # fmt: skip
    return command.id


async def _settleable(work: Work, command: Command, finding: Finding) -> CommandState:
    is_opening, after = FINDINGS[finding]
    if is_opening is not (command.kind is OrderKind.OPEN):
        raise Invalid(f"This cannot become of a command {command.kind}.", path=("input", "outcome"))
    if command.state is not CommandState.UNCONFIRMED:
        raise Rejected(Reason.WRONG_STATE, f"This command is {command.state}.")
    if not command.settled:
        raise Rejected(Reason.COMMAND_PENDING, "It is still being found out what happened.")
    door = await lockers.standing(work.conn, command.tenant_id, command.compartment_id)
    if is_opening and door is not None and door.door is DoorState.OPEN:
        raise Rejected(Reason.COMPARTMENT_UNAVAILABLE, "The door stands open: close it first.")
    return after


@dataclass(frozen=True, slots=True)
class SetServiceState:
    compartment_id: UUID
    service: Service
    reason: str
    until: datetime | None = None


async def set_service_state(work: Work, ask: SetServiceState) -> UUID:
    """Take a compartment out of service or back; told to the hardware where it keeps such a state."""
    compartment = await lockers.compartment(work.conn, work.actor, ask.compartment_id)
    if compartment is None:
        raise NotFound("There is no such compartment.", path=("input", "compartmentId"))
    await lockers_service.set_service(work, compartment, ask.service, ask.reason, ask.until)
    await tell_service(work, compartment, ask.reason, in_service=ask.service is Service.IN_SERVICE)
    return compartment.id


async def tell_service(work: Work, compartment: Compartment, reason: str, *, in_service: bool) -> None:
    """Have the hardware give it out no more, or again, where it keeps such a state."""
    if compartment.bank.has(Capability.SERVICE_WRITE):
        given = {"in_service": in_service}
        command = _asked(work, compartment, OrderKind.SET_SERVICE, Cause(Purpose.NONE, reason), given)
        await store.add(work.conn, command)
        work.emit(events.of_command("CommandRequested", command))


def _asked(
    work: Work,
    compartment: Compartment,
    kind: OrderKind,
    cause: Cause,
    parameters: Mapping[str, object],
    patience: timedelta | None = None,
) -> Command:
    bank = compartment.bank
    return Command(
        tenant_id=work.enter(bank.tenant_id),
        id=new_id(),
        site_id=bank.site_id,
        bank_id=bank.id,
        compartment_id=compartment.id,
        stay_id=cause.stay_id,
        carrier_id=cause.carrier_id,
        kind=kind,
        purpose=cause.purpose,
        state=CommandState.REQUESTED,
        reason=cause.reason,
        parameters=parameters,
        requested_by=work.actor.account_id,
        requested_by_name=work.actor.label,
        requested_at=work.now,
        expires_at=work.now + (patience or PATIENCE[kind]),
    )


def _text(id: UUID | None) -> str | None:
    return None if id is None else str(id)
