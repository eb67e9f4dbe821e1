"""A tower: offline, with its own clock and doors. It knows its key, what phones showed it, and what they brought."""

import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.simulation.doors import Doors

DROPOFF, PICKUP = "dropoff", "pickup"
IN, OUT = "in", "out"


class Mint:
    """Makes the pairs and reads them again. Cloud and towers share its key; phones and backends see opaque text."""

    def __init__(self, key: bytes | None = None) -> None:
        self.key = key or secrets.token_bytes(32)
        self._cipher = AESGCM(self.key)

    def pair(self, said: Mapping[str, Any]) -> tuple[str, str]:
        nonce = secrets.token_bytes(12)
        payload = (nonce + self._cipher.encrypt(nonce, json.dumps(said).encode(), None)).hex()
        return payload, hmac.digest(self.key, payload.encode(), "sha256").hex()

    def read(self, payload: str, auth: str) -> dict[str, Any] | None:
        """None for whatever was not made here, or was changed since."""
        expected = hmac.digest(self.key, payload.encode(), "sha256").hex()
        if not hmac.compare_digest(expected.encode(), auth.encode()):
            return None
        try:
            raw = bytes.fromhex(payload)
            said = json.loads(self._cipher.decrypt(raw[:12], raw[12:], None))
        except (InvalidTag, ValueError):
            return None
        return said if isinstance(said, dict) else None


@dataclass(slots=True)
class Event:
    """One line of a tower's log. `number` counts from 1; `done` once the door it tells of has closed."""

    number: int
    locker: str
    token: str
    way: str
    at: str
    done: bool = True


@dataclass(slots=True)
class Tower:
    """`ahead`: seconds its clock is wrong. `offline`: no phone reaches it. `dead`: tokens a phone brought word of."""

    id: str
    mint: Mint
    doors: Doors
    ahead: float = 0.0
    offline: bool = False
    full: set[str] = field(default_factory=set)
    used: dict[str, list[str]] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)
    log: list[Event] = field(default_factory=list)
    refused: int = 0

    def now(self) -> datetime:
        return self.doors.clock.now() + timedelta(seconds=self.ahead)

    def present(self, payload: str, auth: str) -> tuple[str | None, str]:
        """A phone shows a pair: the locker whose door sprang open, or None and why not."""
        said = self.mint.read(payload, auth)
        why = "forged" if said is None else self._refusal(said)
        if said is None or why:
            self.refused += 1
            return None, why
        locker, token = str(said["locker"]), str(said["token"])
        way = OUT if locker in self.full else IN
        if not self.doors.unlock(self.id, locker):
            return None, "the lock is jammed"
        self.used.setdefault(token, []).append(way)
        # A drop-off counts when the door springs open, a pick-up once it is shut again.
        self.log.append(Event(len(self.log) + 1, locker, token, way, self.now().isoformat(), done=way == IN))
        if way == IN:
            self.full.add(locker)
        return locker, ""

    def _refusal(self, said: Mapping[str, Any]) -> str:
        token, locker = str(said["token"]), str(said["locker"])
        if said["tower"] != self.id or (self.id, locker) not in self.doors:
            return "for another tower"
        if not _time(said["from"]) <= self.now() < _time(said["until"]):
            return "outside its time"
        if token in self.dead:
            return "called off"
        way = OUT if locker in self.full else IN
        if way in self.used.get(token, ()):
            return "used before"
        if said["kind"] == PICKUP and way == IN:
            return "nothing to pick up"
        if way == IN and OUT in self.used.get(token, ()):
            return "used before"
        return ""

    def settle(self) -> None:
        """Doors that were shut meanwhile end the pick-ups they belong to."""
        for event in self.log:
            if not event.done and not self.doors.at(self.id, event.locker).is_open:
                event.done = True
                self.full.discard(event.locker)

    def dump(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "ahead": self.ahead,
            "offline": self.offline,
            "full": sorted(self.full),
            "used": self.used,
            "dead": sorted(self.dead),
            "refused": self.refused,
            "log": [
                {name: getattr(event, name) for name in ("number", "locker", "token", "way", "at", "done")}
                for event in self.log
            ],
        }

    def load(self, kept: Mapping[str, Any]) -> None:
        self.ahead, self.offline, self.refused = kept["ahead"], kept["offline"], kept["refused"]
        self.full, self.dead = set(kept["full"]), set(kept["dead"])
        self.used = {token: list(ways) for token, ways in kept["used"].items()}
        self.log = [Event(**row) for row in kept["log"]]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
