"""What short commands do with the product's parts: prove the audit log, seal secrets anew."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from app import wiring
from app.kit import resealing
from app.kit.db import Database
from app.kit.seal import Sealer
from tenants.audit.service import CHECKPOINT_FILE, KEY_FILE
from tenants.verification.service import Progress, Trust, read_keys, read_pins, summary, verify_database, verify_file


@asynccontextmanager
async def _as_worker(name: str) -> AsyncIterator[Database]:
    dsn = wiring.needed(wiring.dsns(wiring.settings()).worker, "WORKER_DATABASE_URL")
    db = await Database.connect(dsn, size=2, name=name)
    try:
        yield db
    finally:
        await wiring.close(db)


def reseal(progress: resealing.Progress = lambda *_: None) -> dict[str, int]:
    """Everything sealed, under the first of the sealing keys. `table.column` -> how many values were not yet."""

    async def run() -> dict[str, int]:
        async with _as_worker("lockyard reseal") as db:
            return await resealing.reseal(db, Sealer.among(wiring.settings().sealing), progress)

    return asyncio.run(run())


def verify_audit(
    *,
    tenant: UUID | None = None,
    file: Path | None = None,
    manifest: Path | None = None,
    keys: Path | None = None,
    checkpoints: Path | None = None,
    progress: Progress = lambda *_: None,
) -> list[dict[str, object]]:
    """One report a tenant, or one for the file: `ok`, `text`, and what was counted."""
    given = wiring.settings()
    kept = given.data_dir / "audit"
    keys, checkpoints = keys or kept / KEY_FILE, checkpoints or kept / CHECKPOINT_FILE
    trust = Trust(
        read_keys(keys.read_text()) if keys.exists() else {},
        read_pins(checkpoints.read_text()) if checkpoints.exists() else (),
    )
    if file is not None:
        return summary([verify_file(file, trust, manifest=manifest, progress=progress)])

    async def check() -> list[dict[str, object]]:
        async with _as_worker("lockyard verify") as db:
            return summary(await verify_database(db, trust, tenant=tenant, progress=progress))

    return asyncio.run(check())
