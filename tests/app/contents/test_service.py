import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest

from app.contents import service as contents
from app.contents.service import Named
from app.kit.errors import Denied, LockyardError, NotFound, Reason, Rejected
from app.stays import service as stays
from app.stays.model import StayOutcome
from tenants.model import Role
from tests.app.contents.rig import BookScene
from tests.app.rig import codes

Books = Callable[..., Awaitable[BookScene]]


async def held(scene: BookScene) -> UUID:
    stay = await scene.reserve()
    await scene.settle()
    return stay


async def add(scene: BookScene, stay: UUID, *trackings: str, role: Role = Role.COURIER) -> None:
    await scene.act(role, contents.add_parcels, stay, [Named(each) for each in trackings])
    await scene.settle()


async def put_in(scene: BookScene, stay: UUID) -> None:
    await scene.act(Role.COURIER, contents.confirm_deposit, stay, None, codes())
    await scene.settle()


async def take(scene: BookScene, stay: UUID, *trackings: str, outcome: StayOutcome = StayOutcome.COLLECTED) -> None:
    await scene.act(Role.MANAGER, contents.take_parcels, stay, trackings, outcome, "handed over")
    await scene.settle()


async def states(scene: BookScene, stay: UUID) -> dict[str, str]:
    async with scene.admin.plain() as conn:
        rows = await conn.fetch("SELECT tracking, state FROM parcel WHERE stay_id = $1", stay)
    return {row["tracking"]: row["state"] for row in rows}


async def test_parcels_added_before_the_deposit_are_reserved_for_at_the_vendor_too(books: Books) -> None:
    scene = await books()
    stay = await held(scene)
    await add(scene, stay, "T2", "T3")

    unit = await scene.unit_of(stay)
    assert {"T2", "T3"} < set(unit.reserved)
    assert list((await states(scene, stay)).values()) == ["ALLOCATED"] * 3

    await put_in(scene, stay)
    assert {"T2", "T3"} < set(unit.deposited)
    assert not unit.reserved
    assert set((await states(scene, stay)).values()) == {"IN_LOCKER"}


async def test_a_parcel_comes_beside_what_lies_there_and_the_code_stays(books: Books) -> None:
    scene = await books()
    stay = await held(scene)
    await put_in(scene, stay)
    unit = await scene.unit_of(stay)
    code, sealed = unit.code, "SELECT pickup_sealed FROM stay WHERE id = $1"
    before = await scene.of(sealed, stay)
    await add(scene, stay, "T2")
    assert (await states(scene, stay))["T2"] == "ALLOCATED"
    await put_in(scene, stay)

    assert "T2" in unit.deposited
    assert unit.code == code is not None
    assert codes().show(stay, await scene.of(sealed, stay)) == codes().show(stay, before) == code
    assert set((await states(scene, stay)).values()) == {"IN_LOCKER"}


async def test_taking_one_tracking_number_is_no_release(books: Books) -> None:
    scene = await books()
    stay = await held(scene)
    await add(scene, stay, "T2")
    await put_in(scene, stay)
    await take(scene, stay, "T2")

    unit = await scene.unit_of(stay)
    assert (await scene.stay(stay))[0] == "DEPOSITED"
    assert (await states(scene, stay))["T2"] == "COLLECTED"
    assert unit.contact is not None
    assert "T2" not in unit.deposited
    # And nobody takes the unit for one that was found free.
    assert (await scene.alarms()) == {}

    rest = [tracking for tracking, state in (await states(scene, stay)).items() if state == "IN_LOCKER"]
    await take(scene, stay, *rest)
    assert (await scene.stay(stay))[::2] == ("RELEASED", "COLLECTED")
    assert unit.contact is None


async def test_a_partial_free_whose_answer_was_lost_is_settled_by_the_books(books: Books) -> None:
    scene = await books()
    stay = await held(scene)
    await add(scene, stay, "T2")
    await put_in(scene, stay)
    scene.vendor.faults.add({"kind": "reset_after", "where": "free"})
    await take(scene, stay, "T2")
    scene.drive.now.pass_(60)
    await scene.settle()

    settled = "SELECT state FROM command WHERE stay_id = $1 AND kind = 'RELEASE'"
    assert await scene.of(settled, stay) == "ACCEPTED"
    assert (await scene.stay(stay))[0] == "DEPOSITED"


