"""A fact: something that happened, past tense, versioned. Modules' events.py build these; Work writes them down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Fact:
    """`kind`: past tense (`StayHeld`); `payload` holds no personal data; `evidence`: E0 to E4 where it applies."""

    kind: str
    subject_type: str
    subject_id: UUID
    payload: Mapping[str, object] = field(default_factory=dict)
    site_id: UUID | None = None
    bank_id: UUID | None = None
    carrier_id: UUID | None = None
    evidence: str | None = None
    source: str = "lockyard"
    version: int = 1
    occurred_at: datetime | None = None
