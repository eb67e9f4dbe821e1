import csv
import hashlib
import json
import resource
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from app.kit.db import Database
from app.kit.errors import NotFound
from app.kit.ids import global_id, new_id
from app.reports import store
from app.reports.model import ExportFormat, ExportKind, Filter
from tenants.identity import service as identity
from tenants.verification.service import Trust, read_keys, verify_file
from tests.app.reports import factory
from tests.app.reports.factory import BEGAN, NASTY, SIGNER, Dbs, Scene
from tests.tenants import world

pytestmark = pytest.mark.anyio
AUDIT, STAYS, CSV, NDJSON = ExportKind.AUDIT, ExportKind.STAYS, ExportFormat.CSV, ExportFormat.NDJSON
KEYS = Trust(read_keys(json.dumps(SIGNER.keys())))


@pytest.fixture(scope="module")
def dbs(app_db: Database, worker_db: Database, admin_db: Database) -> Dbs:
    return Dbs(app_db, worker_db, admin_db)


@pytest.fixture(scope="module")
async def scene(dbs: Dbs, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    found = await factory.make_scene(dbs)
    await factory.add_stays(dbs, found, NASTY)
    await factory.add_entries(dbs, found, NASTY, tmp_path_factory.mktemp("outside"))
    return found


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


async def test_a_csv_holds_every_row_and_nothing_a_spreadsheet_would_run(
    dbs: Dbs, scene: Scene, tmp_path: Path
) -> None:
    found = table(await factory.made(dbs, tmp_path, scene.owner, STAYS, CSV))
    expected = ["'" + note if note[:1] in set("=+-@\t\r\n") and note else note for note in NASTY]
    assert [row["note"] for row in found] == expected
    for row in found:
        assert not any(cell[:1] in set("=+-@\t\r\n") for cell in row.values() if cell)
    assert {row["recipient"] for row in found} == {"'=Ana"}
    assert {row["carrier"] for row in found} == {"", "'=Swift"}
    assert {row["site"] for row in found} == {"Alpha"}
    assert found[3]["tracking"] == "'-T3"
    assert {row["overdue"] for row in found} == {"false"}
    assert found[0]["created_at"] == "2026-05-01T12:00:00.000000Z"


async def test_an_ndjson_export_is_exact(dbs: Dbs, scene: Scene, tmp_path: Path) -> None:
    found = lines(await factory.made(dbs, tmp_path, scene.owner, STAYS, NDJSON))
    assert [row["note"] for row in found] == NASTY
    assert found[1]["tracking"] == ["-T1"]
    assert found[0]["outcome"] == "COLLECTED"
    assert found[0]["isOverdue"] is False
    async with dbs.admin.plain() as conn:
        ids = await conn.fetch("SELECT id FROM stay WHERE tenant_id = $1 ORDER BY created_at", scene.operator)
    assert [row["id"] for row in found] == [global_id("Stay", row["id"]) for row in ids]


async def test_size_hash_and_count_say_what_the_file_is(dbs: Dbs, scene: Scene, tmp_path: Path) -> None:
    path = await factory.made(dbs, tmp_path, scene.owner, STAYS, CSV)
    async with dbs.admin.plain() as conn:
        row = await conn.fetchrow("SELECT * FROM export WHERE id = $1::uuid", path.stem)
    assert row["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (row["rows"], row["expected_rows"], row["bytes"]) == (len(NASTY), len(NASTY), path.stat().st_size)
    manifest = json.loads(path.with_name(path.name + ".manifest.json").read_text())
    assert (manifest["sha256"], manifest["rows"], manifest["schema_version"]) == (row["sha256"], len(NASTY), 1)
    assert not list((tmp_path / "spool").iterdir())


async def test_facts_and_record_follow_an_export_from_asking_to_end(dbs: Dbs, scene: Scene, tmp_path: Path) -> None:
    path = await factory.made(dbs, tmp_path, scene.owner, STAYS, CSV)
    async with dbs.admin.plain() as conn:
        facts = await conn.fetch("SELECT kind FROM outbox WHERE subject_id = $1::uuid ORDER BY id", path.stem)
        entries = await conn.fetch(
            "SELECT actor_kind, outcome FROM audit_entry WHERE target_id = $1::uuid ORDER BY occurred_at", path.stem
        )
    assert [row["kind"] for row in facts] == ["ExportQueued", "ExportFinished"]
    assert [tuple(row) for row in entries] == [("PERSON", "DONE"), ("SYSTEM", "DONE")]


async def test_a_manager_of_some_sites_gets_their_rows_alone(dbs: Dbs, scene: Scene, tmp_path: Path) -> None:
    found = lines(await factory.made(dbs, tmp_path, scene.some, AUDIT, NDJSON))
    assert {row["site_id"] for row in found} == {str(scene.sites[0])}


async def test_a_carrier_gets_its_own_rows_and_never_anothers(dbs: Dbs, scene: Scene, tmp_path: Path) -> None:
    stays = lines(await factory.made(dbs, tmp_path, scene.courier_admin, STAYS, NDJSON))
    assert [row["note"] for row in stays] == NASTY[1::2]
    entries = lines(await factory.made(dbs, tmp_path, scene.courier_admin, AUDIT, NDJSON))
    assert {row["carrier_id"] for row in entries} == {str(scene.carrier)}
    async with dbs.admin.plain() as conn:
        foreign = await conn.fetchval("SELECT count(*) FROM export WHERE tenant_id = $1", scene.carrier)
    assert foreign == 2


async def test_another_operator_gets_nothing_of_this_one(dbs: Dbs, scene: Scene, tmp_path: Path) -> None:
    other = await factory.make_scene(dbs)
    for kind in ExportKind:
        assert (await factory.made(dbs, tmp_path, other.owner, kind, NDJSON)).read_bytes() == b""
        for site in (scene.sites[0], new_id()):
            with pytest.raises(NotFound):
                await factory.ask(dbs, other.owner, kind, NDJSON, Filter(site_id=site))


async def test_filters_choose_by_site_time_and_action(dbs: Dbs, scene: Scene, tmp_path: Path) -> None:
    asked = Filter(since=BEGAN + timedelta(hours=2), until=BEGAN + timedelta(hours=5))
    found = lines(await factory.made(dbs, tmp_path, scene.owner, STAYS, NDJSON, asked))
    assert [row["note"] for row in found] == NASTY[2:5]
    asked = Filter(site_id=scene.sites[1], actions=("test:0",))
    entries = lines(await factory.made(dbs, tmp_path, scene.owner, AUDIT, NDJSON, asked))
    assert {(row["site_id"], row["action"]) for row in entries} == {(str(scene.sites[1]), "test:0")}


async def test_an_exported_log_is_verified_offline_and_an_edited_one_is_not(
    dbs: Dbs, scene: Scene, tmp_path: Path
) -> None:
    await factory.seal_waiting(dbs)
    path = await factory.made(dbs, tmp_path, scene.owner, AUDIT, NDJSON)
    report = verify_file(path, KEYS)
    assert (report.problems, report.entries) == ([], len(lines(path)))
    assert report.checkpoints == 1
    assert verify_file(path, Trust()).ok
    text = path.read_bytes()
    rows = text.splitlines(keepends=True)
    edited = {
        "edit": text.replace(b'"test:1"', b'"test:9"', 1),
        "delete": b"".join(rows[:4] + rows[5:]),
        "insert": b"".join([*rows[:4], rows[3], *rows[4:]]),
        "swap": b"".join([*rows[:4], rows[5], rows[4], *rows[6:]]),
        "cut": b"".join(rows[:-2]),
        "garbage": text + b"{]\n",
        "empty": b"",
    }
    for how, changed in edited.items():
        path.write_bytes(changed)
        report = verify_file(path, KEYS)
        assert not report.ok, how
        named = [problem.sequence for problem in report.problems if problem.sequence]
        if how in {"edit", "delete", "swap", "insert"}:
            assert named[0] == {"edit": 2, "delete": 5, "swap": 5, "insert": 4}[how], report.problems


async def test_the_log_of_one_site_is_verified_too(dbs: Dbs, scene: Scene, tmp_path: Path) -> None:
    asked = Filter(site_id=scene.sites[0])
    path = await factory.made(dbs, tmp_path, scene.owner, AUDIT, NDJSON, asked)
    assert verify_file(path, KEYS).ok
    assert verify_file(path, KEYS).entries == 4
    path.write_bytes(path.read_bytes().replace(b'"n": 3', b'"n": 4'))
    assert [problem.kind for problem in verify_file(path, KEYS).problems] == ["changed file", "changed"]
    manifest = path.with_name(path.name + ".manifest.json")
    manifest.write_text(manifest.read_text().replace(str(scene.sites[0]), str(scene.sites[1])).replace("siteId", "x"))
    assert verify_file(path, KEYS).problems[0].kind == "bad signature"


@pytest.mark.parametrize("how", ["membership", "account", "site"])
async def test_rights_are_those_of_the_moment_it_is_made(dbs: Dbs, tmp_path: Path, how: str) -> None:
    scene = await factory.make_scene(dbs)
    await factory.add_stays(dbs, scene, ["here"])
    id_ = await factory.ask(dbs, scene.owner, STAYS, NDJSON)
    owner = scene.members["owner"]
    if how == "membership":
        async with world.context(dbs.app, scene.owner).begin() as work:
            await identity.revoke_membership(work, owner.membership_id)
    async with dbs.admin.plain() as conn:
        if how == "account":
            await conn.execute("UPDATE account SET disabled_at = now() WHERE id = $1", owner.account_id)
        if how == "site":
            change = "UPDATE membership SET all_sites = false, site_ids = $2 WHERE id = $1"
            await conn.execute(change, owner.membership_id, [scene.sites[1]])
    await factory.exporter(dbs, tmp_path).make_waiting()
    async with dbs.admin.plain() as conn:
        row = await conn.fetchrow("SELECT * FROM export WHERE id = $1", id_)
        facts = await conn.fetch("SELECT kind FROM outbox WHERE subject_id = $1 ORDER BY id", id_)
    if how == "site":
        assert (row["state"], row["rows"]) == ("DONE", 0)
        return
    assert (row["state"], row["rows"], row["sha256"]) == ("FAILED", 0, None)
    assert [each["kind"] for each in facts] == ["ExportQueued", "ExportFailed"]
    assert not list((tmp_path / "files").rglob("*.ndjson"))


async def test_an_export_whose_worker_died_begins_anew(dbs: Dbs, scene: Scene, tmp_path: Path) -> None:
    id_ = await factory.ask(dbs, scene.owner, STAYS, NDJSON)
    exporter = factory.exporter(dbs, tmp_path)
    dead = await exporter._take(scene.operator, id_)
    assert dead is not None
    assert await exporter.make_waiting() == 0, "a living worker's export is left alone"
    async with dbs.admin.plain() as conn:
        await conn.execute("UPDATE export SET heartbeat_at = now() - interval '1 minute' WHERE id = $1", id_)
    assert await exporter.make_waiting() == 1
    async with dbs.app.tenant([scene.operator]) as conn:
        late = await store.FAIL.row(
            conn, of_tenant=scene.operator, id_=id_, turn=dead.started_at, now=world.now(), new_failure="too late"
        )
        assert late is None, "the dead one, come back, changes nothing"
        assert await conn.fetchval("SELECT state FROM export WHERE id = $1", id_) == "DONE"


async def test_an_old_export_is_removed_with_its_files(dbs: Dbs, scene: Scene, tmp_path: Path) -> None:
    exporter = factory.exporter(dbs, tmp_path, lifetime=timedelta(0))
    id_ = await factory.ask(dbs, scene.owner, STAYS, NDJSON)
    await exporter.make_waiting()
    assert len([each for each in (tmp_path / "files").rglob("*") if each.is_file()]) == 2
    assert await exporter.expire() >= 1
    assert not [each for each in (tmp_path / "files").rglob("*") if each.is_file()]
    async with dbs.admin.plain() as conn:
        assert await conn.fetchval("SELECT state FROM export WHERE id = $1", id_) == "EXPIRED"


@pytest.mark.slow
async def test_two_hundred_thousand_rows_take_no_more_memory_than_a_few(dbs: Dbs, tmp_path: Path) -> None:
    scene = await factory.make_scene(dbs)
    await factory.add_stays(dbs, scene, ["one"])
    async with dbs.admin.plain() as conn:
        await conn.execute(
            """INSERT INTO stay (tenant_id, id, site_id, bank_id, compartment_id, flow, state, outcome, created_by,
                created_at, expires_at, note)
            SELECT tenant_id, gen_random_uuid(), site_id, bank_id, compartment_id, flow, state, outcome, created_by,
                created_at + n * interval '1 second', expires_at, repeat('x', 100) || n
            FROM stay, generate_series(1, 200000) n WHERE tenant_id = $1""",
            scene.operator,
        )
        await conn.execute("ANALYZE stay")
    await factory.made(dbs, tmp_path, scene.courier_admin, STAYS, CSV)
    before = peak()
    path = await factory.made(dbs, tmp_path, scene.owner, STAYS, CSV)
    async with dbs.admin.plain() as conn:
        row = await conn.fetchrow("SELECT * FROM export WHERE id = $1::uuid", path.stem)
    assert row["rows"] == 200_001
    assert path.stat().st_size > 40_000_000
    assert peak() - before < 32 * 1024 * 1024


def peak() -> int:
    """Bytes this process ever held at once."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
