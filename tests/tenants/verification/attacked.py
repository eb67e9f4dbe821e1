"""A log to attack, and an attacker who owns the database and knows the format, but not the signing key."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from app.kit.clock import utc_now
from app.kit.db import Conn, Database
from tenants.audit.model import Entry, canonical
from tenants.audit.service import CHECKPOINT_FILE, Checkpoints, Signer, seal
from tenants.verification.service import Trust, read_keys, read_pins
from tests.tenants import world

ENTRIES = 40
SIGNED_AT = (10, 20, 30)
SIGNER = Signer.derived(b"a" * 32)


@dataclass(frozen=True, slots=True)
class Log:
    tenant: UUID
    folder: Path

    @property
    def keys(self) -> Trust:
        return Trust(read_keys(json.dumps(SIGNER.keys())))

    @property
    def keys_and_pins(self) -> Trust:
        return Trust(self.keys.keys, read_pins((self.folder / CHECKPOINT_FILE).read_text()))


async def make_log(admin_db: Database, app_db: Database, worker_db: Database, folder: Path) -> Log:
    async with admin_db.plain() as conn:
        member = await world.member(conn, await world.organization(conn, "OPERATOR", "North"), "OWNER")
    caller = await world.caller(admin_db, app_db, member)
    tenant = member.organization_id
    for n in range(1, ENTRIES + 1):
        async with world.context(app_db, caller).begin() as work:
            work.audit(Entry("test:act", "Thing", details={"n": n, "ü": [1, None]}, personal={"name": f"Ana {n}"}))
        async with admin_db.plain() as conn:
            ids = [row["audit_id"] for row in await conn.fetch("DELETE FROM outbox RETURNING audit_id")]
        async with worker_db.tenant([tenant]) as conn:
            await seal(conn, {tenant: ids})
        if n in SIGNED_AT:
            await Checkpoints(worker_db, SIGNER, folder, utc_now).run()
    return Log(tenant, folder)


async def entry_at(conn: Conn, log: Log, sequence: int) -> UUID:
    query = "SELECT entry_id FROM audit_seal WHERE tenant_id = $1 AND sequence = $2"
    found: UUID = await conn.fetchval(query, log.tenant, sequence)
    return found


async def seal_anew(conn: Conn, log: Log, start: int = 1) -> None:
    """Every seal from `start` on, and the head, made to fit what now stands there."""
    rows = await conn.fetch(
        """SELECT s.sequence, s.hash, e.* FROM audit_seal s JOIN audit_entry e ON e.tenant_id = s.tenant_id
        AND e.id = s.entry_id WHERE s.tenant_id = $1 ORDER BY s.sequence""",
        log.tenant,
    )
    last = bytes(32)
    for row in rows:
        if row["sequence"] >= start:
            last = hashlib.sha256(last + canonical(dict(row), row["sequence"])).digest()
            await conn.execute(
                "UPDATE audit_seal SET hash = $3 WHERE tenant_id = $1 AND sequence = $2",
                log.tenant,
                row["sequence"],
                last,
            )
        else:
            last = row["hash"]
    await conn.execute(
        "UPDATE audit_head SET sequence = $2, hash = $3 WHERE tenant_id = $1", log.tenant, len(rows), last
    )


async def remove(conn: Conn, log: Log, first: int, last: int) -> None:
    ids = [await entry_at(conn, log, n) for n in range(first, last + 1)]
    await conn.execute("DELETE FROM audit_seal WHERE tenant_id = $1 AND entry_id = ANY ($2)", log.tenant, ids)
    await conn.execute("DELETE FROM audit_personal WHERE tenant_id = $1 AND entry_id = ANY ($2)", log.tenant, ids)
    await conn.execute("DELETE FROM audit_entry WHERE tenant_id = $1 AND id = ANY ($2)", log.tenant, ids)
