"""A pass is for whoever may carry it, when it is asked for, when it comes and afterwards."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.access import service as access
from app.access.service import Collect
from app.devices.port import Order, Receipt
from app.kit.db import Database
from app.kit.errors import Denied, Reason, Rejected
from app.lockers.model import Size
from app.reserving import service as reserving
from app.reserving.service import ReserveCompartment
from app.stays.model import Flow
from tenants.carriers import service as carriers
from tenants.carriers.model import Operation
from tenants.model import Role
from tests.adapters.harbor.rig import TOWER
from tests.app.handover.towers import Towers, towers
from tests.app.rig import actor, codes, context, snapshot

ASKED = "SELECT count(*) FROM command WHERE stay_id = $1 AND kind = 'ISSUE_ACCESS'"
SECRETS = "SELECT count(*) FROM pass WHERE stay_id = $1 AND sealed IS NOT NULL"


@pytest.fixture
async def scene(app_db: Database, worker_db: Database, admin_db: Database) -> AsyncIterator[Towers]:
    async with towers(app_db, worker_db, admin_db) as made:
        yield made


async def change_grant(scene: Towers, how: str = "suspend") -> None:
    grant = await scene.of("SELECT id FROM carrier_grant WHERE tenant_id = $1", scene.world.tenant)
    async with context(scene.app, actor(scene.world), scene.now).begin() as work:
        await carriers.change(work, grant, how, "unpaid")


async def reserve(scene: Towers, **changes: Any) -> UUID:
    ask = ReserveCompartment(scene.world.bank, Size.M, uuid4().hex, **changes)
    return await scene.act(Role.COURIER, reserving.reserve, ask)


async def brought(scene: Towers, **changes: Any) -> UUID:
    stay = await reserve(scene, **changes)
    await scene.settle()
    scene.show(await scene.held(stay))
    await scene.settle()
    assert (await scene.stay(stay))[0] == "DEPOSITED"
    return stay


def opened(scene: Towers) -> int:
    return sum(scene.vendor.doors.at(TOWER, each.id).openings for each in scene.vendor.of(TOWER))


async def test_whoever_asks_again_at_once_is_told_to_wait_and_one_pass_comes(scene: Towers) -> None:
    stay = await scene.brought()
    await scene.pass_time(13 * 3600)
    before = await scene.of(ASKED, stay)
    await scene.act(Role.RECIPIENT, access.collect, Collect(stay), codes())
    kept = await snapshot(scene.admin)
    for role in (Role.RECIPIENT, Role.OWNER, Role.RECIPIENT):
        with pytest.raises(Rejected) as refused:
            await scene.act(role, access.collect, Collect(stay), codes())
        assert refused.value.reason is Reason.COMMAND_PENDING
    assert await snapshot(scene.admin) == kept
    await scene.settle()
    assert await scene.of(ASKED, stay) == before + 1
    assert (await scene.passes(stay)).count(("PICKUP", "ISSUED")) == 1


async def test_of_four_who_ask_in_the_same_moment_one_is_asked_for(scene: Towers) -> None:
    stay = await scene.brought()
    await scene.pass_time(13 * 3600)
    before = await scene.of(ASKED, stay)
    asks = [scene.act(Role.RECIPIENT, access.collect, Collect(stay), codes()) for _ in range(4)]
    said = await asyncio.gather(*asks, return_exceptions=True)
    assert sum(isinstance(each, UUID) for each in said) == 1
    assert sum(isinstance(each, Rejected) and each.reason is Reason.COMMAND_PENDING for each in said) == 3
    assert await scene.of(ASKED, stay) == before + 1


async def test_a_parcel_for_nobody_in_particular_gives_its_courier_no_way_to_take_it_out(scene: Towers) -> None:
    stay = await brought(scene)
    assert await scene.passes(stay) == [("DEPOSIT", "USED")]
    with pytest.raises(Rejected) as early:
        await scene.act(Role.COURIER, access.collect, Collect(stay), codes())
    assert early.value.reason is Reason.WRONG_STATE
    await scene.act(Role.OWNER, access.collect, Collect(stay), codes())
    await scene.settle()
    who = "SELECT coalesce(carrier_id, person_id) FROM pass WHERE stay_id = $1 AND kind = 'PICKUP'"
    assert await scene.passes(stay) == [("DEPOSIT", "USED"), ("PICKUP", "ISSUED")]
    assert await scene.of(who, stay) is None, "staff carry it"


async def test_a_return_s_courier_is_handed_a_pass_while_the_grant_covers_returns(scene: Towers) -> None:
    stay = await brought(scene, flow=Flow.RETURN)
    assert await scene.passes(stay) == [("DEPOSIT", "USED"), ("PICKUP", "ISSUED")]
    await scene.of(
        "UPDATE carrier_grant SET operations = array_remove(operations, $2) WHERE tenant_id = $1",
        scene.world.tenant, Operation.COLLECT_RETURN.value,
    )  # fmt: skip
    assert await scene.passes(await brought(scene, flow=Flow.RETURN)) == [("DEPOSIT", "USED")]


async def test_a_lost_answer_is_asked_for_again_for_whoever_asked(scene: Towers) -> None:
    stay = await scene.brought()
    scene.vendor.faults.add({"kind": "reset", "where": "dropoff-locker-tokens"})
    await scene.act(Role.OWNER, access.collect, Collect(stay), codes())
    await scene.settle()
    await scene.pass_time(30)
    await scene.settle()
    sql = "SELECT coalesce(carrier_id, person_id) FROM pass WHERE stay_id = $1 ORDER BY issued_at DESC LIMIT 1"
    assert (await scene.passes(stay))[1:] == [("PICKUP", "REVOKE_PENDING"), ("PICKUP", "ISSUED")]
    assert await scene.of(sql, stay) is None, "not the recipient's"


@pytest.mark.parametrize("heard", [True, False])
async def test_a_grant_that_is_taken_before_the_vendor_was_asked_gives_no_pass(scene: Towers, *, heard: bool) -> None:
    """`heard`: the core has reacted to the grant before the keeper would send."""
    stay = await reserve(scene)
    await scene.drive.work()
    assert await scene.of(ASKED, stay) == 1
    await change_grant(scene)
    if heard:
        await scene.drive.follow()
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E0", "CANCELLED")
    assert (await scene.passes(stay), await scene.book(stay)) == ([], "available")
    assert (scene.vendor.issued, opened(scene), await scene.alarms()) == ({}, 0, {})


async def test_a_grant_that_is_taken_while_the_vendor_answers_gives_a_pass_to_nobody(scene: Towers) -> None:
    stay = await reserve(scene)
    await scene.drive.work()
    assert await scene.of(ASKED, stay) == 1
    asking = scene.hardware.send

    async def send(order: Order) -> Receipt:
        receipt: Receipt = await asking(order)
        await change_grant(scene)
        return receipt

    scene.hardware.send = send
    assert scene.drive.keeper is not None
    scene.drive.keeper.wake.set()
    await scene.drive.keeper.step()
    scene.hardware.send = asking
    assert await scene.passes(stay) == [("DEPOSIT", "REVOKE_PENDING")]
    assert ((await scene.stay(stay))[0], await scene.of(SECRETS, stay)) == ("REVOKING", 0)
    await scene.settle()
    assert await scene.book(stay) == "declined"
    scene.sync()
    await scene.settle()
    assert await scene.stay(stay) == ("RELEASED", "E2", "CANCELLED")
    assert (opened(scene), await scene.of(SECRETS, stay)) == (0, 0)


async def test_a_held_stay_of_a_suspended_carrier_is_called_off_though_an_answer_is_out(scene: Towers) -> None:
    scene.vendor.faults.add({"kind": "reset_after", "where": "dropoff-locker-tokens"})
    stay = await reserve(scene)
    await scene.drive.work()
    await scene.drive.work()
    assert (await scene.stay(stay))[0] == "HELD"
    await change_grant(scene, "revoke")
    await scene.drive.follow()
    assert (await scene.stay(stay))[0] == "REVOKING"
    await scene.pass_time(30)
    scene.sync()
    await scene.settle()
    assert await scene.passes(stay) == []
    assert (await scene.stay(stay))[::2] == ("RELEASED", "CANCELLED")
    assert (await scene.book(stay), opened(scene)) == ("available", 0)


async def test_what_couriers_carry_for_taking_out_is_called_off_and_the_parcel_stays(scene: Towers) -> None:
    stay = await brought(scene)
    await scene.pass_time(4 * 86400)
    await scene.act(Role.COURIER, access.collect, Collect(stay), codes())
    await scene.settle()
    assert await scene.passes(stay) == [("DEPOSIT", "USED"), ("PICKUP", "ISSUED")]
    await change_grant(scene)
    await scene.settle()
    assert await scene.passes(stay) == [("DEPOSIT", "USED"), ("PICKUP", "REVOKE_PENDING")]
    assert ((await scene.stay(stay))[0], await scene.of(SECRETS, stay)) == ("DEPOSITED", 0)
    with pytest.raises(Denied):
        await scene.act(Role.COURIER, access.collect, Collect(stay), codes())
    assert opened(scene) == 1, "by its deposit"


async def test_a_recipient_keeps_what_is_theirs_when_the_carrier_s_grant_is_taken(scene: Towers) -> None:
    stay = await scene.brought()
    await change_grant(scene)
    await scene.settle()
    assert await scene.passes(stay) == [("DEPOSIT", "USED"), ("PICKUP", "ISSUED")]
    assert scene.show(await scene.held(stay, "PICKUP"))["way"] == "out"


async def test_a_pass_to_take_out_that_comes_after_the_grant_was_taken_is_nobody_s(scene: Towers) -> None:
    stay = await brought(scene)
    await scene.pass_time(4 * 86400)
    await scene.act(Role.COURIER, access.collect, Collect(stay), codes())
    asking = scene.hardware.send

    async def send(order: Order) -> Receipt:
        await change_grant(scene)
        receipt: Receipt = await asking(order)
        return receipt

    scene.hardware.send = send
    await scene.drive.work()
    scene.hardware.send = asking
    await scene.settle()
    assert await scene.passes(stay) == [("DEPOSIT", "USED"), ("PICKUP", "REVOKE_PENDING")]
    assert ((await scene.stay(stay))[0], await scene.of(SECRETS, stay)) == ("DEPOSITED", 0)


async def test_a_pass_to_take_out_is_not_asked_for_once_the_grant_was_taken(scene: Towers) -> None:
    stay = await brought(scene)
    await scene.pass_time(4 * 86400)
    await scene.act(Role.COURIER, access.collect, Collect(stay), codes())
    issued = dict(scene.vendor.issued)
    await change_grant(scene)
    await scene.settle()
    assert await scene.passes(stay) == [("DEPOSIT", "USED")]
    assert (scene.vendor.issued, (await scene.stay(stay))[0]) == (issued, "DEPOSITED")
