"""What the board and a deep audit page cost while the audit log grows: the same statement, behind the wall, by the size."""

import asyncio
import statistics
import time
from typing import Any

import asyncpg
from rich.console import Console
from rich.table import Table

from app.kit.db import Database
from app.kit.embedded import Dsns
from app.kit.paging import write_cursor
from schema.catalogue import CATALOGUE
from schema.documents import Documents
from schema.engine import Request
from schema.execution import CompiledEngine
from schema.schema import build_schema
from tenants.model import Actor, ActorKind, OrganizationKind, Role
from tenants.policy import Permission
from tests.bench import documents
from tests.bench.fill import ACCOUNT, MEMBERSHIP, OTHER, TENANT, Scale

ROUNDS = 60
SMALL = 10_000
PAGE = (
    "query($after: String) { audit(first: 50, after: $after) { edges { cursor node { id occurredAt actor action } } } }"
)


def actor(tenant: Any) -> Actor:
    return Actor(
        kind=ActorKind.PERSON, account_id=ACCOUNT, label="Bench", organization_id=tenant,
        organization_kind=OrganizationKind.OPERATOR, role=Role.OWNER, permissions=frozenset(Permission), all_sites=True,
        site_ids=(), tenants=(tenant,), membership_id=MEMBERSHIP,
    )  # fmt: skip


class Looking:
    """A caller as the engine knows it."""

    fingerprint, is_anonymous, expires_at, may_return = "bench", False, None, False

    def __init__(self, tenant: Any) -> None:
        self.actor, self.revoked = actor(tenant), asyncio.Event()


async def prepare(dsns: Dsns) -> int:
    """The other tenant gets as many entries as SMALL says, once. How many the first has."""
    admin = await asyncpg.connect(dsns.admin, command_timeout=600)
    try:
        there = await admin.fetchval(
            "SELECT count(*) FROM (SELECT FROM audit_entry WHERE tenant_id = $1 LIMIT 1) e", OTHER
        )
        if not there:
            await admin.execute("SET session_replication_role = replica")
            await admin.execute(
                "INSERT INTO audit_entry SELECT (jsonb_populate_record(NULL::audit_entry, to_jsonb(e) || jsonb_build_object("
                "'tenant_id', $1::uuid, 'id', uuidv7()))).* FROM (SELECT * FROM audit_entry WHERE tenant_id = $2"
                " ORDER BY occurred_at LIMIT $3) e", OTHER, TENANT, SMALL,
            )  # fmt: skip
            await admin.execute("ANALYZE audit_entry")
        found: int = await admin.fetchval("SELECT reltuples::bigint FROM pg_class WHERE relname = 'audit_entry'")
        return found
    finally:
        await admin.close()


async def cost(
    engine: CompiledEngine, kept: Documents, tenant: Any, query: str, **variables: object
) -> tuple[float, bytes]:
    """What it takes when nothing else is in the way: the fastest quarter, in milliseconds; and the answer."""
    document, caller, took, answer = await kept.load(query), Looking(tenant), [], b""
    for _ in range(ROUNDS):
        began = time.perf_counter()
        answer = await engine.run(document, Request(query, variables=variables), caller, "bench")
        took.append(time.perf_counter() - began)
    return 1000 * statistics.quantiles(took[5:], n=4)[0], answer


async def deep(dsns: Dsns, tenant: Any, depth: int) -> str:
    """The cursor of the entry after `depth` others, found from the side of the administrator."""
    admin = await asyncpg.connect(dsns.admin, command_timeout=600)
    try:
        row = await admin.fetchrow(
            "SELECT occurred_at, id FROM audit_entry WHERE tenant_id = $1 ORDER BY occurred_at DESC, id DESC OFFSET $2 LIMIT 1",
            tenant, depth,
        )  # fmt: skip
    finally:
        await admin.close()
    return write_cursor([row["occurred_at"], str(row["id"])])


async def compare(dsns: Dsns, scale: Scale) -> list[tuple[str, str, float]]:
    entries = await prepare(dsns)
    db = await Database.connect(dsns.app, size=2)
    found: list[tuple[str, str, float]] = []
    try:
        engine = CompiledEngine(build_schema(), db, catalogue=CATALOGUE)
        kept = Documents(engine.schema)
        for tenant, size in ((OTHER, SMALL), (TENANT, entries)):
            places = {"first page": None, "page at a tenth": size // 10, "page at nine tenths": size * 9 // 10}
            for name, depth in places.items():
                after = None if depth is None else await deep(dsns, tenant, depth)
                milliseconds, _ = await cost(engine, kept, tenant, PAGE, after=after)
                found.append((f"{size:,} entries", f"audit, {name}", milliseconds))
        for first in (10, 50, 100):
            query = documents.BOARD.replace("first: 50", f"first: {first}")
            milliseconds, _ = await cost(engine, kept, TENANT, query)
            found.append((f"{scale.sites:,} sites owned", f"board of {first} sites", milliseconds))
    finally:
        await db.close()
    return found


def measure(dsns: Dsns, scale: Scale, console: Console) -> None:
    table = Table("in a tenant of", "what", "ms", title="Growth", title_justify="left")
    for where, what, milliseconds in asyncio.run(compare(dsns, scale)):
        table.add_row(where, what, f"{milliseconds:.2f}")
    console.print(table)
