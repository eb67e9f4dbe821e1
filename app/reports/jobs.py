"""Makes the exports that wait, one after the other: COPY to a file, its manifest, its record; and removes old ones."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import asyncpg
import obstore
from obstore.exceptions import NotFoundError
from obstore.store import ObjectStore

from app.kit.bus import LOST
from app.kit.clock import Clock, utc_now
from app.kit.db import SET_TENANT, Conn, Database, Row, Statement
from app.kit.reading.shape import Catalogue
from app.reports import events, queries, store
from app.reports.model import (
    NEEDED,
    VERSION,
    ExportFormat,
    ExportKind,
    Filter,
    Job,
    Made,
    file_path,
    manifest_path,
    written,
)
from tenants.audit.model import Entry, dumps, moment
from tenants.audit.service import Signer
from tenants.identity.queries import MEMBER, ORGANIZATION, actor_of
from tenants.model import Actor, AuditOutcome, OrganizationKind
from tenants.policy import Permission
from tenants.scope import Scope, context_parameters
from tenants.work import Context

log = logging.getLogger("lockyard.exports")

System = Callable[[UUID], Context]

# At most two messages a second to whoever watches.
_BEAT_SECONDS = 0.5
_COPY_SECONDS = 6 * 3600
# Counting first is a courtesy to the progress bar: not worth waiting long for.
_COUNT_TIMEOUT = "3s"
_PART_BYTES, _PARTS = 5 * 1024 * 1024, 2
# JSON text holds neither of these bare: every line leaves COPY exactly as it was made.
_EXACT = {"format": "csv", "delimiter": "\x02", "quote": "\x01"}


class TurnLostError(Exception):
    """Another worker took the export over."""


@dataclass(slots=True)
class Spool:
    """Takes COPY's chunks into a local file, counting and hashing as they pass."""

    file: IO[bytes]
    rows: int = 0
    size: int = 0
    expected: int | None = None
    hash: Any = field(default_factory=hashlib.sha256)

    async def take(self, chunk: bytes) -> None:
        self.file.write(chunk)
        self.hash.update(chunk)
        self.size += len(chunk)
        self.rows += chunk.count(b"\n")


