"""Fills an empty database with the demo world: through the same tables and behind the same wall as everything else."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

import asyncpg

from app.kit.db import Conn
from app.kit.embedded import Dsns
from app.kit.seal import Sealer
from app.seed_alarms import past_alarms
from app.seed_history import COLUMNS, History, Row
from app.seed_places import all_rows
from app.seed_visits import Visit, visits
from app.seed_world import OPERATORS, banks, organization_id
from app.stays.model import PickupCodes
from tenants.audit import service as audit

Report = Callable[[str, int, int], None]

_SEED = 20_260
_CHUNK = 20_000
_SEAL_CHUNK = 4_000
# In this order rows find what they refer to.
_ORDER = ("stay", "parcel", "command", "audit_entry", "fact", "alarm", "alarm_handling", "occupancy_hour")


def _silent(_step: str, _done: int, _total: int) -> None:
    """No progress wanted."""


async def seed(dsns: Dsns, *, key: bytes, urls: Mapping[str, Any], days: int = 90, progress: Report = _silent) -> bool:
    """Fill the database once; a filled one is left as it is. True when it was filled now.

    `key`: 32 bytes that seal secrets. `urls`: "pitney" -> address, the others -> bank -> address.
    `progress(step, done, total)` is called as work goes on. Everything is one transaction: all or nothing.
    """
    conn = await asyncpg.connect(dsns.owner, command_timeout=300)
    try:
        async with conn.transaction():
            tenants = [organization_id(name) for name in OPERATORS]
            await conn.execute("SELECT set_config('app.tenant_id', $1, true)", ",".join(map(str, tenants)))
            if await conn.fetchval("SELECT count(*) FROM organization"):
                return False
            await _fill(conn, Sealer.of(key), urls, days, progress)
        await conn.execute("ANALYZE")
        return True
    finally:
        await conn.close()


async def _fill(conn: Conn, sealer: Sealer, urls: Mapping[str, Any], days: int, progress: Report) -> None:
    for table, columns, rows in all_rows(sealer, urls):
        await _put(conn, table, columns, rows)
    with _without_collector():
        history = _history(days, progress)
    await _copy_history(conn, history, progress)
    await _pickup_codes(conn, history, PickupCodes.of(sealer))
    await _uses(conn, history)
    await _heads(conn)
    await _seal(conn, history, progress)


async def _put(conn: Conn, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Many rows at once. COPY is not possible under row-level security: copied beside, inserted from there."""
    names = ", ".join(columns)
    await conn.execute(f"CREATE TEMP TABLE incoming ON COMMIT DROP AS SELECT {names} FROM {table} LIMIT 0")  # noqa: S608 - our own names
    await conn.copy_records_to_table("incoming", records=rows, columns=list(columns))
    await conn.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM incoming")  # noqa: S608 - as above
    await conn.execute("DROP TABLE incoming")


@contextmanager
def _without_collector() -> Iterator[None]:
    """Hundreds of thousands of rows that all stay: the garbage collector would look at them again and again."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _history(days: int, progress: Report) -> History:
    now = datetime.now(UTC)
    history = History(now, Random(_SEED))  # noqa: S311 - a past to look at, no secret
    doors = sum(bank.size for bank in banks())
    seen: set[UUID] = set()
    for visit in visits(now, days, Random(_SEED + 1)) if days else ():  # noqa: S311 - as above
        history.add(visit)
        if visit.door.id not in seen:
            seen.add(visit.door.id)
            progress("history", len(seen), doors)
    past_alarms(history, days)
    history.finish()
    return history


async def _copy_history(conn: Conn, history: History, progress: Report) -> None:
    total = sum(len(history.rows[table]) for table in _ORDER)
    done = 0
    for table in _ORDER:
        rows = history.rows[table]
        for start in range(0, len(rows), _CHUNK):
            await _put(conn, table, COLUMNS[table], rows[start : start + _CHUNK])
            done += len(rows[start : start + _CHUNK])
            progress("writing", done, total)


async def _pickup_codes(conn: Conn, history: History, codes: PickupCodes) -> None:
    """Every parcel that waits has a code; Pitney's were made by Pitney, ours are read the same way."""
    waiting: list[Visit] = [visit for visit in history.open_visits if visit.deposited]
    kept = [(visit.id, *codes.keep(visit.id, visit.door.bank.id, codes.fresh())) for visit in waiting]
    await conn.executemany("UPDATE stay SET pickup_hash = $2, pickup_sealed = $3 WHERE id = $1", kept)


async def _uses(conn: Conn, history: History) -> None:
    uses = [(visit.door.id, "OCCUPIED" if visit.deposited else "RESERVED") for visit in history.open_visits]
    await conn.executemany("UPDATE compartment SET use = $2 WHERE id = $1", uses)


async def _heads(conn: Conn) -> None:
    """The sequencer goes on after the past, and no reaction acts on it again."""
    await conn.execute(
        "INSERT INTO fact_head (tenant_id, sequence) SELECT tenant_id, max(sequence) FROM fact GROUP BY tenant_id"
    )
    await conn.execute(
        "INSERT INTO reaction_cursor (tenant_id, name, sequence) SELECT tenant_id, 'history', sequence FROM fact_head"
    )


async def _seal(conn: Conn, history: History, progress: Report) -> None:
    total, done = sum(map(len, history.entries.values())), 0
    for tenant, entries in history.entries.items():
        ordered = [id for _, id in sorted(entries, key=lambda entry: entry[0])]
        for start in range(0, len(ordered), _SEAL_CHUNK):
            await audit.seal(conn, {tenant: ordered[start : start + _SEAL_CHUNK]})
            done += len(ordered[start : start + _SEAL_CHUNK])
            progress("sealing the audit log", done, total)
