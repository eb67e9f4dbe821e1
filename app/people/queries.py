"""Reads of people that the core itself needs. No name leaves here, but to a vendor that must know its recipients."""

from functools import cache
from hmac import compare_digest
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, outerjoin, select

from app.kit.db import Conn, Row, Statement
from app.kit.tables import Uuid
from app.people.model import PersonKind
from app.people.shape import visible
from app.people.tables import contacts, people
from tenants.model import Actor
from tenants.scope import Scope, context_parameters

_KIND = Statement(
    select(people.c.kind).where(
        people.c.tenant_id == bindparam("tenant_id", type_=Uuid), people.c.id == bindparam("id", type_=Uuid),
        people.c.deleted_at.is_(None),
    )
)  # fmt: skip


def exists(tenant: ColumnElement[Any], id: ColumnElement[Any]) -> ColumnElement[bool]:
    """For other modules' guards: such a person is there, and was not deleted."""
    found: Select[Any] = select(1).where(people.c.tenant_id == tenant, people.c.id == id, people.c.deleted_at.is_(None))
    return found.exists()


_PERSONAL_ID = Statement(
    select(people.c.personal_id).where(
        people.c.tenant_id == bindparam("tenant_id", type_=Uuid), people.c.id == bindparam("id", type_=Uuid),
        people.c.kind == PersonKind.DEPARTMENT.value, people.c.deleted_at.is_(None),
    )
)  # fmt: skip
_CARD = Statement(
    select(people.c.name, people.c.email, people.c.phone, people.c.personal_id, contacts.c.external_id)
    .select_from(
        outerjoin(
            people, contacts,
            and_(
                contacts.c.tenant_id == people.c.tenant_id, contacts.c.person_id == people.c.id,
                contacts.c.connection_id == bindparam("connection_id", type_=Uuid),
            ),
        )
    )
    .where(people.c.tenant_id == bindparam("tenant_id", type_=Uuid), people.c.id == bindparam("id", type_=Uuid))
    .where(people.c.deleted_at.is_(None))
)  # fmt: skip


@cache
def _person(scope: Scope) -> Statement:
    return Statement(
        select(people.c.tenant_id, people.c.id, people.c.kind)
        .where(people.c.id == bindparam("id", type_=Uuid), visible(scope))
        .with_for_update(key_share=True)
    )


async def kind(conn: Conn, tenant_id: UUID, id: UUID) -> PersonKind | None:
    """None when there is no such person in this tenant."""
    word = await _KIND.value(conn, tenant_id=tenant_id, id=id)
    return None if word is None else PersonKind(word)


async def card(conn: Conn, tenant_id: UUID, connection_id: UUID, id: UUID) -> Row | None:
    """What a vendor's address book needs of a person, with `external_id` where it has them already."""
    return await _CARD.row(conn, tenant_id=tenant_id, connection_id=connection_id, id=id)


async def collects_for(conn: Conn, tenant_id: UUID, id: UUID | None, personal_id: str) -> bool:
    """Whether this is what the members of the department with this id collect with; a recipient has no such thing."""
    known = await _PERSONAL_ID.value(conn, tenant_id=tenant_id, id=id) if id else None
    return known is not None and compare_digest(known.encode(), personal_id.encode())


async def person(conn: Conn, actor: Actor, id: UUID) -> Row | None:
    """The row, locked for this act; None when there is none, or none this actor may see."""
    return await _person(Scope.of(actor)).row(conn, id=id, **context_parameters(actor))
