from typing import Any

import pytest

from app.access import service as access
from app.access.service import Collect, OpenCompartment
from app.contents import service as contents
from app.kit.errors import Denied, NotFound, Reason, Rejected
from app.lockers.model import Size
from app.reserving import service as reserving
from app.reserving.service import ReserveCompartment
from app.stays import service, store
from app.stays.model import Flow, State, StayOutcome
from tenants.model import Role
from tests.app.rig import actor, codes, context, make_world, snapshot
from tests.app.scene import Scene


async def test_a_recipient_collects_with_the_right_code_and_not_with_another(scene: Scene) -> None:
    stay = await scene.deposited()
    known = codes()
    code = known.show(stay, await scene.of("SELECT pickup_sealed FROM stay WHERE id = $1", stay))
    wrong = "00000000" if code != "00000000" else "11111111"
    with pytest.raises(Rejected) as refused:
        await scene.act(Role.RECIPIENT, access.collect, Collect(stay, wrong), known)
    assert refused.value.reason is Reason.WRONG_PICKUP_CODE
    assert await scene.of("SELECT pickup_failures FROM stay WHERE id = $1", stay) == 1
    assert await scene.of("SELECT count(*) FROM audit_entry WHERE target_id = $1 AND outcome = 'FAILED'", stay) == 1
    assert await scene.of("SELECT count(*) FROM command WHERE stay_id = $1 AND purpose = 'PICKUP'", stay) == 0
    await scene.act(Role.RECIPIENT, access.collect, Collect(stay, code), known)


async def test_five_wrong_codes_lock_even_the_right_one_and_a_turned_clock_does_not_help(scene: Scene) -> None:
    stay = await scene.deposited()
    known = codes()
    code = known.show(stay, await scene.of("SELECT pickup_sealed FROM stay WHERE id = $1", stay))
    for tried in ["x"] * 5 + [code]:
        with pytest.raises(Rejected):
            await scene.act(Role.RECIPIENT, access.collect, Collect(stay, tried), known)
    scene.now.at = scene.now.at.replace(year=scene.now.at.year + 1)
    with pytest.raises(Rejected):
        await scene.act(Role.RECIPIENT, access.collect, Collect(stay, code), known)


async def test_a_code_is_good_once(scene: Scene) -> None:
    stay = await scene.deposited()
    known = codes()
    code = known.show(stay, await scene.of("SELECT pickup_sealed FROM stay WHERE id = $1", stay))
    await scene.act(Role.RECIPIENT, access.collect, Collect(stay, code), known)
    await scene.drive.work()
    scene.close()
    await scene.drive.work()
    with pytest.raises(Rejected) as refused:
        await scene.act(Role.RECIPIENT, access.collect, Collect(stay, code), known)
    assert refused.value.reason is Reason.STAY_NOT_OPEN
    assert await scene.of("SELECT num_nonnulls(pickup_hash, pickup_sealed) FROM stay WHERE id = $1", stay) == 0


async def test_a_department_s_members_collect_with_their_personal_id_and_get_no_code(scene: Scene) -> None:
    stay = await scene.deposited()
    personal = Collect(stay, personal_id="D-7")
    with pytest.raises(Rejected) as no_department:
        await scene.act(Role.RECIPIENT, access.collect, personal, codes())
    assert no_department.value.path == ("input", "personalId")

    async with scene.admin.plain() as conn:
        await conn.execute("UPDATE stay SET state = 'RELEASED' WHERE id = $1", stay)
        await conn.execute("UPDATE compartment SET use = 'FREE'")
        department = "UPDATE person SET kind = 'DEPARTMENT', personal_id = 'D-7' WHERE id = $1"
        await conn.execute(department, scene.world.recipient)
    stay = await scene.deposited()
    assert await scene.of("SELECT num_nonnulls(pickup_hash, pickup_sealed) FROM stay WHERE id = $1", stay) == 0
    with pytest.raises(Rejected) as refused:
        await scene.act(Role.RECIPIENT, access.collect, Collect(stay, personal_id="D-8"), codes())
    assert refused.value.reason is Reason.WRONG_PICKUP_CODE
    assert await scene.of("SELECT pickup_failures FROM stay WHERE id = $1", stay) == 1
    await scene.act(Role.RECIPIENT, access.collect, Collect(stay, personal_id="D-7"), codes())


async def test_another_s_things_look_as_if_they_did_not_exist(scene: Scene) -> None:
    stay = await scene.deposited()
    other = await make_world(scene.admin)
    before = await snapshot(scene.admin)
    for role in (Role.OWNER, Role.COURIER, Role.RECIPIENT):
        acts: tuple[Any, ...] = (
            lambda work: access.collect(work, Collect(stay), codes()),
            lambda work: service.release(work, stay, StayOutcome.CANCELLED, "x"),
            lambda work: access.open_compartment(work, OpenCompartment(scene.world.doors[0], "x")),
        )
        for act in acts:
            with pytest.raises(NotFound):
                async with context(scene.app, actor(other, role)).begin() as work:
                    await act(work)
    assert await snapshot(scene.admin) == before