async def test_a_reservation_that_never_arrived_is_made_again_with_all_its_parcels(books: Books) -> None:
    scene = await books()
    scene.vendor.faults.add({"kind": "reset", "where": "reserve"})
    stay = await held(scene)
    await add(scene, stay, "T2")
    scene.drive.now.pass_(60)
    await scene.settle()
    await scene.settle()

    unit = await scene.unit_of(stay)
    assert len(unit.reserved) == 2
    assert "T2" in unit.reserved


async def test_who_a_parcel_is_for_stands_in_the_vendor_s_book_once(books: Books) -> None:
    scene = await books()
    first, second = await held(scene), await held(scene)

    assert len(scene.cloud.book) == 1
    known_as = await scene.of("SELECT external_id FROM vendor_contact WHERE person_id = $1", scene.world.recipient)
    assert {(await scene.unit_of(stay)).contact for stay in (first, second)} == {known_as}
    told = "SELECT count(*) FROM audit_entry WHERE action = 'person:introduced' AND tenant_id = $1"
    assert await scene.of(told, scene.world.tenant) == 1


async def test_a_reservation_waits_for_an_address_book_that_does_not_answer(books: Books) -> None:
    scene = await books()
    scene.vendor.faults.add({"kind": "malformed", "where": "contact"})
    stay = await held(scene)
    assert (await scene.unit_of(stay)).contact is None
    scene.drive.now.pass_(30)
    await scene.settle()

    assert (await scene.unit_of(stay)).contact is not None


async def test_while_credentials_are_refused_the_books_wait(books: Books) -> None:
    scene = await books()
    scene.vendor.faults.add({"kind": "status", "where": "token", "status": 401})
    stay = await held(scene)
    assert (await scene.stay(stay))[0] == "HELD"
    await asyncio.sleep(6)
    scene.drive.now.pass_(30)
    await scene.settle()

    assert (await scene.unit_of(stay)).contact is not None


async def test_a_parcel_put_in_where_the_reservation_never_arrived_is_told_of_anew(books: Books) -> None:
    scene = await books()
    scene.vendor.faults.go_away(how="reset")
    stay = await scene.reserve()
    await scene.act(Role.COURIER, contents.confirm_deposit, stay, None, codes())
    await scene.settle()
    scene.drive.now.pass_(2 * 3600)
    scene.vendor.faults.come_back()
    for _ in range(4):
        await scene.settle()
        scene.drive.now.pass_(20)

    unit = await scene.unit_of(stay)
    assert unit.deposited
    assert (await scene.stay(stay))[0] == "DEPOSITED"
    assert codes().show(stay, await scene.of("SELECT pickup_sealed FROM stay WHERE id = $1", stay)) == unit.code


async def refused(scene: BookScene, stay: UUID, role: Role, *given: object) -> LockyardError:
    before = await states(scene, stay)
    with pytest.raises(LockyardError) as error:
        await scene.act(role, contents.take_parcels, stay, *given)
    assert await states(scene, stay) == before
    return error.value


async def test_what_may_not_be_is_refused_and_changes_nothing(books: Books) -> None:
    scene = await books(strict=False)
    stay, other = await held(scene), await held(scene)
    await add(scene, stay, "T2")
    await put_in(scene, stay)

    collected = StayOutcome.COLLECTED
    assert isinstance(await refused(scene, stay, Role.MANAGER, ["T9"], collected, "x"), NotFound)
    assert isinstance(await refused(scene, stay, Role.COURIER, ["T2"], collected, "x"), Denied)
    early = await refused(scene, stay, Role.MANAGER, ["T2"], StayOutcome.CANCELLED, "x")
    assert isinstance(early, Rejected)
    for where in (stay, other):
        with pytest.raises(Rejected) as known:
            await scene.act(Role.COURIER, contents.add_parcels, where, [Named("T2")])
        assert known.value.reason is Reason.ALREADY_EXISTS

    await scene.act(Role.MANAGER, stays.release, stay, StayOutcome.REMOVED_BY_STAFF, "cleared")
    with pytest.raises(Rejected) as ended:
        await scene.act(Role.COURIER, contents.add_parcels, stay, [Named(uuid4().hex)])
    assert ended.value.reason is Reason.STAY_NOT_OPEN


async def test_a_deposit_with_nothing_new_to_put_in_is_refused_as_ever(books: Books) -> None:
    scene = await books()
    stay = await held(scene)
    await put_in(scene, stay)
    with pytest.raises(Rejected) as error:
        await put_in(scene, stay)

    assert error.value.reason is Reason.WRONG_STATE
