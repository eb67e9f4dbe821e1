import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.payload import WrongShape, beforehand, decode
from app.devices.port import ContractBroken, Refused, Unreachable


def test_what_no_database_holds_comes_as_a_mark_in_its_place() -> None:
    odd = {"na\x00me": ["a\ud800b", {"c": "\udfff"}, 7, None, True], "whole": "\U0001f4e6 é"}
    assert decode(json.dumps(odd).encode()) == {
        "na\ufffdme": ["a\ufffdb", {"c": "\ufffd"}, 7, None, True], "whole": "\U0001f4e6 é",
    }  # fmt: skip
    assert decode(json.dumps(odd["whole"], ensure_ascii=False).encode()) == odd["whole"]


DEEP = b"[" * 100_000


@pytest.mark.parametrize(
    "body", [b"", b"{", b'"\x00"', b'"\xed\xa0\x80"', b"\xff\xfe[\x00]\x00", DEEP, b'["\\u0000",' + DEEP, b"9" * 5000]
)
def test_what_is_no_json_in_utf_8_is_refused(body: bytes) -> None:
    with pytest.raises(WrongShape):
        decode(body)


async def test_a_look_before_an_order_that_makes_no_sense_leaves_the_order_unsent() -> None:
    async def look(error: Exception | None) -> str:
        if error:
            raise error
        return "seen"

    assert await beforehand(look(None)) == "seen"
    with pytest.raises(Unreachable):
        await beforehand(look(ContractBroken("what is this")))
    with pytest.raises(Refused):
        await beforehand(look(Refused("no")))


ANY = st.recursive(
    st.none() | st.integers() | st.text(st.characters(codec=None), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec=None), max_size=3), inner),
    max_leaves=8,
)


@given(value=ANY)
def test_whatever_is_read_can_be_kept(value: object) -> None:
    text = json.dumps(decode(json.dumps(value).encode()), ensure_ascii=False)
    assert "\\u0000" not in text.replace("\\\\", "")
    text.encode()


@pytest.mark.parametrize(
    ("spelled", "read"),
    [
        (rb'{"a\u0000": ["\ud800", "\uDFFF", "\u00e9"]}', {"a\ufffd": ["\ufffd", "\ufffd", "é"]}),
        (rb'"\ud83d\ude00 \\u0000"', "\U0001f600 \\u0000"),
        (b'\xef\xbb\xbf"x"', "x"),
    ],
)
def test_a_mark_stands_for_what_nobody_can_keep_and_all_else_is_as_it_was_spelled(spelled: bytes, read: object) -> None:
    assert decode(spelled) == read
