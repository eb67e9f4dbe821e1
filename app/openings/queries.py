"""Reads of requests to open several doors that the core itself needs, each within a scope."""

from functools import cache
from uuid import UUID

from sqlalchemy import bindparam, select

from app.kit.db import Conn, Row, Statement
from app.kit.tables import Uuid
from app.openings.shape import visible
from app.openings.tables import openings
from tenants.model import Actor
from tenants.scope import Scope, context_parameters


@cache
def _opening(scope: Scope) -> Statement:
    return Statement(select(*openings.c).where(openings.c.id == bindparam("id", type_=Uuid), visible(scope)))


async def opening(conn: Conn, actor: Actor, id: UUID) -> Row | None:
    """None when there is none, or none this actor may see."""
    return await _opening(Scope.of(actor)).row(conn, id=id, **context_parameters(actor))
