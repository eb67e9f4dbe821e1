"""Sign-ins and secrets as data and pure rules. Moments are arguments: wall clock for expiry, monotonic for counting."""

import hashlib
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from tenants.model import Actor
from tenants.policy import Permission

SESSION_LIFE = timedelta(hours=12)
SESSION_PREFIX = "lys_"
KEY_PREFIX = "lyk_"
# What the record calls signing in and out; everybody may.
SIGN_IN, SIGN_OUT = "session:create", "session:end"
REVOKED_CHANNEL = "lockyard_revoked"
# Before an organization's id: what its members may do changed, and their credentials are good all the same.
CHANGED = "changed "
# What a key's list shows of its secret: enough to tell keys apart, nothing to guess with.
SHOWN_CHARACTERS = 8
_SECRET_CHARACTERS = 4 + 43


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in of a member. Its secret is known to the member alone."""

    id: UUID
    actor: Actor
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CreateApiKey:
    """`scopes` and sites must lie within the asker's own rights."""

    name: str
    scopes: tuple[Permission, ...]
    expires_at: datetime | None = None
    all_sites: bool = True
    site_ids: tuple[UUID, ...] = ()


def new_secret(prefix: str) -> str:
    """32 random bytes: nothing to guess, so that a plain hash of it may be kept."""
    return prefix + secrets.token_urlsafe(32)


def is_secret(text: str) -> bool:
    """Whether it may be one of ours at all: spares the database what cannot be."""
    return len(text) == _SECRET_CHARACTERS and text.isascii() and text.startswith((SESSION_PREFIX, KEY_PREFIX))


def hash_secret(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `failures` within `seconds`."""

    failures: int
    seconds: float


# One person at one place; one place over all accounts; one account from everywhere (a stranger's failures must not
# easily lock its owner out, so this one is wide; NIST 800-63B allows 100 at most).
PAIR, SOURCE, ACCOUNT = Limit(5, 15 * 60), Limit(50, 15 * 60), Limit(100, 24 * 3600)
_KEYS_KEPT = 100_000


@dataclass(slots=True)
class Failures:
    """Failed sign-ins by account and source, counted on the monotonic clock: setting the wall clock resets nothing."""

    _seen: OrderedDict[tuple[str, ...], deque[float]] = field(default_factory=OrderedDict)

    def wait(self, email: str, source: str, now: float) -> float:
        """Seconds until another try may be made; 0 when now."""
        return max(self._wait(key, limit, now) for key, limit in counters(email, source))

    def add(self, email: str, source: str, now: float) -> None:
        for key, limit in counters(email, source):
            moments = self._seen.setdefault(key, deque(maxlen=2 * limit.failures))
            moments.append(now)
            self._seen.move_to_end(key)
        while len(self._seen) > _KEYS_KEPT:
            self._seen.popitem(last=False)

    def forgive(self, email: str, source: str) -> None:
        """A success ends the count of its own pair, and takes back from the others no more than its own try."""
        (own, _), *others = counters(email, source)
        self._seen.pop(own, None)
        for key, _ in others:
            if moments := self._seen.get(key):
                moments.pop()

    def _wait(self, key: tuple[str, ...], limit: Limit, now: float) -> float:
        moments = self._seen.get(key)
        if moments is None or len(moments) < limit.failures:
            return 0.0
        return max(0.0, moments[-limit.failures] + limit.seconds - now)


def counters(email: str, source: str) -> tuple[tuple[tuple[str, ...], Limit], ...]:
    """What a failed sign-in counts for, its own pair first."""
    return (("pair", email, source), PAIR), (("source", source), SOURCE), (("account", email), ACCOUNT)
