"""Sealing what must be kept but not read at rest: vendor secrets, pickup codes, passes. AES-256-GCM in an envelope:
each value under a key of its own, and that one wrapped under a named key."""

import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_KEY_BYTES = 32
_WRAPPED = _NONCE + _KEY_BYTES + 16
# In the first byte, beside the length of the name. Without it the value itself lies under the named key: so was sealed
# what is from before 2026-12.
_ENVELOPE = 0x80


class SealBroken(Exception):  # noqa: N818 - says what happened, as all our errors do
    """The sealed bytes were changed, belong to another context, or their key is not here."""


class Sealer:
    """Length of the key's name, its name, the wrapped key of the value, the value; the two with their nonces before
    them. Old keys stay readable."""

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        """`keys`: name -> 32 bytes. What is sealed from now on uses `current`."""
        if current not in keys:
            raise ValueError(f"no key named {current!r}")
        self._current = current
        self._head = bytes([_ENVELOPE | len(current)]) + current.encode()
        self._sealing = {name: AESGCM(_derived(key, b"seal")) for name, key in keys.items()}
        self._marking = {name: _derived(key, b"mark") for name, key in keys.items()}

    @classmethod
    def of(cls, key: bytes) -> "Sealer":
        """One key, named by its own fingerprint, so that a changed key is noticed and not tried."""
        return cls.among((key,))

    @classmethod
    def among(cls, keys: Sequence[bytes]) -> "Sealer":
        """The first key seals from now on; all of them open."""
        named = {hashlib.sha256(b"lockyard key " + key).hexdigest()[:8]: key for key in keys}
        return cls(named, next(iter(named)))

    def stale(self, sealed: bytes) -> bool:
        """Whether it was wrapped under another key than the current one, or in no envelope."""
        return not sealed.startswith(self._head)

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """`context` names what this belongs to; the same must be said to open it again."""
        key = os.urandom(_KEY_BYTES)
        return self._wrap(key, context) + _encrypted(AESGCM(key), plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Raises SealBroken for anything that is not exactly what was sealed."""
        named, enveloped, rest = self._parts(sealed)
        if not enveloped:
            return _decrypted(named, rest, context)
        return _decrypted(AESGCM(_decrypted(named, rest[:_WRAPPED], context)), rest[_WRAPPED:], context)

    def renew(self, sealed: bytes, context: bytes) -> bytes:
        """The same under the current key; what is in an envelope stays unread. Raises SealBroken as `open` does."""
        named, enveloped, rest = self._parts(sealed)
        if not enveloped:
            return self.seal(_decrypted(named, rest, context), context)
        return self._wrap(_decrypted(named, rest[:_WRAPPED], context), context) + rest[_WRAPPED:]

    def _wrap(self, key: bytes, context: bytes) -> bytes:
        return self._head + _encrypted(self._sealing[self._current], key, context)

    def _parts(self, sealed: bytes) -> tuple[AESGCM, bool, bytes]:
        """The named key, whether the rest is an envelope, the rest."""
        first = sealed[0] if sealed else 0
        after = 1 + (first & ~_ENVELOPE)
        name = sealed[1:after].decode("ascii", "replace")
        if name not in self._sealing:
            raise SealBroken("sealed under a key that is not here")
        return self._sealing[name], bool(first & _ENVELOPE), sealed[after:]

    def mark(self, text: str, salt: bytes) -> bytes:
        """A keyed hash to compare by, useless without the key: eight digits alone could be tried in a second."""
        return hmac.digest(self._marking[self._current], salt + b"\x00" + text.encode(), "sha256")

    def matches(self, text: str, salt: bytes, mark: bytes) -> bool:
        """Whether `mark` was made from this text, under any key we hold; takes the same time for every text."""
        body = salt + b"\x00" + text.encode()
        tries = [hmac.compare_digest(hmac.digest(key, body, "sha256"), mark) for key in self._marking.values()]
        return any(tries)


def _encrypted(key: AESGCM, plain: bytes, context: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + key.encrypt(nonce, plain, context)


def _decrypted(key: AESGCM, sealed: bytes, context: bytes) -> bytes:
    try:
        return key.decrypt(sealed[:_NONCE], sealed[_NONCE:], context)
    except (InvalidTag, ValueError) as error:
        raise SealBroken("the sealed bytes are not what was sealed") from error


def _derived(key: bytes, purpose: bytes) -> bytes:
    if len(key) != _KEY_BYTES:
        raise ValueError("a sealing key has 32 bytes")
    return hmac.digest(key, b"lockyard " + purpose, "sha256")
