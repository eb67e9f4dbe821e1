"""Reading the one sequence of facts: heads, batches, and the cursors that consumers keep."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Text, any_, bindparam, func, literal, select
from sqlalchemy.sql.expression import cast

from app.kit.db import Conn, Database, Row, Statement
from app.kit.outbox import fact_heads, facts
from app.kit.tables import Uuid


@dataclass(frozen=True, slots=True)
class Sequenced:
    """A fact in its place."""

    tenant_id: UUID
    sequence: int
    id: UUID
    kind: str
    version: int
    subject_type: str
    subject_id: UUID
    site_id: UUID | None
    bank_id: UUID | None
    carrier_id: UUID | None
    occurred_at: datetime
    recorded_at: datetime
    source: str
    evidence: str | None
    actor_id: UUID | None
    payload: Mapping[str, object]
    trace_id: str | None

    def uuid(self, name: str) -> UUID | None:
        """An id in the payload, None when it is not there or is none."""
        value = self.payload.get(name)
        try:
            return UUID(value) if isinstance(value, str) else None
        except ValueError:
            return None


_COLUMNS = tuple(facts.c[name] for name in Sequenced.__slots__)

_HEADS = Statement(
    select(fact_heads.c.tenant_id, fact_heads.c.sequence).where(
        fact_heads.c.tenant_id == any_(bindparam("tenants", type_=ARRAY(Uuid)))
    )
)
_ALL_HEADS = Statement(select(fact_heads.c.tenant_id, fact_heads.c.sequence))
_FLOORS = Statement(
    select(facts.c.tenant_id, func.min(facts.c.sequence).label("sequence"))
    .where(facts.c.tenant_id == any_(bindparam("tenants", type_=ARRAY(Uuid))))
    .group_by(facts.c.tenant_id)
)
_ABOUT = Statement(
    select(*_COLUMNS)
    .where(
        facts.c.tenant_id == bindparam("tenant", type_=Uuid),
        facts.c.subject_id == bindparam("subject", type_=Uuid),
        facts.c.kind == any_(bindparam("kinds", type_=ARRAY(Text))),
    )
    .order_by(facts.c.sequence.desc())
    .limit(bindparam("size", type_=BigInteger))
)
_AFTER = (
    select(*_COLUMNS)
    .where(
        facts.c.tenant_id == bindparam("tenant", type_=Uuid), facts.c.sequence > bindparam("after", type_=BigInteger)
    )
    .order_by(facts.c.sequence)
    .limit(bindparam("size", type_=BigInteger))
)
_READ = Statement(_AFTER)
_READ_KINDS = Statement(
    _AFTER.where(
        facts.c.kind == any_(bindparam("kinds", type_=ARRAY(Text))),
        facts.c.sequence <= bindparam("until", type_=BigInteger),
    )
)


async def last_about(conn: Conn, tenant: UUID, subject: UUID, kinds: Iterable[str], size: int = 200) -> list[Sequenced]:
    """The newest facts of these kinds about one thing, newest first."""
    rows = await _ABOUT.rows(conn, tenant=tenant, subject=subject, kinds=list(kinds), size=size)
    return [Sequenced(**dict(row)) for row in rows]


class Facts:
    """The table of facts as one process reads it; each call is one short transaction behind the tenants' wall."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def heads(self, tenants: Iterable[UUID]) -> dict[UUID, int]:
        """Where each tenant is; 0 where nothing happened yet."""
        wanted = list(tenants)
        async with self._db.tenant(wanted) as conn:
            found = _sequences(await _HEADS.rows(conn, tenants=wanted))
        return {tenant: found.get(tenant, 0) for tenant in wanted}

    async def all_heads(self) -> dict[UUID, int]:
        """Every tenant's head: for the worker, whose role may scan them."""
        async with self._db.pool.acquire() as conn:
            return _sequences(await _ALL_HEADS.rows(conn))

    async def floors(self, tenants: Iterable[UUID]) -> dict[UUID, int]:
        """The oldest sequence still kept of each tenant that has any."""
        wanted = list(tenants)
        async with self._db.tenant(wanted) as conn:
            return _sequences(await _FLOORS.rows(conn, tenants=wanted))

    async def after(self, tenant: UUID, sequence: int, size: int = 500) -> list[Sequenced]:
        """The next facts of a tenant, in order."""
        async with self._db.tenant([tenant]) as conn:
            return [_fact(row) for row in await _READ.rows(conn, tenant=tenant, after=sequence, size=size)]

    async def of_kinds(
        self, tenant: UUID, kinds: list[str], *, after: int, until: int, size: int = 100
    ) -> list[Sequenced]:
        """The next facts of these kinds, up to and including `until`."""
        async with self._db.tenant([tenant]) as conn:
            rows = await _READ_KINDS.rows(conn, tenant=tenant, kinds=kinds, after=after, until=until, size=size)
        return [_fact(row) for row in rows]


def _sequences(rows: list[Row]) -> dict[UUID, int]:
    return {row["tenant_id"]: row["sequence"] for row in rows}


def _fact(row: Row) -> Sequenced:
    return Sequenced(*row)


# --- cursors: opaque outside; inside `tenant:sequence` joined by commas, because a carrier's stream spans tenants ---

_MOST_TEXT = 16_384


def write_cursor(places: Mapping[UUID, int]) -> str:
    text = ",".join(f"{tenant}:{sequence}" for tenant, sequence in sorted(places.items()))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text: str) -> dict[UUID, int] | None:
    """Where a consumer was, or None for what is not a cursor of ours. Only the one canonical spelling is taken."""
    if not text or len(text) > _MOST_TEXT:
        return None
    places: dict[UUID, int] = {}
    try:
        for word in urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").split(","):
            tenant, _, sequence = word.partition(":")
            places[UUID(tenant)] = int(sequence)
    except (binascii.Error, ValueError):
        return None
    return places if write_cursor(places) == text and all(0 <= at < 2**63 for at in places.values()) else None


def cursor_column(tenant: ColumnElement[UUID], sequence: ColumnElement[int]) -> ColumnElement[str]:
    """`write_cursor` of one place, in SQL. Base64 breaks lines at 76 characters: reached after 10^17 facts."""
    text = cast(tenant, Text) + literal(":", Text) + cast(sequence, Text)
    encoded = func.encode(func.convert_to(text, "UTF8"), "base64")
    return func.translate(func.rtrim(encoded, "="), "+/", "-_", type_=Text)
