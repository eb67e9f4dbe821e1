from datetime import UTC, datetime, timedelta

import pytest

from app.devices.port import Access, AccessKind
from app.kit.ids import new_id
from app.kit.seal import SealBroken
from app.passes.model import GRACE, Pass, PassState, Vault, usable_until, used_one
from tests.app.rig import SEALER

NOW = datetime(2026, 3, 1, tzinfo=UTC)
K, S = AccessKind, PassState


def made(kind: AccessKind, state: PassState, minutes: int, reference: str | None = None) -> Pass:
    at = NOW + timedelta(minutes=minutes)
    ids = [new_id() for _ in range(4)]
    return Pass(ids[0], ids[1], ids[2], ids[3], kind, state, None, None, reference, at, at + timedelta(hours=1))


def test_something_may_open_the_door_as_long_as_the_last_live_pass_and_its_grace() -> None:
    passes = [made(K.PICKUP, S.USED, 50), made(K.DEPOSIT, S.ISSUED, 0), made(K.PICKUP, S.REVOKE_PENDING, 5)]
    assert usable_until(passes) == NOW + timedelta(minutes=65) + GRACE
    assert usable_until([made(K.DEPOSIT, S.REVOKED, 0), made(K.DEPOSIT, S.EXPIRED, 0)]) is None


def test_what_a_parcel_was_brought_with_may_open_the_door_once_more_and_what_it_was_taken_out_with_may_not() -> None:
    assert usable_until([made(K.DEPOSIT, S.USED, 0)]) == NOW + timedelta(hours=1) + GRACE
    assert usable_until([made(K.PICKUP, S.USED, 0)]) is None


def test_a_use_is_of_the_pass_that_the_door_named_else_of_the_latest() -> None:
    old, new = made(K.DEPOSIT, S.ISSUED, 0, "one"), made(K.DEPOSIT, S.ISSUED, 5, "two")
    dead, other = made(K.DEPOSIT, S.REVOKED, 9, "three"), made(K.PICKUP, S.ISSUED, 9, "four")
    assert used_one([new, old, dead, other], K.DEPOSIT) is new
    assert used_one([new, old, dead, other], K.DEPOSIT, [old.id]) is old
    assert used_one([dead, old], K.DEPOSIT, [dead.id]) is dead, "it was alive when it was used"
    assert used_one([dead, other], K.DEPOSIT) is None
    assert used_one([dead, other], K.DEPOSIT, [other.id]) is None


def test_what_is_kept_for_one_pass_opens_for_no_other() -> None:
    vault, mine, other = Vault(SEALER), new_id(), new_id()
    sealed = vault.keep(mine, Access(K.DEPOSIT, NOW, payload="p", payload_auth="a", keypad_code="1234"))
    shown = {part: vault.show(mine, part, sealed) for part in ("payload", "payloadAuth", "link", "keypadCode")}
    assert shown == {"payload": "p", "payloadAuth": "a", "link": None, "keypadCode": "1234"}
    assert b"1234" not in sealed
    with pytest.raises(SealBroken):
        vault.show(other, "payload", sealed)
