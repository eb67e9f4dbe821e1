"""Tables of identity. They stand above the tenants: an account may belong to many organizations."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.kit.tables import Time, Uuid, global_table, words
from tenants.model import OrganizationKind, Role

organizations = global_table(
    "organization",
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Time, nullable=False, server_default=text("now()")),
    words("kind", OrganizationKind),
)

accounts = global_table(
    "account",
    Column("id", Uuid, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text),
    Column("locale", Text, nullable=False, server_default=text("'en'")),
    Column("disabled_at", Time),
    Column("created_at", Time, nullable=False, server_default=text("now()")),
)

# One role over a set of sites. RECIPIENT: a person of that operator who signs in.
memberships = global_table(
    "membership",
    Column("id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("account.id"), nullable=False),
    Column("organization_id", Uuid, ForeignKey("organization.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("all_sites", Boolean, nullable=False),
    Column("site_ids", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
    Column("revoked_at", Time),
    Column("created_at", Time, nullable=False, server_default=text("now()")),
    words("role", Role),
)
Index("ix_membership_account", memberships.c.account_id)
Index("ix_membership_organization", memberships.c.organization_id)

# Only hashes of secrets are kept: SHA-256 suffices for 32 random bytes, nothing can be guessed from it.
sessions = global_table(
    "login_session",
    Column("id", Uuid, primary_key=True),
    Column("membership_id", Uuid, ForeignKey("membership.id"), nullable=False),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("revoked_at", Time),
)
Index("ix_login_session_membership", sessions.c.membership_id)

api_keys = global_table(
    "api_key",
    Column("id", Uuid, primary_key=True),
    Column("organization_id", Uuid, ForeignKey("organization.id"), nullable=False),
    Column("membership_id", Uuid, ForeignKey("membership.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time),
    Column("last_used_at", Time),
    Column("revoked_at", Time),
)
Index("ix_api_key_organization", api_keys.c.organization_id, api_keys.c.created_at, api_keys.c.id)
