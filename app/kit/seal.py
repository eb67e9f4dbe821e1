"""Sealing what must be kept but not read at rest: vendor secrets and pickup codes. AES-256-GCM under a named key."""

import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class SealBroken(Exception):  # noqa: N818 - says what happened, as all our errors do
    """The sealed bytes were changed, belong to another context, or their key is not here."""


class Sealer:
    """An envelope: length of the key's name, its name, nonce, ciphertext. Old keys stay readable."""

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        """`keys`: name -> 32 bytes. What is sealed from now on uses `current`."""
        if current not in keys:
            raise ValueError(f"no key named {current!r}")
        self._current = current
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
        """Whether it was sealed under another key than the current one."""
        return sealed[1 : 1 + sealed[0]] != self._current.encode()

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """`context` names what this belongs to; the same must be said to open it again."""
        nonce, name = os.urandom(_NONCE), self._current.encode()
        return bytes([len(name)]) + name + nonce + self._sealing[self._current].encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Raises SealBroken for anything that is not exactly what was sealed."""
        length = sealed[0] if sealed else 0
        name, rest = sealed[1 : 1 + length].decode("ascii", "replace"), sealed[1 + length :]
        if name not in self._sealing:
            raise SealBroken("sealed under a key that is not here")
        try:
            return self._sealing[name].decrypt(rest[:_NONCE], rest[_NONCE:], context)
        except (InvalidTag, ValueError) as error:
            raise SealBroken("the sealed bytes are not what was sealed") from error

    def mark(self, text: str, salt: bytes) -> bytes:
        """A keyed hash to compare by, useless without the key: eight digits alone could be tried in a second."""
        return hmac.digest(self._marking[self._current], salt + b"\x00" + text.encode(), "sha256")

    def matches(self, text: str, salt: bytes, mark: bytes) -> bool:
        """Whether `mark` was made from this text, under any key we hold; takes the same time for every text."""
        body = salt + b"\x00" + text.encode()
        tries = [hmac.compare_digest(hmac.digest(key, body, "sha256"), mark) for key in self._marking.values()]
        return any(tries)


def _derived(key: bytes, purpose: bytes) -> bytes:
    if len(key) != 32:
        raise ValueError("a sealing key has 32 bytes")
    return hmac.digest(key, b"lockyard " + purpose, "sha256")
