import pytest

from adapters.simulation.doors import Clock, Door, Doors
from adapters.simulation.faults import Faults


def one_door(close_after: float | None = None) -> Doors:
    doors = Doors(Clock(), close_after)
    doors.add("B", "1")
    return doors


def door(doors: Doors) -> Door:
    return doors.at("B", "1")


def test_an_unlocked_door_springs_open_once() -> None:
    doors = one_door()
    doors.unlock("B", "1")
    doors.unlock("B", "1")

    assert (door(doors).pulses, door(doors).openings, door(doors).forced) == (2, 1, 0)
    assert not doors.switch("B", "1")


def test_a_jammed_door_takes_the_pulse_and_stays_shut() -> None:
    doors = one_door()
    doors.act("B", "1", "jam")

    assert not doors.unlock("B", "1")
    assert (door(doors).pulses, door(doors).openings) == (1, 0)


def test_somebody_pushes_it_shut_after_a_while() -> None:
    doors = one_door(close_after=8)
    doors.unlock("B", "1")
    doors.clock.advance(7)
    assert door(doors).is_open
    doors.clock.advance(2)
    assert not door(doors).is_open


def test_a_held_door_does_not_close_until_it_is_let_go() -> None:
    doors = one_door()
    doors.unlock("B", "1")
    doors.act("B", "1", "hold")
    doors.act("B", "1", "close")
    assert door(doors).is_open

    doors.act("B", "1", "let_go")
    doors.act("B", "1", "close", 3)
    doors.clock.advance(4)
    assert not door(doors).is_open


def test_a_forced_door_is_counted_apart() -> None:
    doors = one_door()
    doors.act("B", "1", "force")

    assert (door(doors).openings, door(doors).forced, door(doors).is_open) == (0, 1, True)


def test_a_bouncing_switch_lies_and_then_tells_the_truth() -> None:
    doors = one_door()
    doors.act("B", "1", "bounce", 2)

    assert [doors.switch("B", "1") for _ in range(5)] == [False, True, False, True, True]


def test_the_doors_can_be_written_down_and_set_up_again() -> None:
    doors, again = one_door(close_after=60), one_door()
    doors.unlock("B", "1")
    doors.act("B", "1", "put")
    again.load(doors.dump())

    assert door(again) == door(doors)


def test_a_fault_is_used_up_where_it_belongs() -> None:
    faults = Faults(frozenset({"drop"}))
    faults.add({"kind": "drop", "where": "30", "bank": "B", "times": 2})

    assert [
        faults.take(*at) is not None for at in (("31", "B"), ("30", "C"), ("30", "B"), ("30", "B"), ("30", "B"))
    ] == [
        False,
        False,
        True,
        True,
        False,
    ]
    with pytest.raises(ValueError, match="no fault"):
        faults.add({"kind": "miracle"})
