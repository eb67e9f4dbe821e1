"""Reads of accounts and surveys that the core itself needs, each within a scope."""

from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from app.kit.db import Conn, Row, Statement
from app.kit.tables import Time, Uuid
from app.vendors.model import SurveyState
from app.vendors.shape import survey_visible
from app.vendors.tables import surveys
from tenants.model import Actor
from tenants.scope import Scope, context_parameters

_ID = bindparam("id", type_=Uuid)
# Longer than any survey takes: who began it is dead.
DEAD: ColumnElement[Any] = literal_column("interval '2 minutes'")
_BEGUN_BY_THE_DEAD = surveys.c.started_at < bindparam("now", type_=Time) - DEAD
# The oldest of each tenant, of all tenants. For the worker.
WAITING = Statement(
    select(surveys.c.tenant_id, surveys.c.id)
    .ext(distinct_on(surveys.c.tenant_id))
    .where(literal_column("state IN ('WAITING', 'RUNNING')"))
    .where(or_(surveys.c.state == SurveyState.WAITING.value, _BEGUN_BY_THE_DEAD))
    .order_by(surveys.c.tenant_id, surveys.c.requested_at)
)
_OF_ACCOUNT = surveys.c.connection_id == bindparam("connection_id", type_=Uuid)
_UNANSWERED = Statement(
    select(func.count().label("all"), func.count().filter(_OF_ACCOUNT).label("here")).where(
        surveys.c.tenant_id == bindparam("tenant_id", type_=Uuid), literal_column("state IN ('WAITING', 'RUNNING')")
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


async def unanswered(conn: Conn, tenant_id: UUID, connection_id: UUID) -> tuple[int, int]:
    """How many surveys have not ended: over an account, and of its tenant in all."""
    row = await _UNANSWERED.row(conn, tenant_id=tenant_id, connection_id=connection_id)
    assert row is not None, "a count has a row"
    return row["here"], row["all"]


async def latest(conn: Conn, tenant_id: UUID, connection_id: UUID, since: datetime) -> Row | None:
    """The latest survey of a whole account that was answered since then."""
    return await _LATEST.row(conn, tenant_id=tenant_id, connection_id=connection_id, since=since)


async def survey(conn: Conn, actor: Actor, id: UUID) -> Row | None:
    """None when there is none, or none this actor may see."""
    return await _survey(Scope.of(actor)).row(conn, id=id, **context_parameters(actor))
