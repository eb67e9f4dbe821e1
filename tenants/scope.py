"""The actor's scope as SQL: the building blocks of every `visible` predicate.

Structure follows the actor's fingerprint, values are bound: the context parameters below stand in every statement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, any_, bindparam, false, func, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY

from app.kit.tables import Uuid
from tenants.carriers.model import GrantState, Operation
from tenants.carriers.tables import grants
from tenants.model import Actor
from tenants.policy import Permission

TENANTS = bindparam("ctx_tenants", type_=ARRAY(Uuid))
SITES = bindparam("ctx_sites", type_=ARRAY(Uuid))
ORGANIZATION = bindparam("ctx_organization", type_=Uuid)
ACCOUNT = bindparam("ctx_account", type_=Uuid)
MEMBERSHIP = bindparam("ctx_membership", type_=Uuid)

Column = ColumnElement[Any]


def context_parameters(actor: Actor) -> Mapping[str, object]:
    """Values of the context parameters for one request."""
    return {
        "ctx_tenants": list(actor.tenants),
        "ctx_sites": list(actor.site_ids),
        "ctx_organization": actor.organization_id,
        "ctx_account": actor.account_id,
        "ctx_membership": actor.membership_id,
    }


@dataclass(frozen=True, slots=True)
class Scope:
    """What an actor may see, without its values: two actors of one fingerprint share it."""

    is_carrier: bool
    is_recipient: bool
    all_sites: bool
    permissions: frozenset[Permission]

    @classmethod
    def of(cls, actor: Actor) -> "Scope":
        return cls(actor.is_carrier, actor.is_recipient, actor.all_sites, actor.permissions)

    @property
    def is_outside(self) -> bool:
        """No member of the operator: a carrier's, or a recipient."""
        return self.is_carrier or self.is_recipient

    def own_tenant(self, tenant: Column) -> ColumnElement[bool]:
        """The row belongs to a tenant of the actor. For an operator's member that is exactly one."""
        if self.is_carrier:
            return tenant == any_(TENANTS)
        return tenant == ORGANIZATION

    def covers(self, permission: Permission, tenant: Column, site: Column | None) -> ColumnElement[bool]:
        """The actor's role has `permission` and its membership covers the site. For carriers see `granted` besides."""
        if permission not in self.permissions:
            return false()
        here = true() if self.all_sites or site is None else site == any_(SITES)
        return and_(self.own_tenant(tenant), here)

    def granted(
        self, operation: Operation, tenant: Column, site: Column, bank: Column | None = None, size: Column | None = None
    ) -> ColumnElement[bool]:
        """A grant of the carrier in force now covers this site, bank and size for `operation`. Time windows and quotas
        bound acts, not sight: they are decided in tenants.carriers."""
        g = grants.alias()
        limits = [or_(g.c.all_sites, site == any_(g.c.site_ids))]
        if bank is not None:
            limits.append(or_(g.c.all_banks, bank == any_(g.c.bank_ids)))
        if size is not None:
            limits.append(or_(g.c.all_sizes, size == any_(g.c.sizes)))
        in_force = and_(
            g.c.state == GrantState.ACTIVE.value,
            g.c.valid_from <= func.now(),
            or_(g.c.valid_to.is_(None), g.c.valid_to > func.now()),
        )
        return (
            select(1)
            .where(
                g.c.tenant_id == tenant,
                g.c.carrier_id == ORGANIZATION,
                in_force,
                any_(g.c.operations) == operation.value,
                *limits,
            )
            .exists()
        )
