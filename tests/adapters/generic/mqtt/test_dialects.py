import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.generic.mqtt.dialects import HaLock, NativeJson, Tasmota
from adapters.generic.mqtt.wire import Alive, Message, News, Output, Reacted, Result, State, Strange
from app.devices.port import Door

NATIVE = NativeJson("lk/v1/acme", "B", 0.5)
HA = HaLock(
    "B",
    {"1": {"command": "n/lock/1/set", "state": "n/lock/1", "door": "n/door/1"}, "2": {"command": "n/lock/2/set"}},
    availability="n/status",
    open_payload="OPEN",
    turned=False,
)
TASMOTA = Tasmota("B", {"1": ("tower", 1, 1), "2": ("tower", 2, None)}, full_topic="%prefix%/%topic%/", turned=False)
ORDER = UUID("00000000-0000-4000-8000-000000000001")


def state(**words: Any) -> str:
    return json.dumps(
        {"door": "closed", "latch": "locked", "item": None, "seq": 7, "ts": "2026-01-01T00:00:00Z"} | words
    )


HEARD: tuple[tuple[Any, str, str, tuple[News, ...]], ...] = (
    (NATIVE, "lk/v1/acme/B/availability", "online", (Alive("B", None, True),)),
    (NATIVE, "lk/v1/acme/B/availability", "offline", (Alive("B", None, False),)),
    (NATIVE, "lk/v1/acme/B/availability", "maybe", (Strange("B", None, "availability", "maybe"),)),
    (NATIVE, "lk/v1/acme/B/unit/4/state", state(), (State("B", "4", Door.CLOSED, None, 7),)),
    (NATIVE, "lk/v1/acme/B/unit/4/state", state(door="open", item=True), (State("B", "4", Door.OPEN, True, 7),)),
    (NATIVE, "lk/v1/acme/B/unit/4/state", state(door="unknown"), (State("B", "4", Door.UNKNOWN, None, 7),)),
    (NATIVE, "lk/v1/acme/B/unit/4/state", state(seq=True), (State("B", "4", Door.CLOSED, None, None),)),
    (
        NATIVE,
        "lk/v1/acme/B/ack",
        json.dumps({"id": str(ORDER), "result": "opened"}),
        (Reacted("B", None, str(ORDER), Result.OPENED),),
    ),
    (
        NATIVE,
        "lk/v1/acme/B/ack",
        json.dumps({"id": str(ORDER), "result": "failed", "reason": "hot"}),
        (Reacted("B", None, str(ORDER), Result.FAILED, "hot"),),
    ),
    (
        NATIVE,
        "lk/v1/acme/B/ack",
        '{"id": 7, "result": "opened"}',
        (Strange("B", None, "answer to an order", '{"id": 7, "result": "opened"}'),),
    ),
    (NATIVE, "lk/v1/acme/B/firmware", "1.2", ()),
    (HA, "n/status", "online", (Alive("B", None, True),)),
    (HA, "n/status", "offline", (Alive("B", None, False),)),
    (HA, "n/door/1", "ON", (State("B", "1", Door.OPEN),)),
    (HA, "n/door/1", "OFF", (State("B", "1", Door.CLOSED),)),
    (HA, "n/door/1", "AJAR", (State("B", "1", Door.UNKNOWN), Strange("B", "1", "door", "AJAR"))),
    (HA, "n/lock/1", "LOCKED", ()),
    (HA, "n/lock/1", "UNLOCKED", (Reacted("B", "1", None, Result.ACCEPTED, "the lock is jammed"),)),
    (HA, "n/lock/1", "JAMMED", (Reacted("B", "1", None, Result.FAILED, "the lock is jammed"),)),
    (HA, "n/lock/1", "HUMMING", (Strange("B", "1", "lock", "HUMMING"),)),
    (TASMOTA, "tele/tower/LWT", "Online", (Alive("B", "1", True), Alive("B", "2", True))),
    (TASMOTA, "tele/tower/LWT", "Offline", (Alive("B", "1", False), Alive("B", "2", False))),
    (
        TASMOTA,
        "stat/tower/RESULT",
        '{"POWER2":"ON"}',
        (Output("B", "2", True), Reacted("B", "2", None, Result.ACCEPTED)),
    ),
    (
        TASMOTA,
        "stat/tower/RESULT",
        '{"POWER":"ON"}',
        (Output("B", "1", True), Reacted("B", "1", None, Result.ACCEPTED)),
    ),
    (TASMOTA, "stat/tower/RESULT", '{"POWER1":"OFF"}', (Output("B", "1", False),)),
    (TASMOTA, "stat/tower/STATUS11", '{"StatusSTS":{"POWER1":"ON"}}', (Output("B", "1", True),)),
    (
        TASMOTA,
        "stat/tower/STATUS11",
        '{"StatusSTS":{"POWER1":"OFF","POWER2":"ON"}}',
        (Output("B", "1", False), Output("B", "2", True)),
    ),
    (TASMOTA, "stat/tower/POWER1", "ON", ()),
    (TASMOTA, "stat/tower/RESULT", '{"Switch1":{"Action":"ON"}}', (State("B", "1", Door.OPEN),)),
    (TASMOTA, "stat/tower/STATUS10", '{"StatusSNS":{"Switch1":"OFF"}}', (State("B", "1", Door.CLOSED),)),
    (TASMOTA, "tele/tower/SENSOR", '{"Time":"x","Switch1":"ON"}', (State("B", "1", Door.OPEN),)),
    (TASMOTA, "stat/tower/RESULT", '{"Command":"Unknown"}', ()),
    (TASMOTA, "stat/other/RESULT", '{"POWER1":"ON"}', ()),
)


