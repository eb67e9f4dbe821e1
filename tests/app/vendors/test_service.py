from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest

from adapters import registry
from app.commissioning import service as commissioning
from app.commissioning.service import ConnectBank
from app.devices.port import Connection, Refused
from app.kit.db import Database
from app.kit.errors import Denied, Invalid, NotFound, Reason, Rejected
from app.kit.seal import Sealer
from app.lockers.model import Size
from app.lockers.service import NewCompartment
from app.vendors import service
from app.vendors.service import Account, Vendors
from tenants.model import Role
from tests.app.rig import SEALER, World, actor, context, make_world, snapshot, value
from tests.app.scene import Scene


def vendors(problems: Callable[[Connection], tuple[str, ...]] = lambda _: ()) -> Vendors:
    return Vendors(problems, SEALER)


def shouted(_vendor: str, text: str) -> str:
    """A vendor for whom `b` and `B` are one bank, and digits alone are none."""
    if text.isdecimal():
        raise Refused("no bank is called so")
    return text.upper()


def asked(world: World) -> ConnectBank:
    doors = tuple(NewCompartment(f"{n:02}", str(n), Size.M, 1, n) for n in (1, 2))
    return ConnectBank(world.site, "C", "memory", "X1", "memory:", {"poll": 1}, {"token": "s3cret"}, doors)


@pytest.mark.parametrize("strange", [{"name": "A\x00"}, {"A\x00": 1}, {"at": 2**70}, {"all": ["x" * 70_000]}, ["poll"]])
async def test_settings_that_cannot_be_kept_are_the_askers_fault(
    app_db: Database, admin_db: Database, strange: object
) -> None:
    world = await make_world(admin_db)
    before = await snapshot(admin_db)
    with pytest.raises(Invalid) as refused:
        async with context(app_db, actor(world)).begin() as work:
            await commissioning.connect_bank(work, replace(asked(world), settings=strange), vendors())
    assert refused.value.path == ("input", "settings")
    assert await snapshot(admin_db) == before


async def test_a_bank_comes_with_doors_and_a_sealed_secret(app_db: Database, admin_db: Database) -> None:
    world = await make_world(admin_db)
    async with context(app_db, actor(world)).begin() as work:
        bank = await commissioning.connect_bank(work, asked(world), vendors())
    async with admin_db.plain() as conn:
        row = await conn.fetchrow(
            "SELECT c.*, b.label FROM vendor_connection c JOIN bank b ON b.connection_id = c.id WHERE b.id = $1", bank
        )
        assert await conn.fetchval("SELECT count(*) FROM compartment WHERE bank_id = $1", bank) == 2
    assert b"s3cret" not in row["secret_sealed"]
    assert orjson.loads(SEALER.open(row["secret_sealed"], row["id"].bytes)) == {"token": "s3cret"}
    async with context(app_db, actor(world)).begin() as work:
        await commissioning.disconnect_bank(work, bank)
    assert await value(admin_db, "SELECT count(*) FROM vendor_connection WHERE id = $1", row["id"]) == 0


async def test_a_bank_has_one_id_however_it_was_spelled(app_db: Database, admin_db: Database) -> None:
    world, known = await make_world(admin_db), replace(vendors(), bank_id=shouted)
    async with context(app_db, actor(world)).begin() as work:
        bank = await commissioning.connect_bank(work, replace(asked(world), external_id="x1"), known)
    assert await value(admin_db, "SELECT external_id FROM bank WHERE id = $1", bank) == "X1"
    before = await snapshot(admin_db)
    with pytest.raises(Invalid) as none:
        async with context(app_db, actor(world)).begin() as work:
            await commissioning.connect_bank(work, replace(asked(world), external_id="7"), known)
    assert none.value.path == ("input", "externalId")
    assert await snapshot(admin_db) == before


