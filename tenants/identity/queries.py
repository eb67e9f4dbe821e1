"""Reads of identity: a secret becomes an Actor, an e-mail an account to sign in."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA

from app.kit.db import Row, Statement
from app.kit.tables import Uuid
from tenants.carriers.queries import operators
from tenants.identity.tables import accounts, api_keys, memberships, organizations, sessions
from tenants.model import Actor, ActorKind, OrganizationKind, Role
from tenants.policy import ROLES, Permission

_ABOUT = (
    memberships.c.id.label("membership_id"), memberships.c.account_id, memberships.c.organization_id,
    memberships.c.role, memberships.c.all_sites, memberships.c.site_ids,
    accounts.c.name.label("account_name"), organizations.c.kind,
)  # fmt: skip
_STANDING = and_(memberships.c.revoked_at.is_(None), accounts.c.disabled_at.is_(None))
_MEMBERS = memberships.join(accounts, accounts.c.id == memberships.c.account_id).join(
    organizations, organizations.c.id == memberships.c.organization_id
)


def _actors(source: FromClause, *columns: ColumnElement[Any]) -> Select[Any]:
    """Members with the operators they work for, in one round trip: who they are enters the wall's setting before the
    grants are read. Should that order ever fail, a carrier's member has no operator: it sees nothing, never too much.
    """
    set_organization = func.set_config(literal_column("'app.organization_id'"), cast(organizations.c.id, Text), true())
    entered = select(set_organization.label("organization")).correlate(organizations).lateral("entered")
    granted = operators(entered.c.organization)
    joined = source.join(entered, true()).join(granted, true())
    return select(*_ABOUT, granted.c.tenants, *columns).select_from(joined).where(_STANDING)


_HASHES = any_(bindparam("hashes", type_=ARRAY(BYTEA)))
_NOW = bindparam("now", type_=sessions.c.expires_at.type)
SESSIONS = Statement(
    _actors(
        _MEMBERS.join(sessions, sessions.c.membership_id == memberships.c.id),
        sessions.c.id.label("credential_id"), sessions.c.secret_hash, sessions.c.expires_at,
        null().label("scopes"), null().label("key_name"),
    ).where(sessions.c.secret_hash == _HASHES, sessions.c.revoked_at.is_(None), sessions.c.expires_at > _NOW)
)  # fmt: skip
KEYS = Statement(
    _actors(
        _MEMBERS.join(api_keys, api_keys.c.membership_id == memberships.c.id),
        api_keys.c.id.label("credential_id"), api_keys.c.secret_hash, api_keys.c.expires_at, api_keys.c.scopes,
        api_keys.c.name.label("key_name"),
    ).where(
        api_keys.c.secret_hash == _HASHES,
        api_keys.c.revoked_at.is_(None),
        or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > _NOW),
    )
)  # fmt: skip
# As the member would be signed in now; for work done later in somebody's name. No row: no longer a member.
# A key's membership brings the key's scopes along, and ends with it.
MEMBER = Statement(
    _actors(
        _MEMBERS.outerjoin(api_keys, api_keys.c.membership_id == memberships.c.id),
        api_keys.c.id.label("credential_id"), api_keys.c.expires_at, api_keys.c.scopes,
        api_keys.c.name.label("key_name"),
    ).where(
        memberships.c.id == bindparam("membership_id", type_=Uuid),
        api_keys.c.revoked_at.is_(None),
        or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > _NOW),
    )
)  # fmt: skip

ACCOUNT = Statement(
    select(accounts.c.id, accounts.c.name, accounts.c.password_hash).where(
        accounts.c.email == bindparam("email"), accounts.c.disabled_at.is_(None)
    )
)
_KEYS_OWN = select(1).where(api_keys.c.membership_id == memberships.c.id).exists()
# A key's own membership is no way to sign in. The first is the oldest.
MEMBERSHIPS = Statement(
    select(memberships.c.id, memberships.c.organization_id, organizations.c.kind)
    .select_from(memberships.join(organizations, organizations.c.id == memberships.c.organization_id))
    .where(memberships.c.account_id == bindparam("account_id", type_=Uuid))
    .where(memberships.c.revoked_at.is_(None), ~_KEYS_OWN)
    .order_by(memberships.c.created_at, memberships.c.id)
)
ORGANIZATION = Statement(
    select(organizations.c.id, organizations.c.kind, organizations.c.name).where(
        organizations.c.id == bindparam("organization_id", type_=Uuid)
    )
)


def actor_of(row: Row) -> Actor:
    """An operator's member works in its own organization; a carrier's in those that granted it something, besides the
    records of its own organization."""
    role = Role(row["role"])
    permissions = ROLES[role]
    if row["scopes"] is not None:
        permissions &= frozenset(Permission(word) for word in row["scopes"] if word in set(Permission))
    is_key = row["key_name"] is not None
    return Actor(
        kind=ActorKind.API_KEY if is_key else ActorKind.PERSON,
        account_id=row["account_id"],
        label=row["key_name"] if is_key else row["account_name"],
        organization_id=row["organization_id"],
        organization_kind=OrganizationKind(row["kind"]),
        role=role,
        permissions=permissions,
        all_sites=row["all_sites"],
        site_ids=tuple(row["site_ids"]),
        tenants=_tenants(row),
        membership_id=row["membership_id"],
        credential_id=row["credential_id"],
        expires_at=row["expires_at"],
    )


def _tenants(row: Row) -> tuple[Any, ...]:
    if row["kind"] != OrganizationKind.CARRIER:
        return (row["organization_id"],)
    return (*(row["tenants"] or ()), row["organization_id"])
