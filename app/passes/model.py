"""The life of a pass. No I/O, no clock of its own."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import orjson

from app.devices.port import Access, AccessKind
from app.kit.seal import Sealer


class PassState(StrEnum):
    """REVOKE_PENDING: called off, and the door may not have heard of it. REVOKED: it opens nothing any more."""

    ISSUED = "ISSUED"
    USED = "USED"
    EXPIRED = "EXPIRED"
    REVOKE_PENDING = "REVOKE_PENDING"
    REVOKED = "REVOKED"


# What may still open a door.
LIVE = frozenset({PassState.ISSUED, PassState.REVOKE_PENDING})
# Clocks of doors go wrong: so long after its end a pass may still work.
GRACE = timedelta(minutes=2)
# The longest that a pass to pick up is asked for; whoever needs longer asks anew.
PICKUP_LIFE = timedelta(hours=12)
PARTS = ("payload", "payloadAuth", "link", "keypadCode")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who may carry it: couriers of a carrier, or one person; where both are missing, staff."""

    carrier_id: UUID | None = None
    person_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Pass:
    tenant_id: UUID
    id: UUID
    stay_id: UUID
    compartment_id: UUID
    kind: AccessKind
    state: PassState
    carrier_id: UUID | None
    person_id: UUID | None
    reference: str | None
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = field(default=None)

    @property
    def live(self) -> bool:
        return self.state in LIVE

    @property
    def opens(self) -> bool:
        """It may open its door by now. What has let a parcel in may let one out again, as long as it lives: once each
        way, and nobody can take it from the phone that it is on."""
        return self.live or (self.state is PassState.USED and self.kind is AccessKind.DEPOSIT)

    @property
    def usable_until(self) -> datetime:
        return self.expires_at + GRACE


def usable_until(passes: Iterable[Pass]) -> datetime | None:
    """Until when something may still open the door; None when nothing can."""
    return max((each.usable_until for each in passes if each.opens), default=None)


def used_one(passes: Iterable[Pass], kind: AccessKind, told: Iterable[UUID] = ()) -> Pass | None:
    """Which pass a use was: one that the door named, dead by now or not, else the latest that could have been."""
    fitting, ids = sorted((each for each in passes if each.kind is kind), key=lambda each: each.issued_at), set(told)
    named = [each for each in fitting if each.id in ids]
    return next(reversed(named or [each for each in fitting if each.live]), None)


class Vault:
    """What a pass consists of, sealed: only its holder sees it, and only while it is good."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def keep(self, pass_id: UUID, access: Access) -> bytes:
        parts = (access.payload, access.payload_auth, access.link, access.keypad_code)
        return self._sealer.seal(orjson.dumps(dict(zip(PARTS, parts, strict=True))), pass_id.bytes)

    def with_code(self, pass_id: UUID, sealed: bytes, code: str) -> bytes:
        """The same pass with a code for its keypad; one it has already stays. Raises SealBroken."""
        parts = orjson.loads(self._sealer.open(sealed, pass_id.bytes))
        return self._sealer.seal(orjson.dumps({**parts, "keypadCode": parts.get("keypadCode") or code}), pass_id.bytes)

    def show(self, pass_id: UUID, part: str, sealed: bytes) -> str | None:
        """Raises SealBroken."""
        found = orjson.loads(self._sealer.open(sealed, pass_id.bytes)).get(part)
        return found if isinstance(found, str) else None
