from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.devices.model import Command, CommandState, Purpose
from app.devices.port import OrderKind
from app.kit.ids import new_id
from app.sending.model import held_up, in_turn, ripe

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def command(kind: OrderKind, seconds: float, door: UUID | None = None, stay: UUID | None = None) -> Command:
    return Command(
        new_id(), new_id(), new_id(), new_id(), door or new_id(), stay, None, kind, Purpose.NONE,
        CommandState.REQUESTED, None, {}, new_id(), "who", NOON, NOON + timedelta(seconds=seconds),
    )  # fmt: skip


def test_a_person_at_a_door_goes_before_a_bank_that_opens_all_of_its_doors() -> None:
    group = [command(OrderKind.OPEN, 600) for _ in range(3)]
    person = command(OrderKind.OPEN, 30)
    assert in_turn([*group, person]) == [person, *group]


def test_books_keep_their_order_and_are_as_urgent_as_the_most_urgent_of_them() -> None:
    release, reservation = command(OrderKind.RELEASE, 86_400), command(OrderKind.RESERVE, 120)
    person, group = command(OrderKind.OPEN, 30), command(OrderKind.OPEN, 600)
    assert in_turn([group, release, reservation, person]) == [person, release, reservation, group]


def test_a_door_is_sent_nothing_while_something_is_being_sent_to_it() -> None:
    door = new_id()
    first, second = command(OrderKind.OPEN, 30, door), command(OrderKind.OPEN, 30, door)
    assert held_up(second, (), [first])
    assert held_up(second, [first], ())
    assert not held_up(second, (), [command(OrderKind.OPEN, 30)])


def test_of_a_vendors_books_one_is_written_at_a_time() -> None:
    release, reservation = command(OrderKind.RELEASE, 9), command(OrderKind.RESERVE, 9)
    assert held_up(reservation, (), [release])
    assert not held_up(command(OrderKind.OPEN, 9), (), [release])
    assert not held_up(reservation, (), [command(OrderKind.OPEN, 9)])


def test_what_is_told_again_later_goes_earlier_only_where_something_else_would_wait_for_it() -> None:
    door, stay, other = new_id(), new_id(), new_id()
    until = {"not_before": (NOON + timedelta(minutes=5)).isoformat()}
    later = replace(command(OrderKind.RELEASE, 86_400, door, stay), parameters=until)
    opening, elsewhere = command(OrderKind.OPEN, 30, door), command(OrderKind.RESERVE, 120, other)
    next_one = command(OrderKind.RESERVE, 120, door)
    assert ripe([later, opening, elsewhere], NOON) == [opening, elsewhere]
    assert ripe([later, next_one], NOON) == [later, next_one]
    assert ripe([later], NOON + timedelta(minutes=5)) == [later]
