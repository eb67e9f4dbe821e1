"""What can be read of the viewer, of organizations and of API keys, and by whom."""

from typing import Any

from sqlalchemy import Boolean, Text, and_, any_, bindparam, false, or_
from sqlalchemy.dialects.postgresql import ARRAY

from app.kit.reading.fields import flag, id_of, listed, text, time, word
from app.kit.reading.shape import Condition, One, Shape, Sort
from tenants.identity.tables import accounts, api_keys, organizations
from tenants.policy import Permission
from tenants.scope import ACCOUNT, ORGANIZATION, TENANTS

# What is known of the actor without asking the database; bound with the context of each statement.
LABEL = bindparam("ctx_label", type_=Text)
ROLE = bindparam("ctx_role", type_=Text)
PERMISSIONS = bindparam("ctx_permissions", type_=ARRAY(Text))
ALL_SITES = bindparam("ctx_all_sites", type_=Boolean)


def organization_visible(_: Any) -> Condition:
    """One's own, and the operators one works for. An operator knows a carrier as its Carrier, see tenants.carriers."""
    return or_(organizations.c.id == ORGANIZATION, organizations.c.id == any_(TENANTS))


def api_key_visible(scope: Any) -> Condition:
    allowed = Permission.API_KEY_READ in scope.permissions
    return and_(api_keys.c.organization_id == ORGANIZATION) if allowed else false()


VIEWER = Shape(
    name="Viewer",
    table=accounts,
    fields={
        "id": id_of("Viewer", accounts.c.id),
        "name": text(lambda *_: LABEL),
        "email": text(accounts.c.email, nullable=True),
        "locale": text(accounts.c.locale),
        "role": word(lambda *_: ROLE),
        "permissions": listed(lambda *_: PERMISSIONS),
        "allSites": flag(lambda *_: ALL_SITES),
    },
    relations={"organization": One("Organization", on=lambda _, theirs: theirs.c.id == ORGANIZATION)},
    visible=lambda _: accounts.c.id == ACCOUNT,
)

ORGANIZATION_SHAPE = Shape(
    name="Organization",
    table=organizations,
    fields={
        "id": id_of("Organization", organizations.c.id),
        "name": text(organizations.c.name),
        "kind": word(organizations.c.kind),
    },
    order=Sort(("name",)),
    visible=organization_visible,
)

API_KEY = Shape(
    name="ApiKey",
    table=api_keys,
    fields={
        "id": id_of("ApiKey", api_keys.c.id),
        "name": text(api_keys.c.name),
        "prefix": text(api_keys.c.prefix),
        "scopes": listed(api_keys.c.scopes),
        "createdAt": time(api_keys.c.created_at),
        "expiresAt": time(api_keys.c.expires_at),
        "lastUsedAt": time(api_keys.c.last_used_at),
        "revokedAt": time(api_keys.c.revoked_at),
    },
    order=Sort(("created_at",), descending=True),
    visible=api_key_visible,
)
