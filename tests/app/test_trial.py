"""`lockyard adapter check`, as it is typed."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import orjson
import pytest
from typer.testing import CliRunner, Result

from adapters import registry
from adapters.checking import Trial
from adapters.generic.kerong_cu16.simulator.bus import LineServer
from adapters.generic.kerong_cu16.simulator.world import KerongWorld, Line
from adapters.harbor_gateway import checks as gateway
from adapters.pitney.simulator.cloud import PitneyCloud
from adapters.pitney.simulator.world import PitneyWorld, plain_banks
from adapters.simulation import control
from app import trial
from app.cli import app
from app.devices.port import Check, Connection
from app.kit.db import Database
from app.kit.embedded import Dsns
from app.kit.ids import new_id
from app.kit.lease import lease
from app.kit.seal import Sealer
from tests.app.rig import World, make_world, value

SECRET = "never-to-be-printed"
KEY = bytes(range(32))


@pytest.fixture
async def vendor() -> AsyncIterator[tuple[str, PitneyWorld]]:
    world = PitneyWorld(plain_banks(2, 6))
    async with control.Server(PitneyCloud(world, client=("lockyard-client", SECRET)).app()) as server:
        yield server.url, world


async def check(*words: str, **environment: str) -> tuple[int, str]:
    """Exit code, and all that was said."""

    def run() -> Result:
        return CliRunner().invoke(app, ["adapter", "check", *words], env=environment)

    done = await asyncio.to_thread(run)
    return done.exit_code, done.output


def account(url: str) -> tuple[str, ...]:
    secrets = ("--secret-env", "client_id=ID_OF_MINE", "--secret-env", "client_secret=SECRET_OF_MINE")
    return ("--vendor", "pitney", "--url", url, *secrets)


MINE = {"ID_OF_MINE": "lockyard-client", "SECRET_OF_MINE": SECRET}


def database(dsns: Dsns) -> dict[str, str]:
    """The environment that names the test's own database."""
    return {
        "LOCKYARD_SECRET_KEY": base64.b64encode(KEY).decode(),
        "LOCKYARD_DATABASE_URL": dsns.app,
        "LOCKYARD_WORKER_DATABASE_URL": dsns.worker,
        "LOCKYARD_OWNER_DATABASE_URL": dsns.owner,
    }


async def test_an_account_that_answers_as_it_must_is_told_so(vendor: tuple[str, PitneyWorld]) -> None:
    url, world = vendor
    before = world.dump()["units"]
    code, said = await check(*account(url), **MINE)

    assert code == 0, said
    assert "ok        list banks: 2 banks: PB-01, PB-02" in said
    assert "not tried open a door: it changes something: say --write" in said
    assert world.dump()["units"] == before


async def test_what_writes_is_tried_when_asked_and_undone(vendor: tuple[str, PitneyWorld]) -> None:
    url, world = vendor
    code, said = await check(*account(url), "--write", "--bank", "PB-02", "--json", **MINE)
    rows = {row["name"]: row for row in map(json.loads, said.splitlines()) if row}

    assert code == 0, said
    assert rows["free the unit"]["said"] == "unit 1 is free again"
    assert all(row["ok"] for row in rows.values())
    assert world.doors.at("PB-02", "1").pulses == 1
    assert not any(unit["contact"] for unit in world.dump()["units"])


async def test_a_wrong_path_fails_with_what_to_change(vendor: tuple[str, PitneyWorld]) -> None:
    url, _ = vendor
    code, said = await check(*account(url), "--setting", 'paths={"sizes": "/nowhere/{bank}"}', **MINE)

    assert code == 1
    assert "FAILED    sizes of a bank" in said
    assert "to do: set `paths.sizes`" in said


async def test_refused_credentials_are_told_without_them(vendor: tuple[str, PitneyWorld]) -> None:
    url, _ = vendor
    code, said = await check(*account(url), **{**MINE, "SECRET_OF_MINE": f"{SECRET}-wrong"})

    assert code == 1
    assert "AuthFailed" in said
    assert SECRET not in said


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--vendor", "nobody", "--url", "http://127.0.0.1:1"),
        ("--vendor", "pitney", "--url", "http://127.0.0.1:1", "--setting", "x"),
        ("--vendor", "pitney", "--url", "http://127.0.0.1:1", "--secret-env", "client_id=NOT_THERE"),
        ("--vendor", "pitney", "--url", "ftp://127.0.0.1:1"),
    ],
)
async def test_what_cannot_be_tried_ends_with_two(words: tuple[str, ...]) -> None:
    code, said = await check(*words)

    assert code == 2
    assert "Traceback" not in said
    assert "Error" in said


