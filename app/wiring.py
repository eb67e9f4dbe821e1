"""Builds the parts and joins them. The only reader of settings, and the only one who sees the adapters."""

from dataclasses import dataclass
from pathlib import Path

from app.kit.bus import PostgresBus
from app.kit.db import Database
from app.kit.embedded import Dsns, EmbeddedPostgres
from app.kit.seal import Sealer
from app.kit.settings import Settings, SettingsError


def settings() -> Settings:
    return Settings()


def dsns(given: Settings) -> Dsns:
    """Where the database is. Without addresses in the settings: the embedded server of the data folder, started."""
    addresses = (given.database_url, given.worker_database_url, given.owner_database_url)
    if not any(addresses):
        return EmbeddedPostgres(given.data_dir / "postgres").start()
    app, worker, owner = (address.get_secret_value() if address else "" for address in addresses)
    return Dsns(owner=owner, app=app, worker=worker, admin="")


def owner_dsn() -> str:
    """For migrations and seeding."""
    return _needed(dsns(settings()).owner, "OWNER_DATABASE_URL")


def create_database(administrator: str) -> None:
    """Roles and database on a server of one's own, with the passwords that stand in the three addresses."""
    import asyncio

    from migrations.setup import create

    known = dsns(settings())
    owner, app = _needed(known.owner, "OWNER_DATABASE_URL"), _needed(known.app, "DATABASE_URL")
    asyncio.run(create(administrator, owner=owner, app=app, worker=_needed(known.worker, "WORKER_DATABASE_URL")))


def _needed(dsn: str, name: str) -> str:
    if not dsn:
        raise SettingsError(f"LOCKYARD_{name} is not set, though another database address is")
    return dsn


@dataclass(frozen=True, slots=True)
class Parts:
    """What every process has."""

    settings: Settings
    db: Database
    bus: PostgresBus
    sealer: Sealer

    async def close(self) -> None:
        await self.db.close()


async def web_parts(given: Settings) -> Parts:
    dsn = _needed(dsns(given).app, "DATABASE_URL")
    db = await Database.connect(dsn, size=given.database_pool_size, name="lockyard web")
    return Parts(given, db, PostgresBus(dsn, name="lockyard web bus"), Sealer.of(given.key))


async def worker_parts(given: Settings) -> Parts:
    dsn = _needed(dsns(given).worker, "WORKER_DATABASE_URL")
    db = await Database.connect(dsn, size=given.worker_pool_size, name="lockyard worker")
    return Parts(given, db, PostgresBus(dsn, name="lockyard worker bus"), Sealer.of(given.key))


def verify_audit(*, tenant: str | None, file: Path | None) -> list[dict[str, object]]:
    """One report a tenant, or one for the file: `ok`, `text`, and what was counted."""
    raise NotImplementedError
