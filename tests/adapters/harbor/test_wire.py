import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.harbor import wire
from adapters.payload import WrongShape
from app.devices.port import VendorWord

LOCKER = {
    "id": 41,
    "name": "7",
    "isLowLocker": True,
    "towerId": "01AB000000000001",
    "status": {"id": 1, "name": "available"},
    "type": {"id": 1, "name": "small", "description": None},
    "accessMode": "public",
}


def test_a_locker_as_documented() -> None:
    read = wire.locker(LOCKER)
    assert (read.id, read.name, read.tower, read.low) == ("41", "7", "01ab000000000001", True)
    assert (read.word, read.type, read.type_id) == (VendorWord.AVAILABLE, "small", 1)


def test_one_unreadable_locker_does_not_hide_the_others() -> None:
    read, broken = wire.lockers([LOCKER, {"id": 42}, 7])
    assert [each.id for each in read] == ["41"]
    assert len(broken) == 2


@pytest.mark.parametrize("name", ["lockerId", "locker_id"])
def test_both_spellings_of_an_open_request_are_read(name: str) -> None:
    asked = wire.open_request({"id": 9, name: 41, "towerId": "01AB000000000001", "linkToken": "https://x/?token=a.b"})
    assert (asked.id, asked.locker, asked.tower) == ("9", "41", "01ab000000000001")


@pytest.mark.parametrize(
    "pair",
    [{}, {"payload": "a"}, {"payload": "", "payload_auth": "b"}, {"payload": "a" * 9000, "payload_auth": "b"}, []],
)
def test_half_a_pair_is_none(pair: object) -> None:
    with pytest.raises(WrongShape):
        wire.token_pair(pair)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"detail": "No locker available"}, "No locker available"),
        ({"detail": [{"loc": ["body", "duration"], "msg": "wrong", "type": "x"}]}, "body.duration: wrong"),
        ({"detail": 7}, ""),
        ([], ""),
    ],
)
def test_both_forms_of_an_error_are_read(body: object, said: str) -> None:
    assert wire.error_text(json.dumps(body).encode()) == said


@pytest.mark.parametrize("stamp", ["2026-03-01T10:00:00", "yesterday", ""])
def test_a_time_without_a_zone_is_nobody_s(stamp: str) -> None:
    with pytest.raises(WrongShape):
        wire.zoned(stamp)


@pytest.mark.parametrize("scheme", wire.SCHEMES)
def test_a_signature_is_of_this_body_and_this_secret(scheme: str) -> None:
    import hmac
    from base64 import b64encode

    digest = hmac.digest(b"secret", b"body", "sha256")
    right = {wire.SCHEMES[0]: digest.hex().upper(), wire.SCHEMES[1]: b64encode(digest).decode()}.get(scheme, "secret")
    assert wire.signed(scheme, "secret", b"body", right)
    assert not wire.signed(scheme, "secret", b"body", right + "0")
    assert not wire.signed(scheme, "other", b"body", right)


_NAMES = st.sampled_from([*LOCKER, "data", "detail", "event", "tower_id", "timestamp"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=5),
    max_leaves=12,
)


@given(_JSON)
def test_whatever_comes_is_read_or_refused_without_a_crash(value: object) -> None:
    for read in (wire.lockers, wire.locations, wire.availability, wire.token_pair, wire.open_request, wire.event):
        try:
            read(value)
        except WrongShape:
            continue
    wire.error_text(json.dumps(value).encode())
