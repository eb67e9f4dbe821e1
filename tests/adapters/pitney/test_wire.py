import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.paths import fill
from adapters.payload import WrongShape, decode
from adapters.pitney import wire
from adapters.pitney.client import PitneyPaths

WORDS = st.sampled_from(
    [
        "lockerUnitId",
        "lockerBankId",
        "units",
        "parcelsReserved",
        "trackingNumber",
        "access_token",
        "expires_in",
        "errors",
    ]
)
READERS = (wire.bank, wire.banks, wire.unit, wire.reserved_units, wire.token)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=6),
    max_leaves=12,
)


@pytest.mark.parametrize("read", READERS, ids=lambda each: each.__name__)
@given(value=JSON)
def test_any_answer_is_read_or_refused_and_never_a_crash(read: Callable[[Any], object], value: object) -> None:
    answer = None
    with suppress(WrongShape):
        answer = read(value)

    assert answer is None or isinstance(value, dict)


@given(value=JSON)
def test_any_error_body_gives_a_short_line(value: object) -> None:
    assert len(wire.error_text(json.dumps(value).encode())) <= 200


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"1" * 5000, b"\xff\xfe", b"nul"])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(WrongShape):
        decode(body)


def test_an_unknown_field_is_kept_aside_and_a_contact_is_not_kept() -> None:
    unit = wire.unit({"lockerUnitId": "2", "contactName": "Ada", "contactId": "c", "doorAjar": True, "size": "small"})

    assert unit.strange == {"doorAjar": "true or false"}
    assert "Ada" not in repr(unit)
    assert unit.raw == {"size": "small"}


@pytest.mark.parametrize("key", ["expires_in", "expiresIn"])
def test_both_spellings_of_a_tokens_life_are_read(key: str) -> None:
    assert wire.token({"access_token": "abc", key: 36000}) == ("abc", 36000.0)


@pytest.mark.parametrize("text", ["a b", "a\nb", "é", ""])
def test_a_token_that_no_header_may_hold_is_refused(text: str) -> None:
    with pytest.raises(WrongShape):
        wire.token({"access_token": text, "expires_in": 1})


def test_times_are_spelled_in_utc_with_whole_seconds() -> None:
    there = timezone(timedelta(hours=-3))
    assert wire.stamp(datetime(2026, 11, 20, 9, 30, 15, 999, tzinfo=there)) == "2026-11-20T12:30:15Z"
    assert wire.moment({"at": "2026-11-20T12:30:15Z"}, "at") == datetime(2026, 11, 20, 12, 30, 15, tzinfo=UTC)


def test_every_part_of_a_path_is_escaped() -> None:
    path = fill(PitneyPaths().open, bank="a/../b", unit="7?x=1")

    assert path == "/api/v1/lockerBanks/a%2F..%2Fb/lockers/7%3Fx%3D1/open"


def test_a_listing_may_leave_the_units_of_its_banks_to_be_read_one_by_one() -> None:
    (listed,) = wire.banks({"lockerBanks": [{"lockerBankId": "B", "name": "North"}]})
    assert (listed.bank, listed.units) == ("B", ())
    with pytest.raises(WrongShape):
        wire.bank({"lockerBankId": "B", "name": "North"})
