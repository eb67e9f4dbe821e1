"""An audit entry before it is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from tenants.model import AuditOutcome


@dataclass(frozen=True, slots=True)
class Entry:
    """`details` holds no personal data; `personal` values go to their own table, the entry keeps commitments to them."""

    action: str
    target_type: str
    target_id: UUID | None = None
    site_id: UUID | None = None
    carrier_id: UUID | None = None
    outcome: AuditOutcome = AuditOutcome.DONE
    reason: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)
