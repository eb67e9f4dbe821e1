import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from adapters import registry
from adapters.harbor.simulator.cloud import CLIENT
from app.devices.port import (
    Ability,
    AccessKind,
    Ambiguous,
    AuthFailed,
    Capability,
    Connection,
    OrderKind,
    Refused,
    Unreachable,
    Unsupported,
    VendorWord,
)
from tests.adapters.harbor.rig import LOCKER, TOWER, harbor_rig, soon

K, W = OrderKind, VendorWord


async def test_a_tower_tells_all_its_lockers_by_id_and_what_stands_on_them() -> None:
    async with harbor_rig() as rig:
        state = await rig.adapter.read_bank(TOWER.upper())
        assert (state.units[0].id, state.units[0].label, state.units[0].size) == ("1001", "01", "S")
        assert {unit.word for unit in state.units} == {W.AVAILABLE}
        assert [unit.accessible for unit in state.units].count(True) == 1
        assert [each.id for each in await rig.adapter.list_banks()] == [TOWER, TOWER[:-1] + "2"]
        sizes = {row.size: (row.total, row.available) for row in await rig.adapter.sizes(TOWER)}
        assert sizes == {"L": (1, 1), "M": (3, 3), "S": (4, 4)}


async def test_who_is_connected_to_one_location_asks_for_no_other() -> None:
    async with harbor_rig(location_id=2) as rig:
        rig.world.faults.add({"kind": "status", "where": "locations", "status": 500, "times": 99})
        (state,) = await rig.adapter.list_banks()
        assert (state.id, state.location, len(state.units)) == (TOWER[:-1] + "2", "2", 8)
    async with harbor_rig(location_id=9) as rig:
        with pytest.raises(Refused) as refused:
            await rig.adapter.list_banks()
        assert refused.value.reason == "UNKNOWN_LOCATION"


async def test_where_a_link_could_be_for_another_tower_no_tower_is_taken_over() -> None:
    async with harbor_rig(links="both", location_id=1) as rig:
        assert [each.id for each in await rig.adapter.list_banks()] == [TOWER]
        for each in rig.world.of(TOWER)[:2]:
            each.tower = TOWER[:-1] + "2"
        with pytest.raises(Refused) as refused:
            await rig.adapter.list_banks()
        assert refused.value.reason == "SEVERAL_TOWERS"


async def test_one_token_serves_many_questions_and_a_new_one_is_fetched_before_it_runs_out() -> None:
    async with harbor_rig(expires_in=300) as rig:
        await asyncio.gather(*(rig.adapter.read_bank(TOWER) for _ in range(5)))
        assert rig.cloud.tokens_issued == 1
        rig.adapter._client._clock = lambda: asyncio.get_running_loop().time() + 10**6
        await rig.adapter.read_bank(TOWER)
        assert rig.cloud.tokens_issued == 2


@pytest.mark.parametrize("scope", ["tower_access", "nonsense"])
async def test_a_wrong_scope_lets_nobody_in(scope: str) -> None:
    async with harbor_rig(scope=scope) as rig:
        with pytest.raises((AuthFailed, Refused)):
            await rig.adapter.read_bank(TOWER)


@pytest.mark.parametrize(
    ("settings", "bank", "reason"),
    [
        ({"environment": "production"}, TOWER, "WRONG_ENVIRONMENT"),
        ({}, "tower", "UNKNOWN_BANK"),
        ({}, "01000000040000ff", "UNKNOWN_BANK"),
    ],
)
async def test_a_tower_of_another_environment_or_of_none_is_refused(
    settings: dict[str, Any], bank: str, reason: str
) -> None:
    async with harbor_rig(**settings) as rig:
        with pytest.raises(Refused) as refused:
            await rig.adapter.read_bank(bank)
        assert refused.value.reason == reason


async def test_a_word_nobody_knows_is_kept_raw_and_decides_nothing() -> None:
    async with harbor_rig() as rig:
        rig.world.set_unit(TOWER, LOCKER, {"status": "being cleaned"})
        state = await rig.adapter.read_bank(TOWER)
        unit = next(unit for unit in state.units if unit.id == LOCKER)
        assert (unit.word, unit.reserved, unit.occupied, unit.in_service) == (None, None, None, None)
        assert [(each.unit, each.what, each.raw) for each in state.unmapped] == [(LOCKER, "status", '"being cleaned"')]


@pytest.mark.parametrize("spelling", ["Out Of Service", "out-of-service", "out of service"])
async def test_statuses_are_known_by_their_normalised_names(spelling: str) -> None:
    async with harbor_rig() as rig:
        rig.world.set_unit(TOWER, LOCKER, {"status": spelling})
        unit = await rig.adapter.read_unit(TOWER, LOCKER)
        assert (unit.word, unit.in_service, unit.reserved) == (W.OUT_OF_SERVICE, False, None)


async def test_no_order_of_ours_opens_a_door() -> None:
    async with harbor_rig() as rig:
        for kind in (K.OPEN, K.DEPOSIT, K.EXTEND, K.SET_SERVICE):
            with pytest.raises(Unsupported):
                await rig.send(kind)
        can = rig.adapter.capabilities
        assert can[Capability.REMOTE_OPEN] is can[Capability.DOOR_SENSOR] is Ability.ABSENT
        assert can[Capability.PHONE_TOKENS] is can[Capability.READBACK] is Ability.WORKS
        assert can[Capability.PUSH_EVENTS] is can[Capability.KEYPAD_CODE] is Ability.ABSENT


