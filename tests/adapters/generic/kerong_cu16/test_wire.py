import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.generic.kerong_cu16 import wire
from adapters.generic.kerong_cu16.wire import BoardStatus


@pytest.mark.parametrize(
    ("board", "lock", "frame"), [(0, 1, "02 00 31 03 36"), (0, 16, "02 0F 31 03 45"), (1, 1, "02 10 31 03 46")]
)
def test_an_unlock_is_spelled_as_the_boards_read_it(board: int, lock: int, frame: str) -> None:
    assert wire.unlock(board, lock) == bytes.fromhex(frame)


@pytest.mark.parametrize(("board", "frame"), [(0, "02 00 30 03 35"), (1, "02 10 30 03 45")])
def test_a_question_is_spelled_as_the_boards_read_it(board: int, frame: str) -> None:
    assert wire.status(board) == bytes.fromhex(frame)


@pytest.mark.parametrize(
    ("address", "command", "frame"),
    [
        (0x00, 0x32, "02 00 32 03 37"),
        (0xF0, 0x32, "02 F0 32 03 27"),
        (0x00, 0x33, "02 00 33 03 38"),
        (0x00, 0x31, "02 00 31 03 36"),
    ],
)
def test_commands_we_never_send_are_understood_all_the_same(address: int, command: int, frame: str) -> None:
    assert wire.frame(address, command) == bytes.fromhex(frame)
    assert wire.find_command(b"\xff" + bytes.fromhex(frame)) == (address, command, 6)


@pytest.mark.parametrize(
    ("frame", "status"),
    [
        ("02 00 35 FF FF 00 00 03 38", BoardStatus(0, 0xFFFF, 0)),
        ("02 00 35 FB FF 01 00 03 35", BoardStatus(0, 0xFFFB, 1)),
    ],
)
def test_a_reply_is_read_and_spelled(frame: str, status: BoardStatus) -> None:
    assert wire.find_status(bytes.fromhex(frame), 0) == status
    assert wire.status_reply(status) == bytes.fromhex(frame)


def test_hook_and_infrared_bits_are_told_apart() -> None:
    status = wire.find_status(bytes.fromhex("02 00 35 FB FF 01 00 03 35"), 0)

    assert status is not None
    assert [lock for lock in range(1, 17) if not status.is_closed(lock)] == [3]
    assert [lock for lock in range(1, 17) if status.has_item(lock)] == [1]


@pytest.mark.parametrize(
    "frame",
    [
        "02 00 35 FF FF 00 00 03 39",
        "02 10 35 FF FF 00 00 03 48",
        "02 00 36 FF FF 00 00 03 39",
        "02 00 35 FF FF 00 00 04 39",
        "02 00 35 FF FF 00 00 03",
        "",
    ],
    ids=["sum", "board", "command", "end", "short", "nothing"],
)
def test_what_is_no_reply_of_this_board_is_not_taken(frame: str) -> None:
    assert wire.find_status(bytes.fromhex(frame), 0) is None


@given(
    board=st.integers(0, 9),
    closed=st.integers(0, 0xFFFF),
    items=st.integers(0, 0xFFFF),
    before=st.binary(max_size=40).filter(lambda noise: wire.ETX not in noise),
    after=st.binary(max_size=40),
)
def test_a_reply_is_found_among_rubbish(board: int, closed: int, items: int, before: bytes, after: bytes) -> None:
    status = BoardStatus(board, closed, items)
    frame = wire.status_reply(status)

    assert wire.find_status(before[:-8] + b"\x00" * 8 + frame + b";" + after, board) == status
    assert wire.find_status(before[:-8] + b"\x00" * 8 + frame[:-1], board) is None


@pytest.mark.parametrize(("board", "lock"), [(0, 0), (0, 17), (10, 1), (-1, 1)])
def test_there_is_no_frame_for_a_lock_that_cannot_be(board: int, lock: int) -> None:
    with pytest.raises(ValueError, match="no lock"):
        wire.unlock(board, lock)