@dataclass(frozen=True, slots=True)
class Exporter:
    """`app_db` is the web's role: rows are read behind the same wall as everywhere; the worker's own looks over it.
    `scan_db` is the worker's: it finds what waits in every tenant."""

    app_db: Database
    scan_db: Database
    system: System
    catalogue: Catalogue
    files: ObjectStore
    spool: Path
    signer: Signer
    lifetime: timedelta
    clock: Clock = utc_now

    async def make_waiting(self) -> int:
        """Until none waits; how many were made or failed."""
        done = 0
        while True:
            async with self.scan_db.pool.acquire() as conn:
                due = await queries.DUE.row(conn)
            if due is None:
                return done
            job = await self._take(due["tenant_id"], due["id"])
            if job is not None:
                await self._make(job)
                done += 1

    async def _take(self, tenant: UUID, id_: UUID) -> Job | None:
        now = self.clock()
        async with self.app_db.tenant([tenant]) as conn:
            row = await store.TAKE.row(conn, of_tenant=tenant, id_=id_, now=now)
            return None if row is None else _job(row, await _carrier(conn, tenant))

    async def _make(self, job: Job) -> None:
        try:
            actor = await self._asker(job)
            if actor is None:
                await self._fail(job, "The right to export this was withdrawn.", AuditOutcome.DENIED)
                return
            made, whole = await self._write(job, actor)
            await self._finish(job, made, whole=whole)
        except TurnLostError:
            log.warning("export %s was taken over", job.id)
        except LOST:
            raise  # It begins anew when its heartbeat has grown old.
        except (asyncpg.PostgresError, obstore.exceptions.BaseError, ValueError, KeyError):
            log.exception("export %s failed", job.id)
            await self._fail(job, "It could not be made. The log says why.", AuditOutcome.FAILED)

    async def _asker(self, job: Job) -> Actor | None:
        """The asker with the rights of now; None when those no longer reach."""
        async with self.app_db.pool.acquire() as conn:
            row = await MEMBER.row(conn, membership_id=job.membership_id, now=self.clock())
        actor = None if row is None else actor_of(row)
        if actor is None or not {Permission.EXPORT_CREATE, NEEDED[job.kind]} <= actor.permissions:
            return None
        return actor

    async def _write(self, job: Job, actor: Actor) -> tuple[Made, bool]:
        self.spool.mkdir(parents=True, exist_ok=True)
        path = self.spool / f"{job.id}.part"
        try:
            with path.open("wb") as file:
                spool = Spool(file)
                await self._copy(job, actor, spool)
            made = Made(spool.rows, spool.size, spool.hash.hexdigest())
            await obstore.put_async(
                self.files, job.path, path, chunk_size=_PART_BYTES, max_concurrency=_PARTS, use_multipart=True
            )
        finally:
            path.unlink(missing_ok=True)
        whole = job.kind is ExportKind.AUDIT and job.filter.is_open and actor.all_sites and not actor.is_carrier
        return made, whole

    async def _copy(self, job: Job, actor: Actor, spool: Spool) -> None:
        rows = queries.rows(self.catalogue, Scope.of(actor), job.kind, job.format, job.filter)
        given = {**context_parameters(actor), **rows.values}
        async with self.app_db.pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
            await conn.execute(SET_TENANT, ",".join(map(str, actor.tenants)), str(actor.organization_id))
            spool.expected = await _count(conn, Statement(rows.count()), given)
            copy = asyncio.create_task(_run_copy(conn, job, rows, given, spool))
            try:
                while not (await asyncio.wait({copy}, timeout=_BEAT_SECONDS))[0]:
                    await self._beat(job, spool)
                spool.rows = copy.result()
            finally:
                copy.cancel()
                with suppress(asyncio.CancelledError):
                    await asyncio.gather(copy, return_exceptions=True)

    async def _beat(self, job: Job, spool: Spool) -> None:
        async with self.system(job.tenant_id).begin() as work:
            mine = await store.BEAT.row(
                work.conn, of_tenant=job.tenant_id, id_=job.id, turn=job.started_at, now=self.clock(),
                new_rows=spool.rows, new_bytes=spool.size, new_expected=spool.expected,
            )  # fmt: skip
            if mine is None:
                raise TurnLostError
            work.emit(events.progressed(job.id, spool.rows, spool.size, job.carrier_id))

    async def _finish(self, job: Job, made: Made, *, whole: bool) -> None:
        now = self.clock()
        await self._write_manifest(job, made, whole=whole, now=moment(now))
        async with self.system(job.tenant_id).begin() as work:
            mine = await store.FINISH.row(
                work.conn, of_tenant=job.tenant_id, id_=job.id, turn=job.started_at, now=now, new_rows=made.rows,
                new_bytes=made.bytes, new_sha256=made.sha256, new_expires_at=now + self.lifetime,
            )  # fmt: skip
            if mine is None:
                raise TurnLostError
            work.emit(events.finished(job.id, made, job.carrier_id))
            details = {"change": "finished", "rows": made.rows, "bytes": made.bytes, "sha256": made.sha256}
            work.audit(Entry(Permission.EXPORT_CREATE, "Export", job.id, carrier_id=job.carrier_id, details=details))

    async def _fail(self, job: Job, why: str, outcome: AuditOutcome) -> None:
        async with self.system(job.tenant_id).begin() as work:
            mine = await store.FAIL.row(
                work.conn, of_tenant=job.tenant_id, id_=job.id, turn=job.started_at, now=self.clock(), new_failure=why
            )
            if mine is None:
                return
            work.emit(events.failed(job.id, why, job.carrier_id))
            work.audit(
                Entry(
                    Permission.EXPORT_CREATE, "Export", job.id, carrier_id=job.carrier_id, outcome=outcome, reason=why
                )
            )

    async def _write_manifest(self, job: Job, made: Made, *, whole: bool, now: str) -> None:
        """What the file is, signed; with an audit export also where its chain was signed before."""
        points: list[dict[str, object]] = []
        if job.kind is ExportKind.AUDIT:
            async with self.app_db.tenant([job.tenant_id]) as conn:
                points = [_point(row) for row in await queries.CHECKPOINTS.rows(conn, of_tenant=job.tenant_id)]
        said: dict[str, object] = {
            "v": 1, "export_id": str(job.id), "tenant_id": str(job.tenant_id), "kind": job.kind.value,
            "format": job.format.value, "filter": job.filter.public(), "schema_version": VERSION, "rows": made.rows,
            "bytes": made.bytes, "sha256": made.sha256, "finished_at": now, "whole": whole, "checkpoints": points,
            "key_id": self.signer.key_id, **self.signer.keys(),
        }  # fmt: skip
        said["signature"] = self.signer.sign(dumps(said)).hex()
        text = json.dumps(said, indent=1, ensure_ascii=False).encode()
        await obstore.put_async(self.files, manifest_path(job.path), text)

    async def expire(self) -> int:
        """Remove what has stood long enough."""
        now = self.clock()
        async with self.scan_db.pool.acquire() as conn:
            old = await queries.OLD.rows(conn, now=now)
        for row in old:
            async with self.system(row["tenant_id"]).begin() as work:
                gone = await store.EXPIRE.row(work.conn, of_tenant=row["tenant_id"], id_=row["id"], now=now)
                if gone is None:
                    continue
                work.emit(events.expired(row["id"], await _carrier(work.conn, row["tenant_id"])))
                work.audit(Entry(Permission.EXPORT_CREATE, "Export", row["id"], details={"change": "expired"}))
            path = file_path(row["tenant_id"], row["id"], ExportFormat(row["format"]))
            for each in (path, manifest_path(path)):
                with suppress(FileNotFoundError, NotFoundError):
                    await obstore.delete_async(self.files, each)
        return len(old)


