"""Making people known to a vendor that keeps an address book. Called by a bank's keeper alone."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from uuid import UUID

from app.devices.port import Adapter, Ambiguous, Contact, ContractBroken, KeepsContacts, Order, OrderKind, Unreachable
from app.kit.db import Database
from app.lockers import queries as lockers
from app.lockers.model import Bank
from app.people import queries
from app.people import store as people
from tenants.audit.model import Entry
from tenants.work import Work

Write = Callable[[Callable[[Work], Awaitable[None]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Introductions:
    """At one bank. `write` does something in a Work of its tenant."""

    db: Database
    bank: Bank
    write: Write

    async def made(self, adapter: Adapter, order: Order) -> Order:
        """Whom a reservation names stands in the address book before it is made, and is named as it is there."""
        if order.kind is not OrderKind.RESERVE or not isinstance(adapter, KeepsContacts):
            return order
        try:
            contact = await self._known_as(adapter, order.contact)
            return replace(order, contact=contact, depositor=await self._known_as(adapter, order.depositor))
        except (Ambiguous, ContractBroken) as error:
            # Of the reservation itself nothing has left us.
            raise Unreachable(error.detail) from error

    async def _known_as(self, adapter: KeepsContacts, id_: str | None) -> str | None:
        """The vendor's id of a person, who is added where it has none. An id of no person of ours stands for nobody."""
        if id_ is None:
            return None
        bank = self.bank
        async with self.db.tenant([bank.tenant_id]) as conn:
            found = await queries.card(conn, bank.tenant_id, bank.connection_id, UUID(id_))
        if found is None:
            return await adapter.stand_in()
        if found["external_id"]:
            return str(found["external_id"])
        person = Contact(found["personal_id"] or id_, found["name"], found["email"], found["phone"])
        named = await adapter.add_contact(person)
        await self.write(lambda work: _introduced(work, bank, UUID(id_), named))
        return named


async def forget(work: Work, connection_id: UUID) -> None:
    """The account leads elsewhere from now on: another address book knows nobody by these ids."""
    await people.STRANGERS.run(work.conn, tenant_id=work.tenant, through=connection_id)


async def _introduced(work: Work, bank: Bank, person_id: UUID, named: str) -> None:
    """The vendor's address book has the person now; that it was told who they are is on record. By an id of where the
    account led before, nobody is known."""
    if not await lockers.unrevised(work.conn, bank):
        return
    given = {"connection_id": bank.connection_id, "person_id": person_id, "external_id": named}
    await people.KNOWN_AS.run(work.conn, tenant_id=bank.tenant_id, **given)
    work.audit(Entry("person:introduced", "Person", person_id, bank.site_id, details={"vendor": bank.vendor}))
