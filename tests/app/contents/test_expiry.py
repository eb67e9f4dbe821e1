"""Until when a parcel waits: the vendor's word where it gives one, else our own count of days."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from adapters.pitney import wire
from adapters.pitney.simulator.world import HOLD_AFTER_DEPOSIT
from app.contents import service as contents
from app.contents.service import Named
from app.stays import jobs
from app.stays import service as stays
from app.stays.model import WAIT_AFTER_DEPOSIT
from tenants.model import Role
from tests.app.contents.rig import BookScene
from tests.app.contents.test_books import held, later, put_in

Books = Callable[..., Awaitable[BookScene]]


async def waits(scene: BookScene, stay: UUID) -> timedelta:
    found: timedelta = await scene.of("SELECT deposit_expires_at - deposited_at FROM stay WHERE id = $1", stay)
    return timedelta(hours=round(found / timedelta(hours=1)))


async def told(scene: BookScene, stay: UUID) -> int:
    found: int = await scene.of("SELECT count(*) FROM fact WHERE kind = 'StayExpiryTold' AND subject_id = $1", stay)
    return found


async def test_a_parcel_waits_as_long_as_the_vendor_lets_it(books: Books) -> None:
    scene = await books()
    stay = await held(scene)
    await put_in(scene, stay)

    assert await waits(scene, stay) == HOLD_AFTER_DEPOSIT != WAIT_AFTER_DEPOSIT
    assert await told(scene, stay) == 1
    assert await scene.of("SELECT count(*) FROM audit_entry WHERE action = 'stay:expiry_told'") == 1
    scene.now.pass_(HOLD_AFTER_DEPOSIT.total_seconds() + 60)
    assert await jobs.mark_overdue(scene.drive.worker, scene.drive.system, scene.now) == 1


async def test_it_does_so_too_where_the_answer_was_lost_and_only_the_books_tell(books: Books) -> None:
    scene = await books()
    async with scene.admin.plain() as conn:
        await conn.execute("UPDATE person SET kind = 'DEPARTMENT' WHERE id = $1", scene.world.recipient)
    stay = await held(scene)
    scene.vendor.faults.add({"kind": "lost", "where": "deposit"})
    await put_in(scene, stay)
    await later(scene)

    detail = "SELECT detail FROM command WHERE stay_id = $1 AND kind = 'DEPOSIT'"
    assert await scene.of(detail, stay) == "found in the vendor's books"
    assert await waits(scene, stay) == HOLD_AFTER_DEPOSIT


async def test_what_a_person_gave_is_not_taken_back_by_the_next_answer(books: Books) -> None:
    scene = await books()
    stay = await held(scene)
    await put_in(scene, stay)
    await scene.act(Role.MANAGER, stays.extend, stay, timedelta(days=2), None)
    await scene.act(Role.COURIER, contents.add_parcels, stay, [Named("ONE-MORE")])
    await put_in(scene, stay)

    assert "ONE-MORE" in (await scene.unit_of(stay)).deposited
    assert await waits(scene, stay) == HOLD_AFTER_DEPOSIT + timedelta(days=2)


async def test_a_later_answer_gives_more_time(books: Books) -> None:
    scene = await books()
    stay = await held(scene)
    await put_in(scene, stay)
    scene.vendor.clock.advance(7200)
    await scene.act(Role.COURIER, contents.add_parcels, stay, [Named("ONE-MORE")])
    await put_in(scene, stay)

    assert await waits(scene, stay) == HOLD_AFTER_DEPOSIT + timedelta(hours=2)


async def test_a_time_before_the_deposit_is_nobody_s(books: Books) -> None:
    scene = await books()
    stay = await held(scene)
    scene.vendor.clock.advance(-100 * 24 * 3600)
    await put_in(scene, stay)

    assert await scene.stay(stay) == ("DEPOSITED", "E1", None)
    assert await waits(scene, stay) == WAIT_AFTER_DEPOSIT
    assert await told(scene, stay) == 0


def test_a_listed_unit_with_an_odd_time_is_a_unit_all_the_same() -> None:
    def at(time: Any) -> datetime | None:
        unit = {"lockerUnitId": "1", "parcelsDeposited": [{"trackingNumber": "T"}], "depositExpiryTime": time}
        return wire.unit(unit).expires_at

    assert at("2026-03-01T10:00:00+02:00") == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert [at(odd) for odd in ("soon", 7, "9999-12-31T23:00:00-05:00", None)] == [None] * 4
