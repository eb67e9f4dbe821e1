import pytest

from adapters.harbor_gateway import wire
from adapters.paths import fill
from adapters.payload import WrongShape

LOCKER = {"lockerId": 4, "lockerType": {"slug": "medium"}, "outOfService": False, "operational": True, "doorOpen": True}


def test_a_locker_is_read_with_its_flags_apart() -> None:
    read = wire.locker(LOCKER | {"available": False, "reasonCode": "DOOR_OPEN"})

    assert (read.id, read.type, read.door_open, read.in_service) == (4, "medium", True, True)
    assert read.raw == {
        "outOfService": False, "operational": True, "doorOpen": True, "available": False, "reasonCode": "DOOR_OPEN",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("out", "operational", "expected"),
    [(None, None, None), (False, True, True), (True, True, False), (False, False, False), (None, False, False)],
)
def test_in_service_is_what_both_flags_say(out: bool | None, operational: bool | None, expected: bool | None) -> None:
    assert wire.locker({"lockerId": 1, "outOfService": out, "operational": operational}).in_service is expected


def test_a_type_may_be_spelled_as_a_word() -> None:
    assert wire.locker({"lockerId": 1, "lockerType": "small"}).type == "small"


@pytest.mark.parametrize("change", [{"lockerId": "4"}, {"lockerId": True}, {"doorOpen": "yes"}, {"lockerType": 3}])
def test_a_field_of_another_kind_is_no_locker(change: dict[str, object]) -> None:
    with pytest.raises(WrongShape):
        wire.locker(LOCKER | change)


def test_one_unreadable_locker_does_not_hide_the_others() -> None:
    read, broken = wire.lockers({"lockers": [LOCKER, {"lockerId": None}]})

    assert [locker.id for locker in read] == [4]
    assert len(broken) == 1


def test_lists_come_bare_or_wrapped() -> None:
    row = {"transactionId": "a", "lockerId": 2}

    assert wire.transactions([row]) == wire.transactions({"transactions": [row]})
    with pytest.raises(WrongShape):
        wire.transactions({"others": [row]})


def test_an_error_is_read_by_code_and_anything_else_is_no_error_body() -> None:
    assert str(wire.error(b'{"error": "NO_AVAILABLE_LOCKERS", "message": "full"}')) == "NO_AVAILABLE_LOCKERS full"
    assert wire.error(b"<html>") == wire.error(b'{"error": 7}') == wire.Error("", "")


def test_identifiers_are_escaped_in_paths() -> None:
    assert fill(wire.PATHS["transaction"], reference="a/b?c") == "/transactions/a%2Fb%3Fc"
