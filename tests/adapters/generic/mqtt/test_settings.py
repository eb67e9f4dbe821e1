from typing import Any
from uuid import uuid4

import pytest

from adapters.generic.mqtt.adapter import VENDOR
from app.devices.port import Connection, Refused

HA: dict[str, Any] = {"profile": "ha_lock", "bank": "B", "availability": "status"}
TASMOTA: dict[str, Any] = {"profile": "tasmota", "bank": "B"}


def account(settings: dict[str, Any]) -> Connection:
    return Connection(uuid4(), VENDOR.name, "mqtt://127.0.0.1:1", settings)


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        (HA | {"units": {"1": {"command": "a"}, "2": {"command": "a"}}}, "command topic"),
        (HA | {"units": {"1": {"command": "a", "door": "d"}, "2": {"command": "b", "door": "d"}}}, "door topic"),
        (TASMOTA | {"units": {"1": {"device": "t"}, "2": {"device": "t", "relay": 1}}}, "relay"),
        (
            TASMOTA | {"units": {"1": {"device": "t", "switch": 1}, "2": {"device": "t", "relay": 2, "switch": 1}}},
            "switch",
        ),
    ],
)
def test_no_two_units_are_one_door(settings: dict[str, Any], what: str) -> None:
    for ask in (VENDOR.connect, VENDOR.read):
        with pytest.raises(Refused, match=f"every unit needs a {what} of its own") as refused:
            ask(account(settings))
        assert refused.value.reason == "BAD_SETTINGS"


@pytest.mark.parametrize(
    "units",
    [
        {"1": {"command": "a", "door": "d", "availability": "x"}, "2": {"command": "b", "door": "e"}},
        {"1": {"command": "a", "door": "d"}},
    ],
    ids=str,
)
async def test_a_door_is_not_taken_on_whose_controller_cannot_be_missed(units: dict[str, Any]) -> None:
    mute = {"profile": "ha_lock", "bank": "B", "units": units}
    with pytest.raises(Refused, match="availability"):
        VENDOR.read(account(mute))
    VENDOR.read(account(mute | {"availability": "status"}))
    VENDOR.read(account(mute | {"units": {"1": {"command": "a"}}}))
    # One that was taken on before works as it did.
    await VENDOR.connect(account(mute)).close()


async def test_two_locks_that_tell_their_state_in_one_place_are_not_taken_on() -> None:
    one = HA | {"units": {"1": {"command": "a", "state": "s"}, "2": {"command": "b", "state": "s"}}}
    with pytest.raises(Refused, match="every unit needs a state topic of its own"):
        VENDOR.read(account(one))
    # Those that were taken on before work as they did.
    await VENDOR.connect(account(one)).close()


async def test_an_unlocking_that_lasts_needs_its_end() -> None:
    lasting = HA | {"units": {"1": {"command": "a", "state": "s"}}, "open_payload": "UNLOCK"}
    with pytest.raises(Refused, match="lock_payload"):
        VENDOR.read(account(lasting))
    for end in ("LOCK", ""):
        VENDOR.read(account(lasting | {"lock_payload": end}))
    # One that was taken on before works as it did.
    await VENDOR.connect(account(lasting)).close()


async def test_a_lock_that_we_end_must_say_that_it_is_locked() -> None:
    """Else nobody knows whether LOCK came through, and a solenoid stays under current."""
    ours = HA | {"open_payload": "UNLOCK", "lock_payload": "LOCK"}
    mute = ours | {"units": {"1": {"command": "a", "state": "s"}, "2": {"command": "b"}}}
    with pytest.raises(Refused, match="state"):
        VENDOR.read(account(mute))
    VENDOR.read(account(mute | {"lock_payload": ""}))
    VENDOR.read(account(ours | {"units": {"1": {"command": "a", "state": "s"}}}))
    # One that was taken on before works; see what it does for want of an answer in the tests of pulses.
    await VENDOR.connect(account(mute)).close()


async def test_a_pulse_that_we_end_leaves_room_for_its_end() -> None:
    ours = [
        TASMOTA | {"units": {"1": {"device": "t"}}},
        HA | {"units": {"1": {"command": "a", "state": "s"}}, "open_payload": "UNLOCK", "lock_payload": "LOCK"},
    ]
    theirs = [HA | {"units": {"1": {"command": "a"}}}, {"profile": "native_json", "bank": "B"}]
    for settings in ours:
        VENDOR.read(account(settings | {"pulse_seconds": 1.5}))
        with pytest.raises(Refused, match=r"1\.5 at most"):
            VENDOR.read(account(settings | {"pulse_seconds": 1.6}))
        # One that was taken on before works.
        await VENDOR.connect(account(settings | {"pulse_seconds": 2.0})).close()
    for settings in theirs:
        VENDOR.read(account(settings | {"pulse_seconds": 2.0}))
