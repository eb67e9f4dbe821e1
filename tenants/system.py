"""The product's own hand: jobs and reactions act as SYSTEM, in one tenant, and leave the same record as people do."""

from uuid import UUID

from app.kit.clock import Clock, utc_now
from app.kit.db import Database
from app.kit.ids import new_id
from tenants.model import Actor, ActorKind, OrganizationKind, Role
from tenants.policy import Permission
from tenants.work import Context

# No account has it: UUIDs of accounts are never all zeros.
SYSTEM_ID = UUID(int=0)


def system_actor(tenant_id: UUID) -> Actor:
    return Actor(
        kind=ActorKind.SYSTEM,
        account_id=SYSTEM_ID,
        label="Lockyard",
        organization_id=tenant_id,
        organization_kind=OrganizationKind.OPERATOR,
        role=Role.OWNER,
        permissions=frozenset(Permission),
        all_sites=True,
        site_ids=(),
        tenants=(tenant_id,),
        membership_id=SYSTEM_ID,
    )


def system_context(db: Database, tenant_id: UUID, *, origin: str = "worker", clock: Clock = utc_now) -> Context:
    return Context(db, system_actor(tenant_id), request_id=new_id().hex, origin=origin, clock=clock)