async def test_what_cannot_be_connected_leaves_nothing_behind(app_db: Database, admin_db: Database) -> None:
    world = await make_world(admin_db)
    good, before = asked(world), await snapshot(admin_db)

    def unknown(_: Connection) -> tuple[str, ...]:
        raise Refused("no adapter for this vendor")

    twice = replace(good, compartments=good.compartments[:1] * 2)
    cases = {
        "vendor": (good, vendors(unknown)),
        "settings": (good, vendors(lambda _: ("poll is missing",))),
        "secret": (replace(good, secret=[1]), vendors()),
        "label": (replace(good, label=" "), vendors()),
        "compartments": (twice, vendors()),
    }
    for field, (ask, given) in cases.items():
        with pytest.raises(Invalid) as refused:
            async with context(app_db, actor(world)).begin() as work:
                await commissioning.connect_bank(work, ask, given)
        assert refused.value.path[:2] == ("input", field)
    for role, error in ((Role.AUDITOR, Denied), (Role.RECIPIENT, NotFound)):
        with pytest.raises(error):
            async with context(app_db, actor(world, role)).begin() as work:
                await commissioning.connect_bank(work, good, vendors())
    after = await snapshot(admin_db)
    assert {**after, "audit_entry": before["audit_entry"], "outbox": before["outbox"]} == before


async def test_a_bank_with_a_past_is_not_deleted(scene: Scene) -> None:
    await scene.reserve()
    before = await snapshot(scene.admin)
    with pytest.raises(Rejected) as refused:
        async with context(scene.app, actor(scene.world)).begin() as work:
            await commissioning.disconnect_bank(work, scene.world.bank)
    assert refused.value.reason is Reason.STILL_IN_USE
    assert await snapshot(scene.admin) == before


async def test_an_account_whose_paths_lead_elsewhere_is_not_kept(app_db: Database, admin_db: Database) -> None:
    world = await make_world(admin_db)
    secret = {"client_id": "i", "client_secret": "s"}
    ask = Account("Cloud", "pitney", "https://good.example", {}, secret)
    async with context(app_db, actor(world)).begin() as work:
        account = await service.connect(work, ask, Vendors(registry.problems, SEALER))
    before = await snapshot(admin_db)
    for path in (".evil.example/t", "@evil.example/t"):
        for wrong in (Account(settings={"paths": {"token": path}}), replace(ask, settings={"paths": {"token": path}})):
            with pytest.raises(Invalid) as refused:
                async with context(app_db, actor(world)).begin() as work:
                    await service.change(work, account, wrong, Vendors(registry.problems, SEALER))
            assert refused.value.path == ("input", "settings")
    assert await snapshot(admin_db) == before


async def test_an_address_deep_in_the_settings_needs_the_secret_again(app_db: Database, admin_db: Database) -> None:
    world = await make_world(admin_db)
    ask = Account("Cloud", "memory", "memory:", {}, {"token": "s"})
    async with context(app_db, actor(world)).begin() as work:
        account = await service.connect(work, ask, vendors())
    moved, before = Account(settings={"hosts": [{"token": "https://evil.example"}]}), await snapshot(admin_db)
    with pytest.raises(Invalid) as refused:
        async with context(app_db, actor(world)).begin() as work:
            await service.change(work, account, moved, vendors())
    assert refused.value.path == ("input", "secret")
    assert await snapshot(admin_db) == before


async def test_a_secret_whose_key_is_lost_is_entered_again(app_db: Database, admin_db: Database) -> None:
    world = await make_world(admin_db)
    async with context(app_db, actor(world)).begin() as work:
        ask = Account("Cloud", "memory", "memory:", {}, {"token": "s"})
        account = await service.connect(work, ask, vendors())
    other = replace(vendors(), sealer=Sealer.of(bytes(32)))
    before = await snapshot(admin_db)
    with pytest.raises(Invalid) as refused:
        async with context(app_db, actor(world)).begin() as work:
            await service.change(work, account, Account(name="M"), other)
    assert refused.value.path == ("input", "secret")
    assert await snapshot(admin_db) == before
    async with context(app_db, actor(world)).begin() as work:
        await service.change(work, account, Account(secret={"token": "t"}), other)
    sealed = await value(admin_db, "SELECT secret_sealed FROM vendor_connection WHERE id = $1", account)
    assert orjson.loads(other.sealer.open(sealed, account.bytes)) == {"token": "t"}
