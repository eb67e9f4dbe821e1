"""A small world of organizations and members to try rights on; made by an administrator, past every wall."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.kit.db import Conn, Database
from app.kit.ids import new_id
from tenants.identity.model import SESSION_PREFIX, hash_secret, new_secret
from tenants.identity.service import Authenticator, Caller
from tenants.signin.service import hash_password
from tenants.work import Context

PASSWORD = "correct horse battery staple"


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Member:
    account_id: UUID
    membership_id: UUID
    organization_id: UUID
    email: str


async def organization(conn: Conn, kind: str, name: str) -> UUID:
    id_ = new_id()
    await conn.execute("INSERT INTO organization (id, kind, name) VALUES ($1, $2, $3)", id_, kind, name)
    return id_


_hashes: list[str] = []


async def member(conn: Conn, organization_id: UUID, role: str, *, sites: tuple[UUID, ...] | None = None) -> Member:
    """Signs in with PASSWORD. `sites`: None means all."""
    if not _hashes:
        _hashes.append(await hash_password(PASSWORD))
    account_id, id_ = new_id(), new_id()
    email = f"{role.lower()}-{account_id}@example.com"
    await conn.execute(
        "INSERT INTO account (id, email, name, password_hash) VALUES ($1, $2, $3, $4)",
        account_id,
        email,
        role.title(),
        _hashes[0],
    )
    await add_membership(conn, id_, account_id, organization_id, role, sites)
    return Member(account_id, id_, organization_id, email)


async def add_membership(
    conn: Conn, id_: UUID, account_id: UUID, organization_id: UUID, role: str, sites: tuple[UUID, ...] | None = None
) -> None:
    await conn.execute(
        """INSERT INTO membership (id, account_id, organization_id, role, all_sites, site_ids)
        VALUES ($1, $2, $3, $4, $5, $6)""",
        id_, account_id, organization_id, role, sites is None, list(sites or ()),
    )  # fmt: skip


async def meet(conn: Conn, operator: UUID, carrier: UUID) -> UUID:
    """The carrier as this operator knows it, from now on."""
    found: UUID = await conn.fetchval(
        """INSERT INTO carrier (tenant_id, id, carrier_id, name) SELECT $1, $2, id, name FROM organization WHERE id = $3
        ON CONFLICT (tenant_id, carrier_id) DO UPDATE SET name = excluded.name RETURNING id""",
        operator, new_id(), carrier,
    )  # fmt: skip
    return found


async def grant(
    conn: Conn,
    operator: UUID,
    carrier: UUID,
    *,
    state: str = "ACTIVE",
    operations: tuple[str, ...] = ("RESERVE", "DEPOSIT"),
) -> UUID:
    """Everything at every site, from yesterday on."""
    id_ = new_id()
    await meet(conn, operator, carrier)
    await conn.execute(
        """INSERT INTO carrier_grant
        (tenant_id, id, carrier_id, operations, all_sites, all_banks, all_sizes, valid_from, state)
        VALUES ($1, $2, $3, $4, true, true, true, $5, $6)""",
        operator, id_, carrier, list(operations), datetime.now(UTC) - timedelta(days=1), state,
    )  # fmt: skip
    return id_


async def session(conn: Conn, of: Member, *, life: timedelta = timedelta(hours=1)) -> str:
    """The secret of a session opened for this member, without the doorbell."""
    secret, now = new_secret(SESSION_PREFIX), datetime.now(UTC)
    await conn.execute(
        """INSERT INTO login_session (id, membership_id, secret_hash, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5)""",
        new_id(), of.membership_id, hash_secret(secret), now, now + life,
    )  # fmt: skip
    return secret


async def caller(admin: Database, app: Database, of: Member) -> Caller:
    async with admin.plain() as conn:
        secret = await session(conn, of)
    found = await Authenticator(app).caller(secret)
    assert found is not None
    return found


def context(app: Database, of: Caller) -> Context:
    return Context(app, of.actor, request_id="test", origin="test")
