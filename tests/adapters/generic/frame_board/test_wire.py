import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.generic.frame_board import wire
from adapters.generic.frame_board.wire import PROFILES, Fields

XOR, WKLY, WINNSEN = PROFILES["xor5_8a80"], PROFILES["wkly"], PROFILES["winnsen90"]

VECTORS: tuple[tuple[str, str, dict[str, int | bytes]], ...] = (
    ("8A 01 01 11 9B", XOR.unlock, {"board": 1, "lock": 1}),
    ("8A 01 01 00 8A", XOR.unlocked, {"board": 1, "lock": 1, "status": 0x00}),
    ("8A 01 01 11 9B", XOR.unlocked, {"board": 1, "lock": 1, "status": 0x11}),
    ("8A 01 0B 00 80", XOR.unlocked, {"board": 1, "lock": 11, "status": 0x00}),
    ("8A 01 00 11 9A", XOR.unlock, {"board": 1, "lock": 0}),
    ("80 01 01 33 B3", XOR.ask_one, {"board": 1, "lock": 1}),
    ("80 01 01 00 80", XOR.told_one, {"board": 1, "lock": 1, "status": 0x00}),
    ("80 01 01 11 91", XOR.told_one, {"board": 1, "lock": 1, "status": 0x11}),
    ("80 01 00 33 B2", XOR.ask_all, {"board": 1}),
    ("80 01 01 01 01 33 B3", XOR.told_all, {"board": 1, "bits2": 1, "bits1": 1, "bits0": 1}),
    ("57 4B 4C 59 09 00 82 01 83", WKLY.unlock, {"board": 0, "lock": 1}),
    ("57 4B 4C 59 09 0A 82 01 89", WKLY.unlock, {"board": 10, "lock": 1}),
    ("57 4B 4C 59 0B 00 82 00 01 00 81", WKLY.unlocked, {"board": 0, "result": 0, "lock": 1, "status": 0}),
    (
        "57 4B 4C 59 0E 00 84 00 04 00 01 01 00 87",
        WKLY.told_all,
        {"board": 0, "result": 0, "count": 4, "doors*": bytes((0, 1, 1, 0))},
    ),
    ("90 06 05 01 03 03", WINNSEN.unlock, {"board": 1, "lock": 3}),
    ("90 07 85 01 03 01 03", WINNSEN.unlocked, {"board": 1, "lock": 3, "status": 1}),
)


@pytest.mark.parametrize(("frame", "message", "fields"), VECTORS)
def test_a_frame_is_spelled_and_read_as_the_boards_do(frame: str, message: str, fields: dict[str, int | bytes]) -> None:
    raw = bytes.fromhex(frame)

    assert wire.spell(message, **fields) == raw
    found = wire.find(message, raw)
    assert found is not None
    assert {name: value for name, value in found[0].items() if name not in {"len", "xor"}} == fields
    assert found[1] == len(raw)


def test_doors_1_9_and_17_are_the_closed_ones() -> None:
    found = wire.find(XOR.told_all, bytes.fromhex("80 01 01 01 01 33 B3"))

    assert found is not None
    assert [lock for lock in range(1, 25) if wire.bits(found[0]) >> lock - 1 & 1] == [1, 9, 17]


def test_a_stray_byte_of_the_head_does_not_hide_the_frame_behind_it() -> None:
    raw = bytes.fromhex("57 57 4B 4C 59 0B 00 82 00 01 00 81")

    found, whole = wire.find(WKLY.unlocked, raw), wire.find(WKLY.unlocked, raw[1:])
    assert found is not None
    assert whole is not None
    assert (found[0], found[1]) == (whole[0], len(raw))


@pytest.mark.parametrize(("frame", "message", "fields"), [each for each in VECTORS if each[1].endswith("xor")])
@given(data=st.data())
def test_a_changed_byte_is_no_frame(
    frame: str, message: str, fields: dict[str, int | bytes], data: st.DataObject
) -> None:
    raw = bytearray.fromhex(frame)
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))

    assert wire.find(message, bytes(raw)) is None


@given(
    before=st.binary(max_size=40),
    after=st.binary(max_size=20),
    board=st.integers(0, 255),
    status=st.sampled_from((0, 1)),
)
def test_a_reply_is_found_among_rubbish(before: bytes, after: bytes, board: int, status: int) -> None:
    frame = wire.spell(WKLY.told_one, board=board, result=0, lock=7, status=status)

    def ours(fields: Fields) -> bool:
        return (fields["board"], fields["lock"], fields["status"]) == (board, 7, status)

    found = wire.find(WKLY.told_one, before + frame + after, ours)
    assert found is not None
    assert found[1] <= len(before) + len(frame)
    assert wire.find(WKLY.told_one, frame[:-1], ours) is None
