"""What counts as known of a door, by what is said of it and of its controller."""

from itertools import permutations

import pytest

from adapters.generic.mqtt.dialects import HaLock
from adapters.generic.mqtt.knowing import Known
from app.devices.port import Door

LOCK = HaLock(
    "B",
    {"1": {"command": "set/1", "door": "door/1", "availability": "there/1"}},
    availability="there",
    open_payload="OPEN",
    turned=False,
)


def hear(known: Known, *words: tuple[str, str]) -> None:
    for topic, payload in words:
        known.take(topic, LOCK.read(topic, payload))


@pytest.mark.parametrize("gone", ["there", "there/1"])
@pytest.mark.parametrize("first", [0, 1])
def test_what_was_kept_of_a_door_whose_controller_is_gone_is_not_known_when_it_comes_back(
    gone: str, first: int
) -> None:
    """Its door may have been shut meanwhile. What a broker has kept comes in any order."""
    known, kept = Known(), [(gone, "offline"), ("door/1", "ON")]
    hear(known, kept[first], kept[1 - first])
    assert known.away("B", "1")
    hear(known, (gone, "online"))

    assert known.away("B", "1") is None
    assert not known.heard
    hear(known, ("door/1", "OFF"))
    assert known.heard["B", "1"].state.door is Door.CLOSED


def test_what_is_told_of_a_door_while_bank_or_unit_is_gone_counts_for_nothing() -> None:
    for comings in permutations([("there", "online"), ("there/1", "online")]):
        known = Known()
        hear(known, ("there", "offline"), ("there/1", "offline"))
        for coming in comings:
            hear(known, ("door/1", "ON"), coming)

        assert not known.heard


def test_a_controller_that_says_again_that_it_is_there_changes_nothing() -> None:
    known = Known()
    hear(known, ("there", "online"), ("door/1", "ON"), ("there", "online"), ("there/1", "online"))

    assert known.heard["B", "1"].state.door is Door.OPEN
