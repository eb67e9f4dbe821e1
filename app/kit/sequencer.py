"""Gives every fact its place: a dense sequence per tenant, and the audit seal; in batches, soon after commit."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy import ARRAY, CTE, BigInteger, all_, bindparam, column, delete, func, insert, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert

from app.kit import measures
from app.kit.bus import LOST, Bus
from app.kit.clock import Clock, utc_now
from app.kit.db import SET_TENANT, Conn, Database, Row, Statement
from app.kit.lease import lease
from app.kit.outbox import fact_heads, facts, outbox
from app.kit.pause import pause
from app.kit.tables import Uuid

# Seal these audit entries, in this order, on this connection, in this transaction.
Seal = Callable[[Conn, Mapping[UUID, list[UUID]]], Awaitable[None]]

log = logging.getLogger("lockyard.sequencer")

BATCH = 500
_IDLE_SECONDS = (0.02, 0.02, 0.02, 0.03, 0.04, 0.05)
_ASIDE_SECONDS = 5.0

_KEPT = (
    "id", "kind", "version", "subject_type", "subject_id", "site_id", "bank_id", "carrier_id", "occurred_at", "source",
    "evidence", "actor_id", "payload", "trace_id",
)  # fmt: skip

PICK = Statement(
    select(outbox.c.tenant_id, outbox.c.id)
    .where(outbox.c.tenant_id != all_(bindparam("aside", type_=ARRAY(Uuid))))
    .order_by(outbox.c.id)
    .limit(bindparam("size", type_=BigInteger))
)


def _taken() -> CTE:
    """The batch's rows, out of the outbox."""
    picked = (
        func.unnest(bindparam("tenants", type_=ARRAY(Uuid)), bindparam("ids", type_=ARRAY(BigInteger)))
        .table_valued(column("tenant_id", Uuid), column("id", BigInteger))
        .render_derived(name="picked")
    )
    return (
        delete(outbox)
        .where(outbox.c.tenant_id == picked.c.tenant_id, outbox.c.id == picked.c.id)
        .returning(*outbox.c)
        .cte("taken")
    )


def _counted(taken: CTE) -> CTE:
    """Per tenant: how many facts, how old, and the audit entries in their order."""
    audits = func.array_agg(aggregate_order_by(taken.c.audit_id, taken.c.id))
    return (
        select(
            taken.c.tenant_id,
            func.count(taken.c.fact_id).label("facts"),
            func.min(taken.c.occurred_at).label("oldest"),
            audits.filter(taken.c.audit_id.is_not(None)).label("audits"),
        )
        .group_by(taken.c.tenant_id)
        .cte("counted")
    )


def _moved(counted: CTE) -> CTE:
    """The heads, moved on by as many."""
    moved = upsert(fact_heads).from_select(
        ["tenant_id", "sequence"],
        # Sorted, so that two sequencers (a lock lost and found again) wait for each other and never in a circle.
        select(counted.c.tenant_id, counted.c.facts).where(counted.c.facts > 0).order_by(counted.c.tenant_id),
    )
    return (
        moved.on_conflict_do_update(
            index_elements=[fact_heads.c.tenant_id],
            set_={"sequence": fact_heads.c.sequence + moved.excluded.sequence},
        )
        .returning(fact_heads.c.tenant_id, fact_heads.c.sequence)
        .cte("head")
    )


def _place() -> Statement:
    """One statement for a batch: take the rows out, move the heads, write the facts; a row per tenant comes back."""
    taken = _taken()
    counted = _counted(taken)
    head = _moved(counted)
    place = func.row_number().over(partition_by=taken.c.tenant_id, order_by=taken.c.id)
    rows = (
        select(
            taken.c.tenant_id,
            head.c.sequence - counted.c.facts + place,
            taken.c.fact_id,
            *(taken.c[name] for name in _KEPT[1:]),
        )
        .join(head, head.c.tenant_id == taken.c.tenant_id)
        .join(counted, counted.c.tenant_id == taken.c.tenant_id)
        .where(taken.c.fact_id.is_not(None))
    )
    written = insert(facts).from_select(["tenant_id", "sequence", *_KEPT], rows).cte("written")
    return Statement(
        select(counted, head.c.sequence)
        .outerjoin_from(counted, head, head.c.tenant_id == counted.c.tenant_id)
        .add_cte(written)
    )


