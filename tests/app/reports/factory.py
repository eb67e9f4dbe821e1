"""Something to export: an operator with two sites, its people, a carrier, stays with awkward texts, a sealed log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from obstore.store import LocalStore

from app.kit.clock import utc_now
from app.kit.db import Conn, Database
from app.kit.ids import new_id
from app.reports.jobs import Exporter
from app.reports.model import CreateExport, ExportFormat, ExportKind, Filter
from app.reports.service import create_export
from schema.catalogue import CATALOGUE
from tenants.audit.model import Entry
from tenants.audit.service import Checkpoints, Signer, seal
from tenants.identity.service import Caller
from tenants.system import system_context
from tests.tenants import world

SIGNER = Signer.derived(b"x" * 32)
BEGAN = datetime(2026, 5, 1, 12, tzinfo=UTC)
NASTY = ["=1+1", "+49 30 1", "-5", "@SUM(A1)", "\t=x", "\r=x", 'a,"b"', "two\nlines", "a\\b\\n", "ü 😀", "'quoted", ""]


@dataclass(frozen=True, slots=True)
class Scene:
    operator: UUID
    sites: tuple[UUID, UUID]
    doors: tuple[UUID, ...]
    carrier: UUID
    owner: Caller
    some: Caller  # a manager of the first site alone
    courier_admin: Caller
    members: Mapping[str, world.Member]


@dataclass(frozen=True, slots=True)
class Dbs:
    app: Database
    worker: Database
    admin: Database


async def insert(conn: Conn, table: str, **values: object) -> UUID:
    named = {"id": new_id(), **values}
    places = ", ".join(f"${n}" for n in range(1, len(named) + 1))
    await conn.execute(f"INSERT INTO {table} ({', '.join(named)}) VALUES ({places})", *named.values())
    id_ = named["id"]
    assert isinstance(id_, UUID)
    return id_


async def make_scene(dbs: Dbs) -> Scene:
    async with dbs.admin.plain() as conn:
        operator = await world.organization(conn, "OPERATOR", "North")
        carrier = await world.organization(conn, "CARRIER", "=Swift")
        await world.grant(conn, operator, carrier, operations=("VIEW_AVAILABILITY", "VIEW_OWN_PARCELS", "RESERVE"))
        sites = (await _site(conn, operator, "Alpha"), await _site(conn, operator, "@Beta"))
        doors: list[UUID] = []
        for site in sites:
            bank = await insert(
                conn, "bank", tenant_id=operator, site_id=site, connection_id=new_id(), vendor="pitney",
                external_id="1", label="A",
            )  # fmt: skip
            doors += [
                await insert(
                    conn, "compartment", tenant_id=operator, site_id=site, bank_id=bank, external_id=str(n),
                    label=str(n), size="M", row_no=n, column_no=1,
                )
                for n in range(20)
            ]  # fmt: skip
        members = {
            "owner": await world.member(conn, operator, "OWNER"),
            "some": await world.member(conn, operator, "MANAGER", sites=(sites[0],)),
            "courier_admin": await world.member(conn, carrier, "CARRIER_ADMIN"),
        }
    callers = {name: await world.caller(dbs.admin, dbs.app, member) for name, member in members.items()}
    return Scene(operator, sites, tuple(doors), carrier, members=members, **callers)


async def _site(conn: Conn, operator: UUID, name: str) -> UUID:
    return await insert(
        conn, "site", tenant_id=operator, name=name, address_line="1", city="Lisboa", country="PT",
        timezone="Europe/Lisbon", locale="pt-PT",
    )  # fmt: skip


async def add_stays(dbs: Dbs, scene: Scene, notes: list[str]) -> None:
    """One a note, half of them the carrier's, in both sites by turns."""
    async with dbs.admin.plain() as conn:
        person = await insert(conn, "person", tenant_id=scene.operator, kind="RECIPIENT", name="=Ana")
        for n, note in enumerate(notes):
            door = scene.doors[n % len(scene.doors)]
            place = await conn.fetchrow("SELECT site_id, bank_id FROM compartment WHERE id = $1", door)
            carrier = scene.carrier if n % 2 else None
            stay = await insert(
                conn, "stay", tenant_id=scene.operator, **dict(place), compartment_id=door, carrier_id=carrier,
                recipient_id=person, flow="DELIVER", state="RELEASED", outcome="COLLECTED", created_by=new_id(),
                created_at=BEGAN + timedelta(hours=n), expires_at=BEGAN + timedelta(days=1), note=note,
            )  # fmt: skip
            await insert(
                conn, "parcel", tenant_id=scene.operator, site_id=place["site_id"], stay_id=stay, carrier_id=carrier,
                tracking=f"-T{n}", state="COLLECTED",
            )  # fmt: skip


async def add_entries(dbs: Dbs, scene: Scene, reasons: list[str], signed_in: Path) -> None:
    """Sealed entries, by turns at the first site, at the second, at none, and the carrier's own; then a checkpoint."""
    async with world.context(dbs.app, scene.owner).begin() as work:
        for n, reason in enumerate(reasons):
            site = (*scene.sites, None)[n % 3]
            carrier = scene.carrier if n % 4 == 0 else None
            details = {"n": n, "text": reason, "deep": {"é": [1, None, True]}}
            work.audit(Entry(f"test:{n % 2}", "Thing", new_id(), site, carrier, reason=reason, details=details))
    await seal_waiting(dbs)
    await Checkpoints(dbs.worker, SIGNER, signed_in, utc_now).run()


async def seal_waiting(dbs: Dbs) -> None:
    async with dbs.admin.plain() as conn:
        rows = await conn.fetch("DELETE FROM outbox RETURNING id, tenant_id, audit_id")
    waiting: dict[UUID, list[UUID]] = {}
    for row in sorted(rows, key=lambda each: each["id"]):
        if row["audit_id"] is not None:
            waiting.setdefault(row["tenant_id"], []).append(row["audit_id"])
    async with dbs.worker.tenant(waiting) as conn:
        await seal(conn, waiting)


def exporter(dbs: Dbs, folder: Path, *, lifetime: timedelta = timedelta(hours=1)) -> Exporter:
    (folder / "files").mkdir(exist_ok=True)
    return Exporter(
        app_db=dbs.app,
        scan_db=dbs.worker,
        system=lambda tenant: system_context(dbs.worker, tenant),
        catalogue=CATALOGUE,
        files=LocalStore(folder / "files"),
        spool=folder / "spool",
        signer=SIGNER,
        lifetime=lifetime,
    )


async def ask(dbs: Dbs, caller: Caller, kind: ExportKind, format_: ExportFormat, filter_: Filter | None = None) -> UUID:
    async with world.context(dbs.app, caller).begin() as work:
        return await create_export(work, CreateExport(kind, format_, filter_ or Filter()))


async def made(
    dbs: Dbs, folder: Path, caller: Caller, kind: ExportKind, format_: ExportFormat, filter_: Filter | None = None
) -> Path:
    """The finished file."""
    id_ = await ask(dbs, caller, kind, format_, filter_)
    await exporter(dbs, folder).make_waiting()
    async with dbs.admin.plain() as conn:
        row = await conn.fetchrow("SELECT * FROM export WHERE id = $1", id_)
    assert row["state"] == "DONE", row["failure"]
    return folder / "files" / str(row["tenant_id"]) / f"{id_}.{format_.lower()}"
