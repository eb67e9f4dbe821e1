"""What people do to banks and compartments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from app.kit import checks
from app.kit.errors import Invalid, NotFound, Reason, Rejected
from app.kit.ids import new_id
from app.lockers import events, queries, store
from app.lockers.model import Bank, Compartment, Service, Size, Withheld
from tenants.audit.model import Entry
from tenants.policy import Permission, authorize
from tenants.work import Work

# As many doors as the largest bank sold has, and some.
MOST_COMPARTMENTS = 500


async def set_service(
    work: Work, compartment: Compartment, after: Service, reason: str, until: datetime | None
) -> None:
    """Out of service or back. The stay in it, if any, goes on: service and use are machines of their own."""
    bank = compartment.bank
    work.enter(bank.tenant_id)
    authorize(work.actor, Permission.COMPARTMENT_SERVICE, bank.site_id)
    reason = checks.text("reason", reason, most=500)
    checks.future("until", until, work.now)
    if until is not None and after is Service.IN_SERVICE:
        raise Invalid("until goes with OUT_OF_SERVICE only.", path=("input", "until"))
    if compartment.service is after:
        raise Rejected(Reason.WRONG_STATE, f"Door {compartment.label} is {after} already.")
    back = after is Service.IN_SERVICE
    row = await store.set_service(
        work.conn, bank.tenant_id, compartment.id, compartment.service, after, None if back else reason, until
    )
    if row is None:
        raise Rejected(Reason.WRONG_STATE, f"Door {compartment.label} was changed by somebody else just now.")
    payload = {"service": after.value, "before": compartment.service.value}
    work.emit(events.of_compartment("ServiceChanged", bank, compartment.id, payload))
    work.audit(
        Entry(
            Permission.COMPARTMENT_SERVICE, "Compartment", compartment.id, bank.site_id, reason=reason, details=payload
        )
    )


@dataclass(frozen=True, slots=True)
class NewCompartment:
    """`taken`: its vendor has somebody or something in it already."""

    label: str
    external_id: str
    size: Size
    row: int
    column: int
    row_span: int = 1
    accessible: bool = False
    taken: bool = False


async def add_bank(work: Work, bank: Bank, compartments: Sequence[NewCompartment]) -> None:
    """Write a bank and its doors. The right to it and its connection are the caller's to settle."""
    rows = [_placed(index, each, work.now) for index, each in enumerate(compartments)]
    _check_doors(rows)
    try:
        await store.add_bank(work.conn, bank)
    except asyncpg.UniqueViolationError as error:
        raise Rejected(
            Reason.ALREADY_EXISTS, "This bank is connected already.", path=("input", "externalId")
        ) from error
    await store.add_compartments(work.conn, bank, rows)
    work.emit(events.of_bank("BankCreated", bank, compartments=len(rows)))
    details = {"label": bank.label, "vendor": bank.vendor, "compartments": len(rows)}
    work.audit(Entry(Permission.BANK_MANAGE, "Bank", bank.id, bank.site_id, details={"act": "create", **details}))


async def add_door(work: Work, bank: Bank, given: NewCompartment, reason: str) -> None:
    """One more compartment behind a bank that is there. The right to it is the caller's to settle."""
    row = _placed(0, given, work.now)
    try:
        await store.add_compartments(work.conn, bank, [row])
    except asyncpg.UniqueViolationError as error:
        raise Rejected(Reason.ALREADY_EXISTS, f"Bank {bank.label} has unit {given.external_id} already.") from error
    payload = {"label": given.label, "size": given.size.value, "external_id": given.external_id}
    work.emit(events.of_compartment("CompartmentAdded", bank, row["id"], payload))
    work.audit(Entry(Permission.BANK_MANAGE, "Compartment", row["id"], bank.site_id, reason=reason, details=payload))


