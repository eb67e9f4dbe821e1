"""Whom a vendor's books name: people of its own address book, also where nobody is named here."""

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest

from adapters.pitney.adapter import PitneyAdapter
from app.devices.port import Contact
from app.introductions import service as introductions
from app.lockers.model import Size
from app.reserving import service as reserving
from app.reserving.service import ReserveCompartment
from app.stays.model import Flow
from app.vendors import service as vendors
from app.vendors.service import Account, Vendors
from tenants.model import Role
from tests.app.contents.rig import BookScene
from tests.app.contents.test_books import held
from tests.app.rig import SEALER, actor, context

Books = Callable[..., Awaitable[BookScene]]
KNOWN = "SELECT count(*) FROM vendor_contact WHERE connection_id = $1"
THERE = Vendors(lambda _: (), SEALER, forget=introductions.forget)


async def for_nobody(scene: BookScene, flow: Flow = Flow.DELIVER) -> UUID:
    ask = ReserveCompartment(scene.world.bank, Size.M, uuid4().hex, flow=flow)
    stay = await scene.act(Role.MANAGER, reserving.reserve, ask)
    await scene.settle()
    return stay


async def change(scene: BookScene, ask: Account) -> None:
    async with context(scene.app, actor(scene.world)).begin() as work:
        await vendors.change(work, scene.world.connection, ask, THERE)


async def test_a_parcel_that_is_for_nobody_in_particular_is_reserved_for_somebody_the_vendor_knows(
    books: Books,
) -> None:
    scene = await books()
    stays = [await for_nobody(scene), await for_nobody(scene)]

    assert [(await scene.stay(stay))[0] for stay in stays] == ["HELD", "HELD"]
    (named,) = {(await scene.unit_of(stay)).contact for stay in stays}
    assert named is not None
    assert named not in {str(stay) for stay in stays}
    assert len(scene.cloud.book) == 1


async def test_a_return_that_nobody_in_particular_brings_is_reserved_too(books: Books) -> None:
    scene = await books()
    stay = await for_nobody(scene, Flow.RETURN)

    assert (await scene.stay(stay))[0] == "HELD"
    assert (await scene.unit_of(stay)).contact is not None


async def test_who_was_deleted_meanwhile_is_named_to_no_vendor(books: Books) -> None:
    scene = await books()
    stay = await scene.reserve()
    async with scene.admin.plain() as conn:
        await conn.execute("UPDATE person SET name = '', deleted_at = now() WHERE id = $1", scene.world.recipient)
    await scene.settle()

    assert (await scene.stay(stay))[0] == "HELD"
    assert (await scene.unit_of(stay)).contact != str(scene.world.recipient)


async def test_at_another_address_nobody_is_known_by_the_ids_of_the_former(books: Books) -> None:
    scene = await books()
    await held(scene)
    assert await scene.of(KNOWN, scene.world.connection) == 1
    await change(scene, Account(name="Another name"))
    assert await scene.of(KNOWN, scene.world.connection) == 1
    await change(scene, Account(base_url="memory:elsewhere"))

    assert await scene.of(KNOWN, scene.world.connection) == 0


async def test_what_the_former_address_answers_late_is_not_noted_for_the_new_one(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await books()
    await scene.settle()
    ask = PitneyAdapter.add_contact

    async def meanwhile(hardware: PitneyAdapter, person: Contact) -> str:
        named = await ask(hardware, person)
        await change(scene, Account(base_url="memory:elsewhere"))
        return named

    with monkeypatch.context() as patch:
        patch.setattr(PitneyAdapter, "add_contact", meanwhile)
        await scene.reserve()
        await scene.settle()
    assert len(scene.cloud.book) == 1
    assert await scene.of(KNOWN, scene.world.connection) == 0

    scene.drive.crash()
    await held(scene)
    assert await scene.of(KNOWN, scene.world.connection) == 1
