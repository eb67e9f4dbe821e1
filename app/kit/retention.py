"""Forgetting what is no longer kept: spent idempotency keys after a day, facts after a year and some."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import BigInteger, bindparam, delete, func, select

from app.kit.clock import Clock, utc_now
from app.kit.db import Database, Statement
from app.kit.outbox import fact_heads, facts, idempotency_keys
from app.kit.tables import Time, Uuid

KEYS_KEPT = timedelta(hours=24)
FACTS_KEPT = timedelta(days=400)
_AT_ONCE = 5_000

_before = bindparam("before", type_=Time)
_of = bindparam("of_tenant", type_=Uuid)

_KEY_TENANTS = Statement(select(idempotency_keys.c.tenant_id).where(idempotency_keys.c.created_at < _before).distinct())
_DROP_KEYS = Statement(
    delete(idempotency_keys).where(idempotency_keys.c.tenant_id == _of, idempotency_keys.c.created_at < _before)
)
_FACT_TENANTS = Statement(select(fact_heads.c.tenant_id))
_oldest = (
    select(facts.c.sequence, facts.c.recorded_at)
    .where(facts.c.tenant_id == _of)
    .order_by(facts.c.sequence)
    .limit(bindparam("size", type_=BigInteger))
    .subquery("oldest")
)
# Always the beginning of the sequence and never a piece out of it: a consumer can tell from the first one left.
_DROP_FACTS = Statement(
    delete(facts).where(
        facts.c.tenant_id == _of,
        facts.c.sequence
        <= select(func.max(_oldest.c.sequence)).where(_oldest.c.recorded_at < _before).scalar_subquery(),
    )
)


async def drop_spent_keys(db: Database, clock: Clock = utc_now) -> int:
    """Keys older than a day: their requests can no longer be repeated safely, and nobody should try."""
    before = clock() - KEYS_KEPT
    async with db.pool.acquire() as conn:
        due = [row["tenant_id"] for row in await _KEY_TENANTS.rows(conn, before=before)]
    dropped = 0
    for tenant in due:
        async with db.tenant([tenant]) as conn:
            dropped += await _DROP_KEYS.run(conn, of_tenant=tenant, before=before)
    return dropped


async def drop_old_facts(db: Database, clock: Clock = utc_now) -> int:
    before = clock() - FACTS_KEPT
    async with db.pool.acquire() as conn:
        tenants = [row["tenant_id"] for row in await _FACT_TENANTS.rows(conn)]
    return sum([await _drop_facts(db, tenant, before) for tenant in tenants])


async def _drop_facts(db: Database, tenant: UUID, before: datetime) -> int:
    dropped = 0
    while True:
        async with db.tenant([tenant]) as conn:
            some = await _DROP_FACTS.run(conn, of_tenant=tenant, before=before, size=_AT_ONCE)
        dropped += some
        if some < _AT_ONCE:
            return dropped