async def correct_door(
    work: Work, bank: Bank, before: Mapping[str, Any], after: Mapping[str, Any], reason: str
) -> None:
    """`before`, `after`: label, size, accessible. A size is not changed under a parcel."""
    label = checks.text("label", after["label"], most=40)
    done = await store.CORRECT.row(
        work.conn, tenant_id=bank.tenant_id, bank_id=bank.id, external_id_=before["external_id"],
        was_label=before["label"], was_size=before["size"], was_accessible=before["accessible"],
        new_label=label, new_size=after["size"], new_accessible=after["accessible"],
    )  # fmt: skip
    if done is None:
        raise Rejected(Reason.STILL_IN_USE, f"Door {before['label']} holds a stay, or was changed just now.")
    names = ("label", "size", "accessible")
    payload = {name: [before[name], after[name]] for name in names if before[name] != after[name]}
    work.emit(events.of_compartment("CompartmentCorrected", bank, done["id"], {"changed": sorted(payload)}))
    work.audit(Entry(Permission.BANK_MANAGE, "Compartment", done["id"], bank.site_id, reason=reason, details=payload))


def _check_doors(rows: Sequence[Mapping[str, Any]]) -> None:
    if not 1 <= len(rows) <= MOST_COMPARTMENTS:
        raise Invalid(f"A bank has 1 to {MOST_COMPARTMENTS} compartments.", path=("input", "compartments"))
    for field, name in (("external_id", "externalId"), ("label", "label")):
        seen: set[object] = set()
        for index, row in enumerate(rows):
            if row[field] in seen:
                raise Invalid(f"{name} is used twice.", path=("input", "compartments", str(index), name))
            seen.add(row[field])


def _placed(index: int, given: NewCompartment, now: datetime) -> dict[str, Any]:
    def named(error: Invalid) -> Invalid:
        return Invalid(error.message, path=("input", "compartments", str(index), *error.path[1:]))

    try:
        checks.within("row", given.row, 1, 100)
        checks.within("column", given.column, 1, 100)
        checks.within("rowSpan", given.row_span, 1, 20)
        label, external = (
            checks.text("label", given.label, most=40),
            checks.text("externalId", given.external_id, most=100),
        )
    except Invalid as error:
        raise named(error) from error
    return {
        "id": new_id(), "external_id": external, "label": label, "size": given.size.value,
        "accessible": given.accessible, "row_no": given.row, "column_no": given.column, "row_span": given.row_span,
        "withheld": Withheld.TAKEN.value if given.taken else None, "withheld_since": now if given.taken else None,
    }  # fmt: skip


async def find_bank(work: Work, id: UUID, field: str) -> Bank:
    """The bank, for somebody who may manage it."""
    bank = await queries.bank(work.conn, work.actor, id)
    if bank is None:
        raise NotFound("There is no such bank.", path=("input", field))
    work.enter(bank.tenant_id)
    authorize(work.actor, Permission.BANK_MANAGE, bank.site_id)
    return bank


async def update_bank(
    work: Work, id: UUID, label: str | None, poll_seconds: float | None, blind_allocation: bool | None = None
) -> None:
    bank = await find_bank(work, id, "bankId")
    if blind_allocation and bank.vendor_chooses:
        raise Rejected(
            Reason.NOT_SUPPORTED, "The vendor of this bank chooses compartments: it must answer for that.",
            path=("input", "blindAllocation"),
        )  # fmt: skip
    label = None if label is None else checks.text("label", label, most=100)
    if poll_seconds is not None:
        checks.within("pollSeconds", poll_seconds, 0.5, 3600)
    given = {"label": label, "poll_seconds": poll_seconds, "blind_allocation": blind_allocation}
    await store.CHANGE_BANK.row(work.conn, tenant_id=bank.tenant_id, bank_id=bank.id, **given)
    changed = {name: value for name, value in given.items() if value is not None}
    work.emit(events.of_bank("BankChanged", bank, fields=sorted(changed)))
    work.audit(Entry(Permission.BANK_MANAGE, "Bank", bank.id, bank.site_id, details={"act": "update", **changed}))


async def delete_bank(work: Work, bank: Bank) -> None:
    """Only a bank nothing ever happened at: history keeps its places."""
    try:
        await store.REMOVE_COMPARTMENTS.run(work.conn, tenant_id=bank.tenant_id, bank_id=bank.id)
        await store.REMOVE_BANK.run(work.conn, tenant_id=bank.tenant_id, bank_id=bank.id)
    except asyncpg.ForeignKeyViolationError as error:
        raise Rejected(Reason.STILL_IN_USE, f"Bank {bank.label} has stays or commands on record.") from error
    work.emit(events.of_bank("BankDeleted", bank))
    work.audit(
        Entry(Permission.BANK_MANAGE, "Bank", bank.id, bank.site_id, details={"act": "delete", "label": bank.label})
    )
