"""Guarded writes of identity: one statement each."""

from sqlalchemy import Text, and_, bindparam, func, insert, literal_column, or_, select, update

from app.kit.db import Conn, Statement
from app.kit.tables import Uuid
from tenants.identity.model import CHANGED, REVOKED_CHANNEL
from tenants.identity.tables import accounts, api_keys, memberships, sessions

_NOW = bindparam("now", type_=sessions.c.created_at.type)
_ID = bindparam("id_", type_=Uuid)
_ORGANIZATION = bindparam("of_organization", type_=Uuid)

_SESSION = ("id", "membership_id", "secret_hash", "created_at", "expires_at")
ADD_SESSION = Statement(insert(sessions).values({name: bindparam(name) for name in _SESSION}))
END_SESSION = Statement(
    update(sessions)
    .where(sessions.c.id == _ID, sessions.c.revoked_at.is_(None))
    .values(revoked_at=_NOW)
    .returning(sessions.c.id)
)
_OWN = select(memberships.c.id).where(memberships.c.account_id == bindparam("of_account", type_=Uuid))
END_SESSIONS = Statement(
    update(sessions)
    .where(sessions.c.membership_id.in_(_OWN), sessions.c.revoked_at.is_(None))
    .values(revoked_at=_NOW)
    .returning(sessions.c.id)
)
ADD_MEMBERSHIP = Statement(
    insert(memberships).values(
        {name: bindparam(name) for name in ("id", "account_id", "organization_id", "role", "all_sites", "site_ids")}
    )
)
_KEY = ("id", "organization_id", "membership_id", "name", "prefix", "secret_hash", "scopes", "created_at", "expires_at")
ADD_KEY = Statement(insert(api_keys).values({name: bindparam(name) for name in _KEY}))
_OWN_KEY = and_(api_keys.c.id == _ID, api_keys.c.organization_id == _ORGANIZATION)
FIND_KEY = Statement(select(api_keys.c.id, api_keys.c.name, api_keys.c.revoked_at).where(_OWN_KEY))
REVOKE_KEY = Statement(
    update(api_keys).where(_OWN_KEY, api_keys.c.revoked_at.is_(None)).values(revoked_at=_NOW).returning(api_keys.c.id)
)
_STALE = or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < _NOW - literal_column("interval '1 minute'"))
TOUCH_KEY = Statement(update(api_keys).where(api_keys.c.id == _ID, _STALE).values(last_used_at=_NOW))
FIND_MEMBERSHIP = Statement(
    select(memberships.c.id, memberships.c.account_id).where(
        memberships.c.id == _ID, memberships.c.organization_id == _ORGANIZATION
    )
)
# Also those behind the member's API keys: whoever leaves takes no key along.
REVOKE_MEMBERSHIPS = Statement(
    update(memberships)
    .where(
        memberships.c.account_id == bindparam("of_account", type_=Uuid), memberships.c.organization_id == _ORGANIZATION,
        memberships.c.revoked_at.is_(None),
    )
    .values(revoked_at=_NOW)
    .returning(memberships.c.id)
)  # fmt: skip
DISABLE_ACCOUNT = Statement(
    update(accounts)
    .where(accounts.c.id == _ID, accounts.c.disabled_at.is_(None))
    .values(disabled_at=_NOW)
    .returning(accounts.c.id)
)
SET_PASSWORD = Statement(
    update(accounts).where(accounts.c.id == _ID).values(password_hash=bindparam("new_hash", type_=Text))
)
_TELL = Statement(select(func.pg_notify(literal_column(f"'{REVOKED_CHANNEL}'"), bindparam("word", type_=Text))))


async def tell_revoked(conn: Conn, id_: object) -> None:
    """On commit every process learns that this credential, membership, account or organization is none any more."""
    await _TELL.value(conn, word=str(id_))


async def tell_changed(conn: Conn, organization_id: object) -> None:
    """On commit every process asks anew what the members of this organization may do."""
    await _TELL.value(conn, word=f"{CHANGED}{organization_id}")
