"""Reads of sites that the core itself needs, each within a scope."""

from functools import cache
from uuid import UUID

from sqlalchemy import bindparam, select

from app.kit.db import Conn, Row, Statement
from app.kit.tables import Uuid
from app.sites.shape import visible
from app.sites.tables import sites
from tenants.model import Actor
from tenants.scope import Scope, context_parameters


@cache
def _site(scope: Scope) -> Statement:
    return Statement(
        select(sites.c.tenant_id, sites.c.id, sites.c.name, sites.c.timezone)
        .where(sites.c.id == bindparam("id", type_=Uuid), visible(scope))
        .with_for_update(key_share=True)
    )


async def site(conn: Conn, actor: Actor, id: UUID) -> Row | None:
    """The row, locked for this act; None when there is none, or none this actor may see."""
    return await _site(Scope.of(actor)).row(conn, id=id, **context_parameters(actor))
