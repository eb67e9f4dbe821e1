"""Writing down whether a bank answers and what is withheld at it. Only its keeper calls it, in a Work of its tenant."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from app.contact.model import Contact, Doubts
from app.devices.queries import nothing_asked
from app.lockers import events
from app.lockers import store as lockers
from app.lockers.model import Bank, Withheld
from app.lockers.queries import hold
from tenants.audit.model import Entry
from tenants.model import AuditOutcome
from tenants.work import Work

_SILENT = lockers.withhold(Withheld.SILENT)
# What a stay of ours explains is nobody's news, and what a vendor has yet to be told explains what its books say.
_TAKEN = lockers.withhold(Withheld.TAKEN, nothing_asked)


async def unreachable(work: Work, bank: Bank, since: datetime, detail: str) -> None:
    if await lockers.UNREACHABLE.row(work.conn, tenant_id=bank.tenant_id, bank_id=bank.id, since=since):
        work.emit(events.of_bank("BankUnreachable", bank, since=since.isoformat(), detail=detail))
        details = {"detail": detail}
        work.audit(
            Entry("bank:unreachable", "Bank", bank.id, bank.site_id, outcome=AuditOutcome.FAILED, details=details)
        )


async def reachable(work: Work, bank: Bank) -> None:
    if await lockers.REACHABLE.row(work.conn, tenant_id=bank.tenant_id, bank_id=bank.id):
        work.emit(events.of_bank("BankReachable", bank))
        work.audit(Entry("bank:reachable", "Bank", bank.id, bank.site_id))


async def strange(work: Work, bank: Bank, unit: str | None, what: str, raw: str | None) -> None:
    """Something nobody has words for: kept raw, an alarm follows, nothing crashes. Without `raw`: said no more."""
    kind = "StatusUnderstood" if raw is None else "StatusUnmapped"
    work.emit(events.of_bank(kind, bank, unit=unit, what=what, raw=raw))


async def doubt(
    work: Work, bank: Bank, contact: Contact, doubts: Doubts, labels: Mapping[UUID, str], *, by: str
) -> set[UUID]:
    """Answers which of those taken are withheld now. `by`: whose word it is, BOOKS or SENSOR."""
    given = {"tenant_id": bank.tenant_id, "bank_id": bank.id}
    await hold(work.conn, bank.tenant_id, doubts.heard + doubts.free + doubts.silent + doubts.taken)
    for before, ids in ((Withheld.SILENT, doubts.heard), (Withheld.TAKEN, doubts.free)):
        if ids:
            rows = await lockers.GIVE_BACK.rows(work.conn, **given, ids=list(ids), before=before.value)
            _tell(work, bank, "UnitGivenBack", (row["id"] for row in rows), labels, why=before, by=by)
    if doubts.silent:
        since = [contact.told[id_].at for id_ in doubts.silent]
        rows = await _SILENT.rows(work.conn, **given, ids=list(doubts.silent), since=since)
        _tell(work, bank, "UnitWithheld", (row["id"] for row in rows), labels, why=Withheld.SILENT, by=by)
    if not doubts.taken:
        return set()
    since = [work.now] * len(doubts.taken)
    rows = await _TAKEN.rows(work.conn, **given, ids=list(doubts.taken), since=since)
    taken = {row["id"] for row in rows}
    _tell(work, bank, "UnitWithheld", taken, labels, why=Withheld.TAKEN, by=by)
    return taken


def _tell(work: Work, bank: Bank, kind: str, ids: Iterable[UUID], labels: Mapping[UUID, str], **given: str) -> None:
    action = {"UnitWithheld": "unit:withheld", "UnitGivenBack": "unit:given_back"}[kind]
    for id_ in ids:
        payload: dict[str, object] = {"label": labels.get(id_), **given}
        work.emit(events.of_compartment(kind, bank, id_, payload, source="device", evidence="E1"))
        work.audit(Entry(action, "Compartment", id_, bank.site_id, details=payload))