async def _run_copy(conn: Conn, job: Job, rows: queries.Rows, given: dict[str, Any], spool: Spool) -> int:
    is_csv = job.format is ExportFormat.CSV
    statement = Statement(rows.csv() if is_csv else rows.ndjson())
    form = {"format": "csv", "header": True} if is_csv else _EXACT
    said: str = await conn.copy_from_query(
        statement.text, *statement.arguments(given), output=spool.take, timeout=_COPY_SECONDS, **form
    )
    return int(said.rsplit(" ", 1)[-1])


async def _count(conn: Conn, statement: Statement, given: dict[str, Any]) -> int | None:
    try:
        async with conn.transaction():
            await conn.execute(f"SET LOCAL statement_timeout = '{_COUNT_TIMEOUT}'")
            found: int = await statement.value(conn, **given)
            await conn.execute("SET LOCAL statement_timeout = 0")
            return found
    except asyncpg.QueryCanceledError:
        return None


async def _carrier(conn: Conn, tenant: UUID) -> UUID | None:
    """A carrier's exports stand in the carrier's own organization."""
    found = await ORGANIZATION.row(conn, organization_id=tenant)
    return tenant if found is not None and found["kind"] == OrganizationKind.CARRIER else None


def _job(row: Row, carrier_id: UUID | None) -> Job:
    return Job(
        tenant_id=row["tenant_id"],
        id=row["id"],
        kind=ExportKind(row["kind"]),
        format=ExportFormat(row["format"]),
        filter=Filter.read(row["filter"]),
        membership_id=row["membership_id"],
        carrier_id=carrier_id,
        started_at=row["started_at"],
    )


def _point(row: Row) -> dict[str, object]:
    return {
        "tenant_id": str(row["tenant_id"]), "sequence": row["sequence"], "hash": row["hash"].hex(),
        "at": written(row["at"]), "key_id": row["key_id"], "signature": row["signature"].hex(),
    }  # fmt: skip
