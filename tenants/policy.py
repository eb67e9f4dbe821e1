"""Who may do what: one table of permissions by role, and the decision it yields. No I/O."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from app.kit.errors import Denied, FailedRule

if TYPE_CHECKING:
    from tenants.model import Actor


class Permission(StrEnum):
    """`resource:action`, alphabetical. Audit actions reuse these words."""

    ACCESS_CARRY = "access:carry"
    ALARM_ACKNOWLEDGE = "alarm:acknowledge"
    ALARM_READ = "alarm:read"
    ALARM_SHELVE = "alarm:shelve"
    API_KEY_MANAGE = "api_key:manage"
    API_KEY_READ = "api_key:read"
    AUDIT_READ = "audit:read"
    BANK_MANAGE = "bank:manage"
    CARRIER_READ = "carrier:read"
    COMMAND_READ = "command:read"
    COMMAND_SETTLE = "command:settle"
    COMPARTMENT_OPEN = "compartment:open"
    COMPARTMENT_SERVICE = "compartment:service"
    EVENT_READ = "event:read"
    EXPORT_CREATE = "export:create"
    EXPORT_READ = "export:read"
    GRANT_MANAGE = "grant:manage"
    GRANT_READ = "grant:read"
    MEMBER_MANAGE = "member:manage"
    PARCEL_READ = "parcel:read"
    PERSON_MANAGE = "person:manage"
    PERSON_READ = "person:read"
    SITE_MANAGE = "site:manage"
    SITE_READ = "site:read"
    STAY_COLLECT = "stay:collect"
    STAY_CREATE = "stay:create"
    STAY_DEPOSIT = "stay:deposit"
    STAY_EXTEND = "stay:extend"
    STAY_READ = "stay:read"
    STAY_RELEASE = "stay:release"


P = Permission
# fmt: off
_READ = frozenset(
    {
        P.ALARM_READ, P.CARRIER_READ, P.COMMAND_READ, P.EVENT_READ, P.GRANT_READ, P.PARCEL_READ, P.SITE_READ,
        P.STAY_READ,
    }
)
_WORK = frozenset(
    {
        P.ACCESS_CARRY, P.ALARM_ACKNOWLEDGE, P.ALARM_SHELVE, P.COMMAND_SETTLE, P.COMPARTMENT_OPEN,
        P.COMPARTMENT_SERVICE, P.PERSON_MANAGE, P.PERSON_READ, P.STAY_COLLECT, P.STAY_CREATE, P.STAY_DEPOSIT,
        P.STAY_EXTEND, P.STAY_RELEASE,
    }
)
_PROOF = frozenset({P.AUDIT_READ, P.EXPORT_CREATE, P.EXPORT_READ})

# What each role may do, over the sites of its membership. Carriers' and recipients' rows are narrowed further: by
# grants, and to what is their own.
ROLES: dict[str, frozenset[Permission]] = {
    "OWNER": frozenset(Permission),
    "MANAGER": _READ | _WORK | _PROOF | {P.BANK_MANAGE, P.GRANT_MANAGE, P.SITE_MANAGE},
    "AUDITOR": _READ | _PROOF,
    "CARRIER_ADMIN": frozenset(
        {
            P.ACCESS_CARRY, P.API_KEY_MANAGE, P.API_KEY_READ, P.AUDIT_READ, P.COMMAND_READ, P.COMPARTMENT_OPEN,
            P.EVENT_READ, P.EXPORT_CREATE, P.EXPORT_READ, P.GRANT_READ, P.MEMBER_MANAGE, P.PARCEL_READ, P.SITE_READ,
            P.STAY_COLLECT, P.STAY_CREATE, P.STAY_DEPOSIT, P.STAY_EXTEND, P.STAY_READ, P.STAY_RELEASE,
        }
    ),
    "COURIER": frozenset(
        {
            P.ACCESS_CARRY, P.COMMAND_READ, P.COMPARTMENT_OPEN, P.EVENT_READ, P.GRANT_READ, P.PARCEL_READ, P.SITE_READ,
            P.STAY_COLLECT, P.STAY_CREATE, P.STAY_DEPOSIT, P.STAY_READ, P.STAY_RELEASE,
        }
    ),
    "RECIPIENT": frozenset({P.ACCESS_CARRY, P.COMMAND_READ, P.PARCEL_READ, P.SITE_READ, P.STAY_COLLECT, P.STAY_READ}),
}
# fmt: on


def authorize(actor: Actor, permission: Permission, site_id: UUID | None = None) -> None:
    """Raise Denied, naming the rule that failed, unless the actor's role allows `permission` (at that site).

    Call it only for what the actor may see: outside the scope the answer is NotFound, before this.
    """
    failed = []
    if permission not in actor.permissions:
        failed.append(FailedRule("role", f"a role with {permission}", actor.role))
    elif site_id is not None and not actor.covers_site(site_id):
        failed.append(FailedRule("sites", "a membership that covers this site", "other sites"))
    if failed:
        raise Denied(f"You may not do this: {permission} is needed.", permission=permission, failed=tuple(failed))
