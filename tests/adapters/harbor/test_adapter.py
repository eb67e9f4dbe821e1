import asyncio
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from adapters import registry
from adapters.harbor.adapter import receive
from adapters.harbor.simulator import phone
from adapters.harbor.simulator.cloud import CLIENT
from app.devices.port import (
    Ability,
    AccessKind,
    Ambiguous,
    AuthFailed,
    Capability,
    Connection,
    ContractBroken,
    OrderKind,
    PushedKind,
    Refused,
    Unreachable,
    Unsupported,
    VendorWord,
)
from tests.adapters.harbor.rig import LOCKER, TOWER, harbor_rig, soon

K, W = OrderKind, VendorWord
SECRET = {"webhook_secret": "shh-0123456789abcdef"}


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


async def test_releasing_says_whether_the_door_may_still_open_and_until_when() -> None:
    async with harbor_rig() as rig:
        await rig.send(K.RESERVE)
        assert (await rig.send(K.RELEASE)).released is True
        assert await rig.word() is W.AVAILABLE
        access = await rig.access()
        given_up = await rig.send(K.RELEASE)
        assert (given_up.released, given_up.usable_until) == (False, access.expires_at)
        assert await rig.word() is W.DECLINED
        assert (await rig.send(K.RELEASE)).released is True
        assert (await rig.send(K.RELEASE)).released is True, "free already"


async def test_a_reservation_is_cancelled_by_an_adapter_that_did_not_make_it() -> None:
    async with harbor_rig() as rig:
        await rig.send(K.RESERVE)
        rig.adapter._reservations.clear()
        assert (await rig.send(K.RELEASE)).released is True
        assert [each.id for each in await rig.adapter.assigned()] == []


async def test_a_reservation_whose_id_is_nowhere_is_left_to_run_out_and_is_not_called_free() -> None:
    async with harbor_rig() as rig:
        await rig.send(K.RESERVE)
        rig.adapter._reservations.clear()
        rig.world.lockers[TOWER, LOCKER].reservation = None
        assert (await rig.send(K.RELEASE)).released is False
        assert await rig.word() is W.RESERVED
        rig.world.clock.advance(301)
        assert (await rig.send(K.RELEASE)).released is True


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


async def test_where_the_vendor_picks_the_locker_nothing_is_reserved_and_a_link_is_found_again_by_its_id() -> None:
    async with harbor_rig(links="both", keypad=True, location_id=1, secret=SECRET) as rig:
        assert rig.adapter.capabilities[Capability.VENDOR_RESERVATION] is Ability.ABSENT
        order = rig.order(K.ISSUE_ACCESS, access=AccessKind.DEPOSIT)
        receipt = await rig.adapter.send(order)
        assert receipt.access is not None
        created = [body for body in map(_as_posted, rig.world.history) if b"LINK_CREATED" in body]
        (pushed,) = receive(rig.connection, _signed(created[0]), created[0])
        assert (pushed.order, pushed.unit, pushed.reference) == (order.id, receipt.unit, receipt.access.reference)
        # No answer tells the code.
        assert pushed.keypad_code == json.loads(created[0])["data"]["keypad_code"] is not None
        assert receipt.access.keypad_code is None
        assert str(pushed.keypad_code) not in repr(pushed)
        found = await rig.adapter.find_access(order, pushed.reference or "")
        assert found is not None
        assert found.access is not None
        assert (found.unit, found.access.link) == (receipt.unit, receipt.access.link)
        assert await rig.adapter.find_access(order, "nothing") is None


async def test_events_name_a_link_as_its_answer_did_whichever_ids_they_fill_in() -> None:
    async with harbor_rig(links="both", location_id=1, secret=SECRET) as rig:
        access = await rig.access()
        rig.show(access)
        named = {}
        for body in map(_as_posted, rig.world.history):
            (pushed,) = receive(rig.connection, _signed(body), body)
            named[pushed.kind] = pushed.reference
        assert named[PushedKind.ASSIGNED] == named[PushedKind.ACCESS_USED] == access.reference
        assert named[PushedKind.ACCESS_ISSUED] not in {None, access.reference}, "that event tells the pair's id alone"