async def test_a_courier_opens_only_what_holds_a_stay_of_its_carrier(scene: Scene) -> None:
    ask = OpenCompartment(scene.world.doors[2], "curious")
    with pytest.raises(Denied) as denied:
        await scene.act(Role.COURIER, access.open_compartment, ask)
    assert [rule.rule for rule in denied.value.failed] == ["stay"]
    denials = "SELECT count(*) FROM audit_entry WHERE tenant_id = $1 AND outcome = 'DENIED'"
    assert await scene.of(denials, scene.world.tenant) == 1
    assert await scene.of("SELECT count(*) FROM command WHERE tenant_id = $1", scene.world.tenant) == 0


async def test_a_courier_takes_back_only_what_is_overdue(scene: Scene) -> None:
    stay = await scene.deposited()
    with pytest.raises(Rejected) as early:
        await scene.act(Role.COURIER, access.collect, Collect(stay), codes())
    assert early.value.reason is Reason.WRONG_STATE
    scene.now.pass_(4 * 86400)
    await scene.act(Role.COURIER, access.collect, Collect(stay), codes())
    await scene.drive.work()
    scene.close()
    await scene.drive.work()
    assert await scene.stay(stay) == ("RELEASED", "E3", "RETURNED_TO_SENDER")
    assert await scene.of("SELECT state FROM parcel WHERE stay_id = $1", stay) == "RETURNED"


async def test_an_auditor_opens_nothing(scene: Scene) -> None:
    with pytest.raises(Denied):
        await scene.act(Role.AUDITOR, access.open_compartment, OpenCompartment(scene.world.doors[0], "x"))


async def test_reactions_told_twice_do_nothing_the_second_time(scene: Scene) -> None:
    stay = await scene.deposited()
    await scene.act(Role.RECIPIENT, access.collect, Collect(stay), codes())
    await scene.drive.work()
    scene.close()
    await scene.drive.work()
    before = await snapshot(scene.admin)
    scene.drive.done.clear()
    await scene.drive.follow()
    assert await snapshot(scene.admin) == before


def test_every_move_of_the_store_is_a_legal_one() -> None:
    with pytest.raises(AssertionError):
        store._moved({State.RELEASED}, State.HELD)


TAKEN = (StayOutcome.RETURNED_TO_SENDER, StayOutcome.COLLECTED_BY_CARRIER)


@pytest.mark.parametrize("outcome", TAKEN)
async def test_a_carrier_frees_no_compartment_that_holds_a_fresh_parcel(scene: Scene, outcome: StayOutcome) -> None:
    stay = await scene.deposited()
    numbers = [await scene.of("SELECT tracking FROM parcel WHERE stay_id = $1", stay)]
    before = await snapshot(scene.admin)
    for act, *given in ((service.release,), (contents.take_parcels, numbers)):
        with pytest.raises(Rejected) as refused:
            await scene.act(Role.COURIER, act, stay, *given, outcome, "taken back")
        assert refused.value.reason is Reason.WRONG_STATE
    assert await snapshot(scene.admin) == before


async def test_what_a_carrier_says_it_took_lay_behind_a_door_that_it_opened(scene: Scene) -> None:
    stay = await scene.deposited()
    scene.now.pass_(4 * 86400)
    outcome, before = StayOutcome.RETURNED_TO_SENDER, await snapshot(scene.admin)
    with pytest.raises(Rejected) as refused:
        await scene.act(Role.COURIER, service.release, stay, outcome, "taken back")
    assert refused.value.reason is Reason.WRONG_STATE
    assert await snapshot(scene.admin) == before
    await scene.act(Role.COURIER, access.collect, Collect(stay), codes())
    await scene.drive.work()
    await scene.act(Role.COURIER, service.release, stay, outcome, "taken back")
    assert (await scene.stay(stay))[::2] == ("RELEASED", "RETURNED_TO_SENDER")


async def test_a_door_that_staff_opened_is_no_collection_of_the_carrier_s(scene: Scene) -> None:
    stay = await scene.deposited()
    scene.now.pass_(4 * 86400)
    await scene.open(Role.OWNER, stay)
    await scene.drive.work()
    with pytest.raises(Rejected):
        await scene.act(Role.COURIER, service.release, stay, StayOutcome.RETURNED_TO_SENDER, "taken back")
    assert (await scene.stay(stay))[0] == "DEPOSITED"


async def test_what_is_to_be_returned_is_taken_by_its_carrier_whenever_it_likes(books: Scene) -> None:
    ask = ReserveCompartment(books.world.bank, Size.M, "R1", depositor_id=books.world.recipient, flow=Flow.RETURN)
    stay = await books.act(Role.COURIER, reserving.reserve, ask)
    await books.act(Role.COURIER, service.confirm_deposit, stay, None, codes())
    with pytest.raises(Rejected) as refused:
        await books.act(Role.COURIER, service.release, stay, StayOutcome.RETURNED_TO_SENDER, "x")
    assert refused.value.path == ("input", "outcome")
    await books.act(Role.COURIER, service.release, stay, StayOutcome.COLLECTED_BY_CARRIER, "picked up")
    assert (await books.stay(stay))[::2] == ("RELEASED", "COLLECTED_BY_CARRIER")
