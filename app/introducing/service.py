"""Entering people into a vendor's address book before a reservation names them."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

from app.devices.port import (
    Adapter,
    Ambiguous,
    Contact,
    ContractBroken,
    KeepsContacts,
    Order,
    OrderKind,
    Unreachable,
)
from app.kit.db import Database
from app.lockers.model import Bank
from app.people import queries as people
from app.people import store
from tenants.audit.model import Entry
from tenants.work import Work

# Runs an act in a Work of the bank's tenant.
Write = Callable[[Callable[[Work], Awaitable[None]]], Awaitable[None]]


async def introduced(db: Database, write: Write, bank: Bank, adapter: Adapter, order: Order) -> Order:
    """Where the vendor keeps an address book, whom a reservation names stands in it before the reservation is made."""
    if order.kind is not OrderKind.RESERVE or not isinstance(adapter, KeepsContacts):
        return order
    try:
        contact = await _known_as(db, write, bank, adapter, order.contact)
        return replace(order, contact=contact, depositor=await _known_as(db, write, bank, adapter, order.depositor))
    except (Ambiguous, ContractBroken) as error:
        # Of the reservation itself nothing has left us.
        raise Unreachable(error.detail) from error


async def _known_as(db: Database, write: Write, bank: Bank, adapter: KeepsContacts, id_: str | None) -> str | None:
    """The vendor's id of a person, who is added where it has none. Who is no person of ours keeps the given id."""
    async with db.tenant([bank.tenant_id]) as conn:
        found = await people.card(conn, bank.tenant_id, bank.connection_id, UUID(id_)) if id_ else None
    if found is None or found["external_id"]:
        return found["external_id"] if found else id_
    person_id = UUID(id_)
    named = await adapter.add_contact(
        Contact(found["personal_id"] or str(id_), found["name"], found["email"], found["phone"])
    )

    async def told(work: Work) -> None:
        """The vendor's address book has the person now; that it was told who they are is on record."""
        given = {"connection_id": bank.connection_id, "person_id": person_id, "external_id": named}
        await store.KNOWN_AS.run(work.conn, tenant_id=bank.tenant_id, **given)
        work.audit(Entry("person:introduced", "Person", person_id, bank.site_id, details={"vendor": bank.vendor}))

    await write(told)
    return named
