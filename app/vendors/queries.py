"""Reads of accounts and surveys that the core itself needs, each within a scope."""

from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import bindparam, func, literal_column, select

from app.kit.db import Conn, Row, Statement
from app.kit.tables import Time, Uuid
from app.vendors.model import SurveyState
from app.vendors.shape import survey_visible
from app.vendors.tables import surveys
from tenants.model import Actor
from tenants.scope import Scope, context_parameters

_ID = bindparam("id", type_=Uuid)
# A busy hour: the rest waits its turn.
MOST_WAITING = 20
WAITING = Statement(
    select(surveys.c.tenant_id, surveys.c.id)
    .where(literal_column("state IN ('WAITING', 'RUNNING')"))
    .order_by(surveys.c.requested_at)
    .limit(MOST_WAITING)
)
_UNANSWERED = Statement(
    select(func.count()).where(
        surveys.c.tenant_id == bindparam("tenant_id", type_=Uuid),
        surveys.c.connection_id == bindparam("connection_id", type_=Uuid),
        literal_column("state IN ('WAITING', 'RUNNING')"),
    )
)


_LATEST = Statement(
    select(*surveys.c)
    .where(
        surveys.c.tenant_id == bindparam("tenant_id", type_=Uuid),
        surveys.c.connection_id == bindparam("connection_id", type_=Uuid),
        surveys.c.bank_id.is_(None), surveys.c.state == SurveyState.READY.value,
        surveys.c.finished_at > bindparam("since", type_=Time),
    )
    .order_by(surveys.c.finished_at.desc())
    .limit(1)
)  # fmt: skip


@cache
def _survey(scope: Scope) -> Statement:
    return Statement(select(*surveys.c).where(surveys.c.id == _ID, survey_visible(scope)))


async def unanswered(conn: Conn, tenant_id: UUID, connection_id: UUID) -> int:
    """How many surveys over an account have not ended."""
    found: int = await _UNANSWERED.value(conn, tenant_id=tenant_id, connection_id=connection_id)
    return found


async def latest(conn: Conn, tenant_id: UUID, connection_id: UUID, since: datetime) -> Row | None:
    """The latest survey of a whole account that was answered since then."""
    return await _LATEST.row(conn, tenant_id=tenant_id, connection_id=connection_id, since=since)


async def survey(conn: Conn, actor: Actor, id: UUID) -> Row | None:
    """None when there is none, or none this actor may see."""
    return await _survey(Scope.of(actor)).row(conn, id=id, **context_parameters(actor))
