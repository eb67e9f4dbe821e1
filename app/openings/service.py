"""Several doors at once: asked for by one person, decided by another, then a command for each door."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from app.devices import service as hardware
from app.devices.model import Purpose
from app.devices.service import Cause
from app.kit import checks
from app.kit.db import Row, savepoint
from app.kit.errors import Denied, FailedRule, Invalid, NotFound, Reason, Rejected
from app.kit.ids import new_id
from app.lockers import queries as lockers
from app.lockers.model import Bank
from app.openings import events, queries, store
from app.openings.model import LEAST, MOST, PATIENCE, OpeningState, patience
from app.stays import queries as stays
from tenants.audit.model import Entry
from tenants.model import ActorKind
from tenants.policy import Permission, authorize
from tenants.work import Work


@dataclass(frozen=True, slots=True)
class AskOpening:
    """`compartment_ids`: None means every door of the bank."""

    bank_id: UUID
    compartment_ids: tuple[UUID, ...] | None
    reason: str


async def ask(work: Work, given: AskOpening) -> UUID:
    """Nothing opens yet: a second person who may open doors here has to approve."""
    bank = await lockers.bank(work.conn, work.actor, given.bank_id)
    if bank is None:
        raise NotFound("There is no such bank.", path=("input", "bankId"))
    work.enter(bank.tenant_id)
    _authorize(work, bank.site_id)
    reason = checks.text("reason", given.reason, most=500)
    doors = await _doors(work, bank, given.compartment_ids)
    id_ = new_id()
    row = {"id": id_, "site_id": bank.site_id, "bank_id": bank.id, "compartment_ids": doors}
    await store.ADD.run(
        work.conn, tenant_id=work.tenant, all_doors=given.compartment_ids is None, reason=reason,
        requested_by=work.actor.account_id, requested_by_name=work.actor.label, requested_at=work.now,
        expires_at=work.now + PATIENCE, **row,
    )  # fmt: skip
    work.emit(events.of_opening("OpeningAsked", row))
    details = {"act": "ask_several", "bank": str(bank.id), "doors": len(doors)}
    work.audit(Entry(Permission.COMPARTMENT_OPEN, "Opening", id_, bank.site_id, reason=reason, details=details))
    return id_


async def decide(work: Work, id: UUID, *, approve: bool, comment: str | None) -> UUID:
    """Approved by somebody else than who asked, and a program's key is nobody to approve; then every door that can be
    opened now gets a command of its own. Who asked may take it back."""
    row = await queries.opening(work.conn, work.actor, id)
    if row is None:
        raise NotFound("There is no such request.", path=("input", "openingId"))
    work.enter(row["tenant_id"])
    _authorize(work, row["site_id"])
    if approve and row["requested_by"] == work.actor.account_id:
        rule = FailedRule("second person", "somebody else than who asked", "the same person")
        raise Denied("Somebody else must decide this.", permission=Permission.COMPARTMENT_OPEN, failed=(rule,))
    if approve and work.actor.kind is not ActorKind.PERSON:
        rule = FailedRule("person", "a person signed in", "a program's key")
        raise Denied("A person must approve this.", permission=Permission.COMPARTMENT_OPEN, failed=(rule,))
    said = checks.optional_text("comment", comment, most=500) or None
    after = OpeningState.APPROVED if approve else OpeningState.REJECTED
    done = await store.DECIDE.row(
        work.conn, of_tenant=work.tenant, id_=id, now=work.now, after=after.value, by=work.actor.account_id,
        by_name=work.actor.label, said=said,
    )  # fmt: skip
    if done is None:
        raise Rejected(Reason.TOO_LATE, "This request was decided already, or nobody decided it in time.")
    commands = await _open_each(work, row) if approve else []
    await store.SET_COMMANDS.run(work.conn, of_tenant=work.tenant, id_=id, commands=commands)
    word = "approved" if approve else "rejected"
    work.emit(events.of_opening(f"Opening{word.title()}", row, commands=len(commands)))
    details = {"act": word, "doors": len(row["compartment_ids"]), "commands": len(commands)}
    work.audit(Entry(Permission.COMPARTMENT_OPEN, "Opening", id, row["site_id"], reason=said, details=details))
    return id


def _authorize(work: Work, site_id: UUID) -> None:
    authorize(work.actor, Permission.COMPARTMENT_OPEN, site_id)
    if work.actor.is_outside:
        rule = FailedRule("organization", "a member of the operator", work.actor.role)
        raise Denied("Only the operator's people open several doors.", permission=Permission.COMPARTMENT_OPEN,
                     failed=(rule,))  # fmt: skip


async def _doors(work: Work, bank: Bank, chosen: Sequence[UUID] | None) -> list[UUID]:
    known = [row["id"] for row in await lockers.doors(work.conn, bank)]
    if chosen is not None and set(chosen) - set(known):
        raise NotFound("The bank has no such compartment.", path=("input", "compartmentIds"))
    doors = known if chosen is None else list(dict.fromkeys(chosen))
    if not LEAST <= len(doors) <= MOST:
        why = f"Name {LEAST} to {MOST} doors; one alone is opened without a second person."
        raise Invalid(why, path=("input", "compartmentIds"))
    return doors


async def _open_each(work: Work, row: Row) -> list[UUID]:
    """A door that is being opened already, or went away meanwhile, is left out; what the bank cannot do refuses all."""
    commands, within = [], patience(len(row["compartment_ids"]))
    for id_ in row["compartment_ids"]:
        door = await lockers.standing(work.conn, work.tenant, id_)
        if door is None:
            continue
        stay = await stays.open_in(work.conn, work.tenant, id_)
        cause = Cause(Purpose.NONE, row["reason"], opening_id=row["id"])
        if stay is not None:
            cause = replace(cause, purpose=Purpose.OVERRIDE, stay_id=stay.id, carrier_id=stay.carrier_id)
        try:
            # A savepoint: the index that allows one opening a door would otherwise undo the others too.
            async with savepoint(work.conn):
                commands.append((await hardware.request_open(work, door, cause, within)).id)
        except Rejected as error:
            if error.reason is not Reason.COMMAND_PENDING:
                raise
    return commands