@pytest.mark.parametrize("wrong", [{"locker_id": 1002}, {"lockerId": 1002, "towerId": TOWER[:-1] + "2"}])
async def test_a_link_to_another_door_than_it_was_asked_for_is_nobody_s(wrong: dict[str, Any]) -> None:
    async with harbor_rig(links="both", location_id=1) as rig:
        access = await rig.access()
        rig.world.requests[access.reference or ""]["told"] |= wrong
        with pytest.raises(ContractBroken):
            await rig.adapter.find_access(rig.order(K.ISSUE_ACCESS, access=AccessKind.PICKUP), access.reference or "")


@pytest.mark.parametrize("echoed", [None, {}, [], "x", 7, {"order": 7}, {"order": "x"}, {"order": None}])
async def test_what_others_have_echoed_is_no_order_of_ours(echoed: object) -> None:
    async with harbor_rig(secret=SECRET) as rig:
        body = _event(locker_open_request_payload=echoed)
        assert receive(rig.connection, _signed(body), body)[0].order is None


async def test_links_carry_a_door_and_codes_come_by_events_where_those_are_taken() -> None:
    async with harbor_rig(links="both", keypad=True, location_id=1) as rig:
        assert rig.adapter.capabilities[Capability.KEYPAD_CODE] is Ability.ABSENT
    async with harbor_rig(links="both", keypad=True, location_id=1, secret=SECRET) as rig:
        assert rig.adapter.capabilities[Capability.KEYPAD_CODE] is Ability.WORKS
        receipt = await rig.send(K.ISSUE_ACCESS, access=AccessKind.DEPOSIT)
        access, unit = receipt.access, receipt.unit
        assert access is not None
        assert unit == "1001", "the vendor takes the first small one"
        assert phone.use(rig.world, {"tower": TOWER, "link": access.link})["locker"] == unit
        pickup = await rig.access(AccessKind.PICKUP, unit=unit)
        assert phone.use(rig.world, {"tower": TOWER, "link": pickup.link})["way"] == "out"
        assert rig.adapter.capabilities[Capability.VENDOR_ASSIGNS_UNIT] is Ability.WORKS


@pytest.mark.parametrize("low", [True, False])
async def test_a_link_is_asked_for_a_locker_as_low_as_the_one_that_was_claimed(*, low: bool) -> None:
    async with harbor_rig(links="both", location_id=1) as rig:
        for each in rig.world.of(TOWER):
            each.type, each.low = "small", each.id in {LOCKER, "1007"}
        receipt = await rig.send(K.ISSUE_ACCESS, access=AccessKind.DEPOSIT, unit=LOCKER if low else "1001")
        assert receipt.unit == (LOCKER if low else "1001")


def _as_posted(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode()


def _event(**data: Any) -> bytes:
    inner = {
        "timestamp": "2026-03-01T10:00:00+02:00", "locker_id": 7, "locker_status": "occupied",
        "tower_id": TOWER.upper(),
        "source": "LOCKER_TOKEN_USED", "open_locker_token_id": "t-1",
    }  # fmt: skip
    body = {"timestamp": "2026-03-01T08:00:01", "event": "LOCKER_OPERATION", "data": {**inner, **data}}
    return json.dumps(body).encode()


def _signed(body: bytes) -> dict[str, str]:
    return {"x-harbor-signature": hmac.digest(SECRET["webhook_secret"].encode(), body, "sha256").hex()}


async def test_an_event_is_a_hint_with_a_key_and_a_time_that_has_a_zone() -> None:
    async with harbor_rig(secret=SECRET) as rig:
        (pushed,) = receive(rig.connection, _signed(_event()), _event())
        assert (pushed.kind, pushed.bank, pushed.unit) == (PushedKind.ACCESS_USED, TOWER, "7")
        assert (pushed.word, pushed.reference) == (W.OCCUPIED, "t-1")
        assert pushed.at == datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
        assert receive(rig.connection, _signed(_event()), _event())[0].key == pushed.key
        other = _event(open_locker_token_id="t-2")
        assert receive(rig.connection, _signed(other), other)[0].key != pushed.key
        assert rig.adapter.capabilities[Capability.PUSH_EVENTS] is Ability.WORKS


@pytest.mark.parametrize("wrong", [{}, {"x-harbor-signature": "00"}, {"x-harbor-signature": "ü"}])
async def test_events_that_are_not_signed_as_agreed_are_refused(wrong: dict[str, str]) -> None:
    for secret in (SECRET, {}):
        async with harbor_rig(secret=secret) as rig:
            with pytest.raises(Refused) as refused:
                receive(rig.connection, wrong, _event())
            assert refused.value.reason == "BAD_SIGNATURE"


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