@pytest.mark.parametrize(("dialect", "topic", "payload", "news"), HEARD, ids=[f"{t} {p[:40]}" for _, t, p, _ in HEARD])
def test_what_is_said_is_understood(dialect: Any, topic: str, payload: str, news: tuple[News, ...]) -> None:
    assert dialect.read(topic, payload) == news


@pytest.mark.parametrize("payload", ["", "{", "[1]", "7", "\ufffd", "[" * 5000])
@pytest.mark.parametrize(
    ("dialect", "topic"),
    [
        (NATIVE, "lk/v1/acme/B/unit/4/state"),
        (NATIVE, "lk/v1/acme/B/ack"),
        (HA, "n/door/1"),
        (TASMOTA, "stat/tower/RESULT"),
    ],
)
def test_rubbish_is_kept_aside_and_nothing_is_known_by_it(dialect: Any, topic: str, payload: str) -> None:
    news = dialect.read(topic, payload)

    assert any(isinstance(each, Strange) for each in news)
    assert all(each.door is Door.UNKNOWN for each in news if isinstance(each, State))


NAMES = (
    "door",
    "item",
    "seq",
    "id",
    "result",
    "reason",
    "POWER1",
    "POWER",
    "Switch1",
    "Action",
    "StatusSNS",
    "StatusSTS",
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None)
@given(said=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6))
def test_no_word_in_whatever_place_ends_the_reading(said: dict[str, Any]) -> None:
    for dialect, topic in {(each[0], each[1]) for each in HEARD}:
        dialect.read(topic, json.dumps(said))


def test_an_order_in_our_own_json_has_an_id_and_an_end() -> None:
    expires = datetime(2026, 1, 1, 13, 0, 5, 250_000, tzinfo=timezone(timedelta(hours=1)))
    message = NATIVE.order("B", "4", ORDER, expires)

    assert message.topic == "lk/v1/acme/B/unit/4/cmd"
    assert json.loads(message.payload) == {
        "id": str(ORDER),
        "op": "open",
        "expires": "2026-01-01T12:00:05.250Z",
        "pulse_ms": 500,
    }
    assert not message.once
    assert NATIVE.after("4") is None


def test_orders_in_the_other_dialects() -> None:
    now = datetime.now(UTC)

    assert HA.order("B", "2", ORDER, now) == Message("n/lock/2/set", "OPEN", once=True)
    assert TASMOTA.order("B", "2", ORDER, now) == Message("cmnd/tower/POWER2", "ON", once=True)
    assert TASMOTA.after("2") == Message("cmnd/tower/POWER2", "OFF")


def test_a_new_connection_to_tasmota_begins_with_off_for_every_relay() -> None:
    assert TASMOTA.greet() == (
        Message("cmnd/tower/POWER1", "OFF"),
        Message("cmnd/tower/POWER2", "OFF"),
        Message("cmnd/tower/STATUS", "10"),
        Message("cmnd/tower/STATUS", "11"),
    )
    assert TASMOTA.greet(["2"])[0] == Message("cmnd/tower/POWER2", "OFF")


def test_units_without_contacts_say_so() -> None:
    assert (HA.tells_door("1"), HA.tells_door("2"), HA.reacts("2")) == (True, False, False)
    assert (TASMOTA.tells_door("1"), TASMOTA.tells_door("2")) == (True, False)
