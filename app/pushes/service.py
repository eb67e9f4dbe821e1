"""Taking in what a vendor posted: kept once, and the bank it is about is looked at again."""

from collections.abc import Iterable
from uuid import UUID

from app.devices import store as devices
from app.devices.port import Pushed
from app.kit.events import Fact
from app.lockers import queries as lockers
from app.lockers.model import Bank
from app.pushes import store
from tenants.audit.model import Entry
from tenants.work import Work


async def receive(work: Work, connection_id: UUID, pushed: Iterable[Pushed]) -> int:
    """How many were new. The vendor's signature was checked by who calls this."""
    banks: dict[str, Bank] = {}
    for bank in await lockers.banks_of(work.conn, work.tenant, connection_id):
        banks[bank.external_id] = bank
    fresh = 0
    for each in pushed:
        if not await store.keep(work.conn, work.tenant, connection_id, each, work.now):
            continue
        fresh += 1
        bank_or_none = banks.get(each.bank)
        if bank_or_none is not None:
            _tell(work, bank_or_none, each)
            await devices.hint(work.conn, bank_or_none.id)
    return fresh


def _tell(work: Work, bank: Bank, pushed: Pushed) -> None:
    payload = {
        "what": pushed.what,
        "kind": pushed.kind.value,
        "unit": pushed.unit,
        "word": pushed.word.value if pushed.word else None,
        "at": pushed.at.isoformat(),
    }
    work.emit(Fact("VendorPushed", "Bank", bank.id, payload, bank.site_id, bank.id, source="device"))
    work.audit(Entry("vendor:pushed", "Bank", bank.id, bank.site_id, details=payload))
