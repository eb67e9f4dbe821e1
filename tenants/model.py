"""Words of tenancy: organizations, roles, and the actor every act has."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from tenants.policy import Permission


class OrganizationKind(StrEnum):
    OPERATOR = "OPERATOR"
    CARRIER = "CARRIER"
    INTEGRATOR = "INTEGRATOR"


class Role(StrEnum):
    OWNER = "OWNER"
    MANAGER = "MANAGER"
    AUDITOR = "AUDITOR"
    CARRIER_ADMIN = "CARRIER_ADMIN"
    COURIER = "COURIER"
    RECIPIENT = "RECIPIENT"


class AuditOutcome(StrEnum):
    DONE = "DONE"
    FAILED = "FAILED"
    DENIED = "DENIED"


class ActorKind(StrEnum):
    PERSON = "PERSON"
    API_KEY = "API_KEY"
    SYSTEM = "SYSTEM"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as a member of which organization, with which rights. Built only by identity and system.

    `tenants` are the operators whose data it may touch at all: one for an operator's member, many for a carrier's.
    `credential_id` is the session or API key; its revocation ends live sockets.
    """

    kind: ActorKind
    account_id: UUID
    label: str
    organization_id: UUID
    organization_kind: OrganizationKind
    role: Role
    permissions: frozenset[Permission]
    all_sites: bool
    site_ids: tuple[UUID, ...]
    tenants: tuple[UUID, ...]
    membership_id: UUID
    credential_id: UUID | None = None
    expires_at: datetime | None = None

    @property
    def is_carrier(self) -> bool:
        return self.organization_kind is OrganizationKind.CARRIER

    @property
    def is_recipient(self) -> bool:
        return self.role is Role.RECIPIENT

    @property
    def is_outside(self) -> bool:
        """No member of the operator: a carrier's, or a recipient."""
        return self.is_carrier or self.is_recipient

    @property
    def fingerprint(self) -> str:
        """Equal fingerprints: the same statements are compiled for both (values differ, structure does not)."""
        kind = "recipient" if self.is_recipient else self.organization_kind.value
        return f"{kind}:{'all' if self.all_sites else 'some'}:{','.join(sorted(self.permissions))}"

    def can(self, permission: Permission) -> bool:
        return permission in self.permissions

    def covers_site(self, site_id: UUID) -> bool:
        return self.all_sites or site_id in self.site_ids
