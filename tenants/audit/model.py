"""An audit entry before it is written, and what it is sealed as.

The seal, version 1. Everything needed to check it without this program:

canonical entry  one JSON object with exactly the keys of SEALED, sorted; no spaces; UTF-8, nothing escaped but what
                 JSON demands; ids in lower case, with dashes; `occurred_at` as YYYY-MM-DDTHH:MM:SS.ffffffZ in UTC;
                 absent is null; `details` and `commitments` as stored, keys sorted at every depth; numbers are whole.
hash             SHA-256(hash of the entry before, 32 bytes || canonical entry); 32 zero bytes before the first.
sequence         1, 2, 3, … per tenant; part of the canonical entry.
commitment       lower-case hex SHA-256(salt || personal value in UTF-8). The value may be erased: the chain stays.
checkpoint       Ed25519 over the JSON object {at, hash, key_id, sequence, tenant_id, v}, written alike, hash in hex.
key id           the first 16 hex digits of SHA-256(public key, 32 bytes).
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from tenants.model import AuditOutcome

VERSION = 1
START = bytes(32)
SEALED = (
    "tenant_id", "id", "occurred_at", "actor_id", "actor_kind", "actor_label", "organization_id", "action",
    "target_type", "target_id", "site_id", "carrier_id", "outcome", "reason", "request_id", "origin", "details",
    "commitments", "sequence", "v",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """`details` holds no personal data; `personal` values go to a table of their own, the entry keeps commitments."""

    action: str
    target_type: str
    target_id: UUID | None = None
    site_id: UUID | None = None
    carrier_id: UUID | None = None
    outcome: AuditOutcome = AuditOutcome.DONE
    reason: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a tenant's chain."""

    sequence: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Seal:
    sequence: int
    entry_id: UUID
    hash: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a signature vouches for: at this moment the chain of this tenant ended so."""

    tenant_id: UUID
    sequence: int
    hash: bytes
    at: datetime
    key_id: str

    def signed(self) -> bytes:
        return dumps(
            {
                "at": moment(self.at), "hash": self.hash.hex(), "key_id": self.key_id, "sequence": self.sequence,
                "tenant_id": str(self.tenant_id), "v": VERSION,
            }
        )  # fmt: skip


def key_id(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


# Made once: json.dumps would build it anew for every entry.
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def dumps(value: object) -> bytes:
    return _encode(value).encode()


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def canonical(row: Mapping[str, object], sequence: int) -> bytes:
    """`row` is an audit_entry row whose `details` and `commitments` are JSON values."""
    values: dict[str, object] = {}
    for name in SEALED[:-2]:
        value = row[name]
        if isinstance(value, UUID):
            value = str(value)
        elif isinstance(value, datetime):
            value = moment(value)
        values[name] = value
    return dumps(values | {"sequence": sequence, "v": VERSION})


def chain(head: Head, rows: Iterable[Mapping[str, object]]) -> Iterator[Seal]:
    """Seals for entries in this order, from the head on."""
    sequence, last = head.sequence, head.hash
    for row in rows:
        sequence += 1
        last = hashlib.sha256(last + canonical(row, sequence)).digest()
        id_ = row["id"]
        assert isinstance(id_, UUID), "an entry's id is a uuid"
        yield Seal(sequence, id_, last)