@pytest.mark.parametrize("mode", ["reuse_dropoff_pair", "pickup_token"])
async def test_a_parcel_goes_in_and_out_by_what_phones_carry(mode: str) -> None:
    async with harbor_rig(pickup_mode=mode) as rig:
        await rig.send(K.RESERVE)
        deposit = await rig.access()
        assert deposit.reference
        assert deposit.expires_at > datetime.now(UTC)
        assert rig.show(deposit)["locker"] == LOCKER
        pickup = await rig.access(AccessKind.PICKUP)
        assert await rig.word() is W.OCCUPIED
        assert rig.show(pickup)["locker"] == LOCKER
        assert (await rig.word(), rig.opened()) == (W.AVAILABLE, 2)


async def test_nothing_secret_is_ever_spelled_out() -> None:
    async with harbor_rig() as rig:
        access = await rig.access()
        receipt = await rig.send(K.ISSUE_ACCESS, access=AccessKind.DEPOSIT)
        told = repr(access) + repr(receipt)
        assert access.payload
        assert access.payload_auth
        assert not [secret for secret in (access.payload, access.payload_auth) if secret in told]
        assert {"payload", "payload_auth", "linkToken", "keypad_code"} <= rig.adapter.redact


@pytest.mark.parametrize("kind", ["malformed", "huge"])
async def test_books_that_make_no_sense_before_an_order_leave_it_unsent(kind: str) -> None:
    async with harbor_rig() as rig:
        await rig.access()
        rig.world.faults.add({"kind": kind, "where": "bank"})
        order = rig.order(K.RELEASE)
        with pytest.raises(Unreachable):
            await rig.adapter.send(order)
        assert (await rig.word(), (await rig.adapter.send(order)).released) == (W.RENTED, False)


@pytest.mark.parametrize("status", ["available", "reserved", "rented", "declined"])
async def test_no_pair_to_pick_up_rents_what_is_empty(status: str) -> None:
    async with harbor_rig() as rig:
        rig.world.set_unit(TOWER, LOCKER, {"status": status, "owner": CLIENT[0]})
        with pytest.raises(Refused) as refused:
            await rig.access(AccessKind.PICKUP)
        assert (refused.value.reason, rig.world.issued) == ("NOT_OCCUPIED", {})


async def test_no_token_lives_longer_than_it_may() -> None:
    async with harbor_rig(longest_seconds=60) as rig:
        access = await rig.access(expires_at=soon(timedelta(days=3)))
        assert access.expires_at <= datetime.now(UTC) + timedelta(seconds=60)
        with pytest.raises(Refused) as late:
            await rig.access(expires_at=soon(timedelta(seconds=-1)))
        assert late.value.reason == "EXPIRED"


async def test_a_pair_whose_answer_was_lost_is_unknown_and_not_asked_for_twice_by_one_order() -> None:
    async with harbor_rig() as rig:
        rig.world.faults.add({"kind": "reset_after", "where": "dropoff-locker-tokens"})
        order = rig.order(K.ISSUE_ACCESS, access=AccessKind.DEPOSIT)
        for _ in range(2):
            with pytest.raises(Ambiguous):
                await rig.adapter.send(order)
        assert rig.world.issued == {TOWER: 1}
        assert await rig.word() is W.RENTED
        assert (await rig.access()).payload, "another one may be asked for"


@pytest.mark.parametrize(
    ("settings", "writing"),
    [
        ({"location_id": 1}, ["reserve and cancel", "drop-off token", "pick-up token"]),
        ({}, ["reserve and cancel", "drop-off token", "pick-up token"]),
        (
            {"location_id": 1, "links": "both"},
            # A locker that we reserved would be another one than the link is for.
            ["drop-off link", "pick-up token", "pick-up link"],
        ),
    ],
)
async def test_every_operation_can_be_tried_and_those_that_write_say_so(
    settings: dict[str, Any], writing: list[str]
) -> None:
    async with harbor_rig(**settings) as rig:
        checks = rig.adapter.checks(TOWER)
        assert [check.name for check in checks if check.writes] == writing
        pickup = next(check for check in checks if check.name == "pick-up token")
        with pytest.raises(Refused, match="no locker of ours has anything in it"):
            await pickup.run()
        occupied = list(rig.world.of(TOWER))[-1]
        occupied.status, occupied.owner = "occupied", CLIENT[0]
        for check in checks:
            assert await check.run(), check.name
        assert rig.world.pairs[TOWER, occupied.id] == (2 if "pick-up link" in writing else 1)
        rig.world.faults.add({"kind": "status", "where": "locker-types", "status": 404})
        types = next(check for check in checks if check.name == "locker types")
        with pytest.raises(Refused):
            await types.run()
        assert "locker_types" in types.advice


@pytest.mark.parametrize(
    "settings",
    [
        {"pickup_mode": "magic"},
        {"links": "some"},
        {"links": "both"},
        {"paths": {"teleport": "/x"}},
        {"paths": {"lockers": "/{x}"}},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object]) -> None:
    secret = {"client_id": "a", "client_secret": "b"}
    with pytest.raises(Refused):
        registry.connect(Connection(uuid4(), "harbor", "http://127.0.0.1:1", settings, secret))


def test_the_vendor_s_own_hosts_tell_the_environment_and_where_tokens_are_had() -> None:
    from adapters.harbor import settings

    secret = {"client_id": "a", "client_secret": "b"}
    access, _, options, _ = settings.read(
        Connection(uuid4(), "harbor", "https://api.sandbox.harborlockers.com", {}, secret)
    )
    assert options.environment == "sandbox"
    assert access.token_url.startswith("https://accounts.sandbox.harborlockers.com/realms/harbor/")
