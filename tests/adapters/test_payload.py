import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.payload import WrongShape, decode

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


@pytest.mark.parametrize("body", [b'"\xed\xa0\x80"', '"x"'.encode("utf-16"), b'"\x00"', rb'["\u0000",' + b"[" * 50_000])
def test_what_is_no_json_in_utf_8_is_no_answer(body: bytes) -> None:
    with pytest.raises(WrongShape):
        decode(body)
