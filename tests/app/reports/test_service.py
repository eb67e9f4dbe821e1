from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from app.kit.db import Database
from app.kit.errors import Denied, Invalid, LockyardError, NotFound
from app.kit.ids import new_id
from app.reports.model import ExportFormat, ExportKind, Filter
from app.reports.service import Links
from tests.app.reports import factory
from tests.app.reports.factory import BEGAN, Dbs, Scene
from tests.tenants import world

pytestmark = pytest.mark.anyio
SECRET = b"s" * 32


@pytest.fixture(scope="module")
def dbs(app_db: Database, worker_db: Database, admin_db: Database) -> Dbs:
    return Dbs(app_db, worker_db, admin_db)


@pytest.fixture(scope="module")
async def scene(dbs: Dbs) -> Scene:
    return await factory.make_scene(dbs)


async def finished(dbs: Dbs, scene: Scene, tmp_path: Path) -> UUID:
    path = await factory.made(dbs, tmp_path, scene.owner, ExportKind.STAYS, ExportFormat.CSV)
    return UUID(path.stem)


def token_of(url: str | None) -> str:
    assert url is not None
    return url.rpartition("token=")[2]


async def test_a_link_opens_its_own_export_and_each_fetch_is_on_record(dbs: Dbs, scene: Scene, tmp_path: Path) -> None:
    id_ = await finished(dbs, scene, tmp_path)
    links = Links(dbs.app, SECRET, "https://lockers.example")
    [url] = await links.download_urls(scene.owner.actor, [str(id_)])
    assert url is not None
    assert url.startswith(f"https://lockers.example/exports/{id_}/download?token=")
    reader = world.context(dbs.app, scene.owner)
    stranger = world.context(dbs.app, scene.courier_admin)
    for context in (None, reader, stranger):
        found = await links.open(id_, token_of(url), context, "test")
        assert found.tenant_id == scene.operator
        assert found.name.startswith("lockyard-stays-")
    async with dbs.admin.plain() as conn:
        rows = await conn.fetch(
            "SELECT actor_label FROM audit_entry WHERE target_id = $1 AND action = 'export:read' ORDER BY id", id_
        )
    assert [row["actor_label"] for row in rows] == ["holder of a link", "Owner", "holder of a link"]


async def test_a_link_that_was_touched_opens_nothing(dbs: Dbs, scene: Scene, tmp_path: Path) -> None:
    id_, other = await finished(dbs, scene, tmp_path), await finished(dbs, scene, tmp_path)
    links = Links(dbs.app, SECRET, "")
    token = token_of(links.url(scene.operator, id_))
    raw = urlsafe_b64decode(token + "==")
    later = raw[:16] + (2**40).to_bytes(8, "big") + raw[24:]
    forged = [
        (id_, ""), (id_, "x"), (id_, token[:-1]), (id_, token + "A"), (id_, token + "="), (id_, "ü" * 75),
        (other, token), (new_id(), token), (id_, urlsafe_b64encode(later).decode().rstrip("=")),
        (id_, token.swapcase()),
        (id_, token_of(Links(dbs.app, b"t" * 32, "").url(scene.operator, id_))),
        (id_, token_of(links.url(scene.carrier, id_))),
    ]  # fmt: skip
    said = set()
    for asked, given in forged:
        with pytest.raises(NotFound) as refused:
            await links.open(asked, given, None, "test")
        said.add(refused.value.message)
    assert len(said) == 1
    assert (await links.open(id_, token, None, "test")).id == id_


async def test_a_link_ends_and_so_does_the_export(dbs: Dbs, scene: Scene, tmp_path: Path) -> None:
    id_ = await finished(dbs, scene, tmp_path)
    moment = [datetime.now(UTC)]
    links = Links(dbs.app, SECRET, "", clock=lambda: moment[0])
    token = token_of(links.url(scene.operator, id_))
    moment[0] += timedelta(minutes=59)
    await links.open(id_, token, None, "test")
    fresh = token_of(links.url(scene.operator, id_))
    moment[0] += timedelta(minutes=2)
    for each in (token, fresh):
        with pytest.raises(NotFound):
            await links.open(id_, each, None, "test")
    moment[0] += timedelta(hours=1)
    with pytest.raises(NotFound):
        links.tenant_of(id_, token)


def test_a_link_stays_the_same_for_a_while_and_lives_an_hour_at_least(dbs: Dbs) -> None:
    moment = [datetime(2026, 11, 20, 12, 0, tzinfo=UTC)]
    links, tenant, id_ = Links(dbs.app, SECRET, "", clock=lambda: moment[0]), new_id(), new_id()
    first = links.url(tenant, id_)
    moment[0] += timedelta(minutes=59, seconds=59)
    assert links.url(tenant, id_) == first
    moment[0] += timedelta(minutes=60)
    assert links.tenant_of(id_, token_of(first)) == tenant
    moment[0] += timedelta(seconds=1)
    with pytest.raises(NotFound):
        links.tenant_of(id_, token_of(first))


async def test_an_unfinished_export_has_no_download(dbs: Dbs, scene: Scene) -> None:
    id_ = await factory.ask(dbs, scene.owner, ExportKind.STAYS, ExportFormat.CSV)
    links = Links(dbs.app, SECRET, "")
    with pytest.raises(NotFound):
        await links.open(id_, token_of(links.url(scene.operator, id_)), None, "test")


@pytest.mark.parametrize(
    ("kind", "filter_", "refusal"),
    [
        (ExportKind.AUDIT, Filter(since=BEGAN, until=BEGAN), Invalid),
        (ExportKind.STAYS, Filter(actions=("stay:create",)), Invalid),
        (ExportKind.AUDIT, Filter(actions=("x",) * 101), Invalid),
        (ExportKind.AUDIT, Filter(actions=("a\x00b",)), Invalid),
    ],
)
async def test_an_export_that_makes_no_sense_is_refused_and_not_queued(
    dbs: Dbs, kind: ExportKind, filter_: Filter, refusal: type[LockyardError]
) -> None:
    scene = await factory.make_scene(dbs)
    with pytest.raises(refusal):
        await factory.ask(dbs, scene.owner, kind, ExportFormat.CSV, filter_)
    async with dbs.admin.plain() as conn:
        assert await conn.fetchval("SELECT count(*) FROM export WHERE tenant_id = $1", scene.operator) == 0


async def test_who_may_not_read_may_not_export(dbs: Dbs, scene: Scene) -> None:
    async with dbs.admin.plain() as conn:
        courier = await world.member(conn, scene.carrier, "COURIER")
    caller = await world.caller(dbs.admin, dbs.app, courier)
    with pytest.raises(Denied):
        await factory.ask(dbs, caller, ExportKind.AUDIT, ExportFormat.CSV)
    with pytest.raises(NotFound):
        await factory.ask(dbs, scene.some, ExportKind.AUDIT, ExportFormat.CSV, Filter(site_id=scene.sites[1]))


def test_a_filter_is_stored_as_it_is_shown_and_read_back_the_same() -> None:
    asked = Filter(new_id(), BEGAN, BEGAN + timedelta(microseconds=1), ("a:b", "c:d"))
    assert Filter.read(asked.public()) == asked
    assert Filter.read({}).is_open
    assert Filter().public() == {}
