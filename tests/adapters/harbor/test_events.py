"""Links, and the events that tell of them: signed, with a key, a time and the ids of our orders."""

import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.harbor.adapter import receive
from adapters.harbor.settings import LINK_LIFE
from adapters.harbor.simulator import phone
from app.devices.port import (
    Ability,
    AccessKind,
    Capability,
    ContractBroken,
    OrderKind,
    PushedKind,
    Refused,
    VendorWord,
)
from tests.adapters.harbor.rig import LOCKER, TOWER, harbor_rig, soon

K, W = OrderKind, VendorWord
SECRET = {"webhook_secret": "shh-0123456789abcdef"}


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


@pytest.mark.parametrize("minutes", [0, 4, 5])
async def test_a_link_that_is_looked_up_lives_from_when_it_was_made(minutes: int) -> None:
    async with harbor_rig(links="both", location_id=1) as rig:
        order = rig.order(K.ISSUE_ACCESS, access=AccessKind.DEPOSIT)
        access = (await rig.adapter.send(order)).access
        assert access is not None
        made = soon(-timedelta(minutes=minutes))
        found = await rig.adapter.find_access(order, access.reference or "", made)
        if minutes == 5:
            assert found is None, "its door is anybody's"
        else:
            assert found is not None
            assert found.access is not None
            assert found.access.expires_at == made + LINK_LIFE


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
