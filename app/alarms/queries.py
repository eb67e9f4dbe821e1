"""Reads of alarms that the core itself needs."""

from functools import cache
from uuid import UUID

from sqlalchemy import bindparam, select

from app.alarms.shape import visible
from app.alarms.tables import alarms
from app.kit.db import Conn, Row, Statement
from app.kit.tables import Uuid
from tenants.model import Actor
from tenants.scope import Scope, context_parameters

TOLD = [
    alarms.c.tenant_id, alarms.c.id, alarms.c.site_id, alarms.c.bank_id, alarms.c.compartment_id, alarms.c.kind,
    alarms.c.severity, alarms.c.condition, alarms.c.repeats, alarms.c.risen_at,
]  # fmt: skip


@cache
def _alarm(scope: Scope) -> Statement:
    found = select(*TOLD).where(alarms.c.id == bindparam("id", type_=Uuid), visible(scope))
    return Statement(found.with_for_update(key_share=True))


async def alarm(conn: Conn, actor: Actor, id: UUID) -> Row | None:
    """The alarm, locked for this act; None when there is none, or none this actor may see."""
    return await _alarm(Scope.of(actor)).row(conn, id=id, **context_parameters(actor))