PLACE = _place()


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction placed."""

    rows: int
    heads: Mapping[UUID, int]
    oldest: datetime | None = None


class Sequencer:
    """Single by an advisory lock held by the very connection that does the work; a standby takes over when it dies."""

    def __init__(self, db: Database, seal: Seal, bus: Bus, *, clock: Clock = utc_now, batch: int = BATCH) -> None:
        self._db, self._seal, self._bus, self._clock, self._batch = db, seal, bus, clock, batch
        self._aside: dict[UUID, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; a batch begun is finished. Survives every loss of the database."""
        while not stop.is_set():
            try:
                async with lease(self._db, "sequencer", stop) as conn:
                    if conn is not None:
                        log.info("sequencing")
                        await self._poll(conn, stop)
            except LOST as error:
                log.warning("sequencing interrupted: %s", type(error).__name__)
                await pause(stop, 0.2)

    async def _poll(self, conn: Conn, stop: asyncio.Event) -> None:
        idle = 0
        while not stop.is_set():
            rows = await self.step(conn)
            if rows >= self._batch:
                continue
            idle = 0 if rows else min(idle + 1, len(_IDLE_SECONDS) - 1)
            await pause(stop, _IDLE_SECONDS[idle])

    async def step(self, conn: Conn) -> int:
        """Place what waits, at most one batch; the number of outbox rows it found."""
        picked = await PICK.rows(conn, aside=self._put_aside(), size=self._batch)
        if not picked:
            return 0
        try:
            self._count(await self.place(conn, picked))
        except LOST:
            raise
        except (asyncpg.PostgresError, ValueError, LookupError):
            log.exception("a batch of %s rows cannot be placed; each tenant is tried alone", len(picked))
            await self._one_by_one(conn, picked)
        return len(picked)

    async def place(self, conn: Conn, picked: list[Row]) -> Batch:
        """One transaction: all of it or nothing of it, whatever dies in between."""
        tenants = {row["tenant_id"] for row in picked}
        async with conn.transaction():
            await conn.execute(SET_TENANT, ",".join(map(str, tenants)), "")
            placed = await PLACE.rows(
                conn, tenants=[row["tenant_id"] for row in picked], ids=[row["id"] for row in picked]
            )
            entries = {row["tenant_id"]: row["audits"] for row in placed if row["audits"]}
            if entries:
                await self._seal(conn, entries)
            heads = {row["tenant_id"]: row["sequence"] for row in placed if row["sequence"] is not None}
            if heads:
                await self._bus.announce(conn, heads)
        await self._bus.committed(heads)
        ages = [row["oldest"] for row in placed if row["oldest"] is not None]
        return Batch(len(picked), heads, min(ages, default=None))

    async def _one_by_one(self, conn: Conn, picked: list[Row]) -> None:
        """What is wrong with one tenant's rows must not hold up the others'. Nothing is skipped: it is tried again."""
        for tenant in dict.fromkeys(row["tenant_id"] for row in picked):
            try:
                self._count(await self.place(conn, [row for row in picked if row["tenant_id"] == tenant]))
            except LOST:
                raise
            except (asyncpg.PostgresError, ValueError, LookupError):
                measures.SEQUENCER_FAILURES.inc()
                log.exception("facts of tenant %s cannot be placed; trying again in %s s", tenant, _ASIDE_SECONDS)
                self._aside[tenant] = time.monotonic() + _ASIDE_SECONDS

    def _put_aside(self) -> list[UUID]:
        now = time.monotonic()
        self._aside = {tenant: until for tenant, until in self._aside.items() if until > now}
        return list(self._aside)

    def _count(self, batch: Batch) -> None:
        measures.SEQUENCER_BATCH.observe(batch.rows)
        measures.SEQUENCER_ROWS.inc(batch.rows)
        if batch.oldest is not None:
            measures.SEQUENCER_LAG.observe(max(0.0, (self._clock() - batch.oldest).total_seconds()))