async def test_a_connection_of_the_database_is_found_by_name_and_by_id(
    vendor: tuple[str, PitneyWorld], dsns: Dsns, admin_db: Database
) -> None:
    url, _ = vendor
    world, id_, name = await make_world(admin_db), new_id(), f"cloud {uuid4().hex[:6]}"
    sealed = Sealer.of(KEY).seal(orjson.dumps({"client_id": "lockyard-client", "client_secret": SECRET}), id_.bytes)
    async with admin_db.plain() as conn:
        await conn.execute(
            "INSERT INTO vendor_connection (tenant_id, id, name, vendor, base_url, secret_sealed) "
            "VALUES ($1, $2, $3, 'pitney', $4, $5)", world.tenant, id_, name, url, sealed,
        )  # fmt: skip
    where = database(dsns)
    for called in (name, str(id_)):
        code, said = await check(called, **where)
        assert code == 0, said
        assert SECRET not in said
    assert (await check("nobody", **where))[0] == 2


@pytest.fixture
async def line(admin_db: Database) -> AsyncIterator[tuple[str, World, UUID, KerongWorld]]:
    """The name of a connection to boards; its world, its id, and what the boards count."""
    world, id_, name = await make_world(admin_db), new_id(), f"line {uuid4().hex[:6]}"
    line = Line("KR-01", {0: 16})
    boards = KerongWorld([line])
    async with LineServer(boards, line) as server:
        async with admin_db.plain() as conn:
            await conn.execute(
                "INSERT INTO vendor_connection (tenant_id, id, name, vendor, base_url, settings) "
                "VALUES ($1, $2, $3, 'kerong_cu16', $4, $5)",
                world.tenant, id_, name, server.url, {"bank": "KR-01", "boards": [0]},
            )  # fmt: skip
        yield name, world, id_, boards


def pulses(boards: KerongWorld) -> int:
    return sum(boards.doors.at(*key).pulses for key in boards.doors)


async def test_boards_are_tried_with_a_door_and_who_else_may_be_on_the_line_is_told(
    dsns: Dsns, admin_db: Database, worker_db: Database, line: tuple[str, World, UUID, KerongWorld]
) -> None:
    name, world, _, boards = line
    where = database(dsns)
    code, said = await check(name, **where)
    assert code == 0, said
    assert "having the hardware alone" not in said
    assert pulses(boards) == 0

    stop = asyncio.Event()
    async with lease(worker_db, "fleet", stop) as held:
        assert held is not None
        code, said = await check(name, "--write", **where)
    assert code == 0, said
    assert "not tried having the hardware alone: a worker runs" in said
    assert "to do: stop `lockyard worker` while you try" in said
    assert "open a door: unit 0-1: opened, its door reads open; shut it again" in said
    assert pulses(boards) == 1
    said_so = "SELECT count(*) FROM audit_entry WHERE tenant_id = $1 AND reason = 'lockyard adapter check --write'"
    assert await value(admin_db, said_so, world.tenant) == 1


async def test_no_door_is_tried_where_our_record_has_one_in_use_and_the_boards_cannot_tell_which(
    dsns: Dsns, admin_db: Database, line: tuple[str, World, UUID, KerongWorld]
) -> None:
    name, world, id_, boards = line
    async with admin_db.plain() as conn:
        await conn.execute("UPDATE bank SET connection_id = $2, external_id = 'KR-01' WHERE id = $1", world.bank, id_)
        await conn.execute("UPDATE compartment SET use = 'OCCUPIED' WHERE id = $1", world.doors[2])
    code, said = await check(name, "--write", **database(dsns))
    assert code == 0, said
    assert "not tried open a door: doors in use by our record: 1; one of them might open" in said
    assert pulses(boards) == 0
    async with admin_db.plain() as conn:
        await conn.execute("UPDATE compartment SET use = 'FREE' WHERE id = $1", world.doors[2])
    await check(name, "--write", **database(dsns))
    assert pulses(boards) == 1


async def test_a_check_that_breaks_is_told_and_hides_no_other(
    vendor: tuple[str, PitneyWorld], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = vendor

    async def broken(_: Trial) -> str:
        raise IndexError

    monkeypatch.setattr(Trial, "_sizes", broken)
    code, said = await check(*account(url), **MINE)
    assert code == 1
    assert "FAILED    sizes of a bank: the adapter itself broke: IndexError" in said
    assert "ok        look up a parcel" in said


async def test_a_try_may_take_as_long_as_its_vendor_takes_over_an_opening() -> None:
    connection = Connection(uuid4(), "harbor_gateway", "http://127.0.0.1:1")
    adapter = registry.connect(connection)
    try:
        # Looked for, given, opened and taken back: cut short, it would be taken back while the gateway still opens.
        longest = gateway.OPEN_PATIENCE + 2 * gateway.PATIENCE + timedelta(seconds=16)
        assert longest.total_seconds() <= trial.longest(adapter)
    finally:
        await adapter.close()


@pytest.mark.parametrize(("limit", "ok"), [(0.05, False), (5.0, True)])
async def test_a_try_without_end_is_ended(limit: float, ok: bool) -> None:
    async def slow() -> str:
        await asyncio.sleep(0.2)
        return "done"

    finding = await trial.attempt(Check("slow", slow, "wait"), limit)
    assert (finding.ok, finding.said) == (ok, "done" if ok else "no end within 0.05 s")
