import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from app.kit.seal import SealBroken, Sealer, _derived

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
BOTH, ALONE = Sealer.among((NEW, OLD)), Sealer.of(NEW)


def before_envelopes(key: bytes, plain: bytes, context: bytes) -> bytes:
    """As was sealed until 2026-12: the value itself under the named key."""
    name, nonce = Sealer.of(key)._current.encode(), os.urandom(12)
    return bytes([len(name)]) + name + nonce + AESGCM(_derived(key, b"seal")).encrypt(nonce, plain, context)


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_what_is_sealed_opens_where_it_belongs(plain: bytes, context: bytes) -> None:
    sealed = ALONE.seal(plain, context)
    assert ALONE.open(sealed, context) == plain
    with pytest.raises(SealBroken):
        ALONE.open(sealed, context + b"other")


def test_each_value_has_a_key_of_its_own() -> None:
    one, other = (ALONE.seal(b"secret", b"c") for _ in range(2))
    wrapped = slice(len(ALONE._head), len(ALONE._head) + 60)
    assert one[wrapped] != other[wrapped]
    with pytest.raises(SealBroken):
        ALONE.open(one[: wrapped.stop] + other[wrapped.stop :], b"c")


def test_every_changed_byte_and_every_cut_is_noticed() -> None:
    sealed = ALONE.seal(b"secret", b"c")
    changed = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in range(len(sealed))]
    for broken in [*changed, *(sealed[:at] for at in range(len(sealed))), sealed + b"0"]:
        with pytest.raises(SealBroken):
            ALONE.open(broken, b"c")


@pytest.mark.parametrize("seal", [Sealer.of(OLD).seal, lambda *given: before_envelopes(OLD, *given)])
def test_a_renewed_envelope_opens_with_the_new_key_alone(seal) -> None:  # type: ignore[no-untyped-def]
    old = seal(b"secret", b"c")
    assert BOTH.stale(old)
    assert BOTH.open(old, b"c") == b"secret"
    renewed = BOTH.renew(old, b"c")
    assert not BOTH.stale(renewed)
    assert ALONE.open(renewed, b"c") == b"secret"
    with pytest.raises(SealBroken):
        Sealer.of(OLD).open(renewed, b"c")


def test_what_is_from_before_envelopes_is_stale_even_under_the_current_key() -> None:
    kept = before_envelopes(NEW, b"secret", b"c")
    assert ALONE.open(kept, b"c") == b"secret"
    assert ALONE.stale(kept)


def test_renewing_for_another_row_is_refused() -> None:
    old = Sealer.of(OLD).seal(b"secret", b"c")
    with pytest.raises(SealBroken):
        BOTH.renew(old, b"d")
