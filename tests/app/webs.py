"""Web processes as processes, and people signed in to them: for tests of what many at once do to one another."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from app.kit.db import Database
from app.kit.ids import new_id
from app.kit.settings import keep_secret_key
from tenants.identity.model import hash_secret, new_secret
from tests.app.rig import World

START_SECONDS = 60


@contextmanager
def webs(dsn: str, folder: Path, count: int = 1, **more: str) -> Iterator[list[tuple["subprocess.Popen[str]", str]]]:
    """(process, address) of so many web processes on one database, ready; killed at the end. `more`: variables."""
    env = os.environ | {
        "LOCKYARD_DATA_DIR": str(folder),
        "LOCKYARD_DATABASE_URL": dsn,
        "LOCKYARD_SECRET_KEY": keep_secret_key(folder),
        **more,
    }
    words = [sys.executable, "-m", "app.cli", "serve", "--port", "0"]
    running = []
    try:
        for number in range(count):
            with (folder / f"web{number}.log").open("w") as log:
                running.append(subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=log, text=True))
        found = []
        for number, process in enumerate(running):
            assert process.stdout is not None
            ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
            assert ready, (folder / f"web{number}.log").read_text()
            found.append((process, str(json.loads(process.stdout.readline())["url"])))
        yield found
    finally:
        for process in running:
            process.kill()
            process.wait()


async def recipient(admin: Database, world: World, sessions: int = 1) -> list[str]:
    """Secrets of so many sessions of the world's recipient."""
    membership, made = new_id(), [new_secret("lys_") for _ in range(sessions)]
    now = datetime.now(UTC)
    async with admin.plain() as conn:
        await conn.execute(
            "INSERT INTO account (id, email, name) VALUES ($1, $2, 'Ana')",
            world.recipient_account, f"{world.recipient_account}@example.com",
        )  # fmt: skip
        await conn.execute(
            "INSERT INTO membership (id, account_id, organization_id, role, all_sites)"
            " VALUES ($1, $2, $3, 'RECIPIENT', true)",
            membership, world.recipient_account, world.tenant,
        )  # fmt: skip
        await conn.executemany(
            "INSERT INTO login_session (id, membership_id, secret_hash, created_at, expires_at)"
            " VALUES ($1, $2, $3, $4, $5)",
            [(new_id(), membership, hash_secret(each), now, now + timedelta(hours=2)) for each in made],
        )
    return made


async def deposited(admin: Database, world: World, door: UUID, hashed: bytes, stay: UUID) -> None:
    """A parcel behind a door, its code known by its hash."""
    now = datetime.now(UTC)
    async with admin.plain() as conn:
        await conn.execute(
            "INSERT INTO stay (tenant_id, id, site_id, bank_id, compartment_id, recipient_id, flow, state, evidence,"
            " created_by, created_at, expires_at, deposited_at, deposit_expires_at, pickup_hash)"
            " VALUES ($1, $2, $3, $4, $5, $6, 'DELIVER', 'DEPOSITED', 'E3', $6, $7, $8, $7, $8, $9)",
            world.tenant, stay, world.site, world.bank, door, world.recipient, now, now + timedelta(days=2), hashed,
        )  # fmt: skip
        await conn.execute("UPDATE compartment SET use = 'OCCUPIED' WHERE id = $1", door)
