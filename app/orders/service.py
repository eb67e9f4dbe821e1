"""Writing down what hardware did. Each function takes a Work of the bank's tenant; only the bank's keeper calls it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.devices import events as command_events
from app.devices import store as commands
from app.devices.model import Command, CommandState
from app.devices.port import (
    Ambiguous,
    Capability,
    ContractBroken,
    DeviceError,
    OrderKind,
    Outcome,
    Receipt,
    Refused,
    Unit,
    Unreachable,
)
from app.devices.queries import command_of
from app.issuing import service as issuing
from app.lockers import events as locker_events
from app.lockers import store as lockers
from app.lockers.model import Bank, Service
from app.lockers.queries import hold
from app.orders.model import Change, Known, Watch, to_watch
from app.passes.model import Vault
from app.placing import service as placing
from app.stays import queries as stays
from app.stays import service as stays_service
from app.stays import store as stays_store
from app.stays.model import PickupCodes
from tenants.audit.model import Entry
from tenants.model import AuditOutcome
from tenants.work import Work

S = CommandState


async def expired(work: Work, command: Command, detail: str) -> bool:
    """Its time is over and nothing of it ever left us."""
    return await _moved(work, command, S.EXPIRED, "CommandExpired", settled=True, detail=detail)


async def accepted(work: Work, command: Command, receipt: Receipt, *, sensor: bool, codes: PickupCodes) -> bool:
    """The vendor took it. Where a sensor watches the door that is not the end; elsewhere it is all there will be."""
    # Before the command's own row: everybody locks a stay first.
    stay = None
    if (receipt.pickup_code or receipt.access or receipt.deposit_expires_at) and command.stay_id:
        stay = await stays.standing(work.conn, work.tenant, command.stay_id)
    final = command.kind is not OrderKind.OPEN or not sensor
    evidence = "E1" if final else None
    told = await _moved(
        work, command, S.ACCEPTED, "CommandAccepted", settled=final, detail=receipt.detail or None, evidence=evidence,
        accepted_at=work.now, final=final,
        released=receipt.released,
    )  # fmt: skip
    if told and stay is not None and receipt.pickup_code:
        hash_, sealed = codes.keep(stay.id, stay.bank_id, receipt.pickup_code)
        await stays_store.run(stays_store.VENDOR_CODE, work.conn, stay, pickup_hash=hash_, pickup_sealed=sealed)
    if told and stay is not None and receipt.deposit_expires_at:
        await stays_service.expires(work, stay, receipt.deposit_expires_at)
    if told and stay is not None and receipt.access:
        await issuing.keep(work, command, stay, receipt.access, Vault(codes.sealer))
    return told


async def failed(work: Work, command: Command, detail: str, *, absent: bool = False, reason: str = "REFUSED") -> bool:
    """`absent`: it was sent, and reading back showed that it never took effect."""
    return await _moved(
        work, command, S.FAILED, "CommandFailed", settled=True, detail=detail, reason=reason, absent=absent
    )


async def _refused_place(work: Work, command: Command, misplaced: placing.Misplaced) -> bool:
    """The vendor took it, and it cannot be so: the vendor is told to undo it."""
    return await _moved(
        work, command, S.FAILED, "CommandFailed", settled=True, detail=misplaced.detail, reason="MISPLACED", undo=True,
        compartment_id=str(misplaced.compartment_id),
    )  # fmt: skip


async def unconfirmed(work: Work, command: Command, detail: str, *, settled: bool) -> bool:
    """No trustworthy answer. `settled`: reading back could not tell either; now a person must."""
    return await _moved(work, command, S.UNCONFIRMED, "CommandUnconfirmed", settled=settled, detail=detail)


async def opened(work: Work, command: Command, at: datetime, detail: str | None = None) -> bool:
    return await _moved(
        work, command, S.DOOR_OPENED, "CommandDoorOpened", settled=False, detail=detail, evidence="E1", opened_at=at
    )


async def closed(work: Work, bank: Bank, command: Command, at: datetime, item: bool | None) -> bool:
    """`item`: whether a sensor sees something behind it then."""
    inside = item if bank.has(Capability.ITEM_SENSOR) else None
    return await _moved(
        work, command, S.DOOR_CLOSED, "CommandDoorClosed", settled=True, evidence="E3", closed_at=at, inside=inside
    )


# Of these the audit log tells; the others are steps on the way that the command itself shows.
_TOLD = {
    S.EXPIRED: AuditOutcome.FAILED,
    S.FAILED: AuditOutcome.FAILED,
    S.UNCONFIRMED: AuditOutcome.FAILED,
    S.ACCEPTED: AuditOutcome.DONE,
}


async def _moved(
    work: Work,
    command: Command,
    after: CommandState,
    kind: str,
    *,
    settled: bool,
    detail: str | None = None,
    evidence: str | None = None,
    accepted_at: datetime | None = None,
    opened_at: datetime | None = None,
    closed_at: datetime | None = None,
    **payload: Any,
) -> bool:
    times = {"accepted_at": accepted_at, "opened_at": opened_at, "closed_at": closed_at}
    done = await commands.move(
        work.conn, command, after, settled=settled, detail=detail, settled_at=work.now if settled else None, **times
    )
    if not done:
        return False
    if after in {S.UNCONFIRMED, S.FAILED, S.EXPIRED}:
        payload |= {"settled": settled, "detail": detail}
    work.emit(command_events.of_command(kind, command, evidence=evidence, source="device", **payload))
    if after in _TOLD:
        details = {"kind": command.kind.value, "command": str(command.id), "detail": detail}
        work.audit(
            Entry(
                f"command:{after.lower()}", "Compartment", command.compartment_id, command.site_id, command.carrier_id,
                _TOLD[after], details=details,
            )
        )  # fmt: skip
    return True


async def adopt(work: Work, bank: Bank, unsent: Sequence[UUID]) -> None:
    """At a start: what was being sent when the last keeper died is unknown now, and never sent again. `unsent`: what
    this very process knows never to have left us."""
    detail = "The process that sent it ended before the answer was written down."
    for row in await commands.orphaned(work.conn, bank.tenant_id, bank.id, unsent, detail):
        command = command_of(row)
        work.emit(command_events.of_command("CommandUnconfirmed", command, settled=False, detail=detail))
        work.audit(
            Entry(
                "command:unconfirmed", "Compartment", command.compartment_id, command.site_id, command.carrier_id,
                AuditOutcome.FAILED, details={"kind": command.kind.value, "command": str(command.id), "detail": detail},
            )
        )  # fmt: skip


async def observe(work: Work, bank: Bank, seen: Sequence[Change], watches: Sequence[Watch]) -> dict[Any, CommandState]:
    """Doors that moved. An opening belongs to the command that asked for it, or to nobody. Commands first, then doors:
    everybody takes row locks in that order. Answers which commands moved."""
    moved: dict[Any, CommandState] = {}
    by: dict[Any, Command | None] = {}
    for change in seen:
        if change.opened:
            watch = to_watch(watches, change.known.id)
            by[change.known.id] = watch.command if watch else None
            if watch and await opened(work, watch.command, change.at):
                moved[watch.command.id] = S.DOOR_OPENED
        if change.closed:
            for watch in watches:
                command = watch.command
                state = moved.get(command.id, command.state)
                here = command.compartment_id == change.known.id and state is S.DOOR_OPENED
                if here and await closed(work, bank, command, change.at, change.item):
                    moved[command.id] = S.DOOR_CLOSED
    rows = [
        {
            "id": change.known.id, "door": change.door.value, "openings": change.openings, "item": change.item,
            "at": change.at, "source": bank.vendor,
        }
        for change in seen
    ]  # fmt: skip
    if rows:
        await hold(work.conn, bank.tenant_id, [change.known.id for change in seen])
        await lockers.OBSERVE.run(work.conn, tenant_id=bank.tenant_id, seen=rows)
    for change in seen:
        _tell_door(work, bank, change, by.get(change.known.id))
    return moved


def _tell_door(work: Work, bank: Bank, change: Change, command: Command | None) -> None:
    id_, label = change.known.id, change.known.label
    common = {"label": label, "command_id": str(command.id) if command else None, "observed_at": change.at.isoformat()}

    def tell(kind: str, action: str, **more: object) -> None:
        work.emit(
            locker_events.of_compartment(
                kind, bank, id_, {**common, **more}, occurred_at=change.at, source="device", evidence="E3"
            )
        )
        work.audit(Entry(action, "Compartment", id_, bank.site_id, details={**common, **more}))

    if change.opened:
        tell("DoorOpened", "door:opened", was_known=change.was_known)
    if change.closed:
        tell("DoorClosed", "door:closed")
    if change.item_changed:
        tell("ItemChanged", "item:changed", present=change.item)


async def told_service(work: Work, bank: Bank, change: tuple[Any, str, bool]) -> None:
    """The device says a unit is broken, or well again. What people took out of service is theirs to bring back."""
    id_, label, well = change
    before, after = (Service.FAULT, Service.IN_SERVICE) if well else (Service.IN_SERVICE, Service.FAULT)
    reason = None if well else "reported by the device"
    if await lockers.set_service(work.conn, bank.tenant_id, id_, before, after, reason, None):
        payload = {"label": label, "service": after.value, "before": before.value}
        work.emit(locker_events.of_compartment("ServiceChanged", bank, id_, payload, source="device"))
        work.audit(Entry("device:service", "Compartment", id_, bank.site_id, details=payload))


async def unit_found_free(work: Work, bank: Bank, id: Any, label: str) -> None:
    payload = {"label": label}
    work.emit(locker_events.of_compartment("UnitFoundFree", bank, id, payload, source="device", evidence="E1"))
    work.audit(Entry("unit:found_free", "Compartment", id, bank.site_id, details=payload))


async def unit_word(work: Work, bank: Bank, known: Known, unit: Unit) -> None:
    """The vendor's books say something new of a compartment: as late as the vendor itself has heard of it."""
    payload = {"label": known.label, "word": unit.word, "before": known.word}
    fact = locker_events.of_compartment(
        "UnitWordChanged", bank, known.id, payload, occurred_at=unit.observed_at, source="device", evidence="E1"
    )
    work.emit(fact)
    work.audit(Entry("unit:word", "Compartment", known.id, bank.site_id, details=payload))


async def answered(
    work: Work, command: Command, answer: Receipt | DeviceError, *, sensor: bool, codes: PickupCodes
) -> CommandState | None:
    """Write down how a sending ended. None where nothing left us: it may go again."""
    if isinstance(answer, Receipt):
        if answer.outcome is Outcome.OPENED and sensor and command.kind is OrderKind.OPEN:
            return S.DOOR_OPENED
        if answer.unit and command.kind in placing.NAMES and command.stay_id:
            misplaced = await placing.place(work, command, answer.unit)
            if misplaced:
                return S.FAILED if await _refused_place(work, command, misplaced) else None
        return S.ACCEPTED if await accepted(work, command, answer, sensor=sensor, codes=codes) else None
    if isinstance(answer, Unreachable):
        return None
    if isinstance(answer, Ambiguous | ContractBroken):
        done = await unconfirmed(work, command, answer.detail, settled=False)
        return S.UNCONFIRMED if done else None
    reason = answer.reason if isinstance(answer, Refused) else type(answer).__name__
    return S.FAILED if await failed(work, command, answer.detail, reason=reason) else None
