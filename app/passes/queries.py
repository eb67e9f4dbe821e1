"""Reads of passes that the core itself needs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, literal_column, select

from app.devices.port import AccessKind
from app.kit.db import Conn, Row, Statement
from app.kit.tables import Time, Uuid
from app.passes.model import Pass, PassState
from app.passes.tables import passes

COLUMNS = [passes.c[name] for name in Pass.__slots__]
_TENANT = bindparam("tenant_id", type_=Uuid)
_OF_STAY = Statement(
    select(*COLUMNS)
    .where(passes.c.tenant_id == _TENANT, passes.c.stay_id == bindparam("stay_id", type_=Uuid))
    .order_by(passes.c.issued_at, passes.c.id)
)
# Further back nobody looks for whose pass it was that opened a door.
MOST_NEAR = 20
_AT_DOOR = (
    select(*COLUMNS)
    .where(passes.c.tenant_id == _TENANT, passes.c.compartment_id == bindparam("compartment_id", type_=Uuid))
    .order_by(passes.c.issued_at.desc())
)
_NEAR = Statement(_AT_DOOR.limit(MOST_NEAR))
_BUT = passes.c.stay_id.is_distinct_from(bindparam("but", type_=Uuid))
_LAST = Statement(_AT_DOOR.where(_BUT).limit(1))
_CARRIED = Statement(
    select(passes.c.stay_id)
    .where(passes.c.tenant_id == _TENANT, passes.c.carrier_id == bindparam("carrier_id", type_=Uuid))
    .where(passes.c.kind == AccessKind.PICKUP.value, passes.c.state == PassState.ISSUED.value)
    .distinct()
    .order_by(passes.c.stay_id)
)
_LIVE_AT = Statement(
    select(func.count()).where(
        passes.c.tenant_id == _TENANT, passes.c.bank_id == bindparam("bank_id", type_=Uuid),
        literal_column("pass.state IN ('ISSUED', 'REVOKE_PENDING')"),
    )
)  # fmt: skip
_DUE = Statement(
    select(passes.c.tenant_id, passes.c.id, passes.c.stay_id)
    .where(passes.c.expires_at <= bindparam("before", type_=Time))
    .where(literal_column("pass.state IN ('ISSUED', 'REVOKE_PENDING')"))
    .order_by(passes.c.expires_at)
    .limit(500)
)
# Those that a courier holds: one that another took the place of is nobody's to lengthen.
_ENDING = Statement(
    select(passes.c.tenant_id, passes.c.stay_id, passes.c.issued_at, passes.c.expires_at)
    .where(passes.c.expires_at <= bindparam("before", type_=Time), passes.c.kind == AccessKind.DEPOSIT.value)
    .where(literal_column("pass.state IN ('ISSUED', 'REVOKE_PENDING')"))
    .where(passes.c.state == PassState.ISSUED.value, passes.c.sealed.is_not(None))
    .order_by(passes.c.expires_at)
    .limit(500)
)


async def of_stay(conn: Conn, tenant_id: UUID, stay_id: UUID) -> list[Pass]:
    """Every pass there was, the oldest first."""
    return [pass_of(row) for row in await _OF_STAY.rows(conn, tenant_id=tenant_id, stay_id=stay_id)]


async def last_at(conn: Conn, tenant_id: UUID, compartment_id: UUID, *, but: UUID | None = None) -> Pass | None:
    """The latest there was at a door, whatever became of it. `but`: of other stays than this."""
    row = await _LAST.row(conn, tenant_id=tenant_id, compartment_id=compartment_id, but=but)
    return pass_of(row) if row else None


async def at_door(conn: Conn, tenant_id: UUID, compartment_id: UUID) -> list[Pass]:
    """The latest of a door, whatever became of them and whose stay they are of, the latest first."""
    return [pass_of(row) for row in await _NEAR.rows(conn, tenant_id=tenant_id, compartment_id=compartment_id)]


async def carried(conn: Conn, tenant_id: UUID, carrier_id: UUID) -> list[UUID]:
    """Stays whose parcel couriers of this carrier have something to take out with."""
    return [row["stay_id"] for row in await _CARRIED.rows(conn, tenant_id=tenant_id, carrier_id=carrier_id)]


async def live_at(conn: Conn, tenant_id: UUID, bank_id: UUID) -> int:
    """How many of a bank's passes may still open a door."""
    found: int = await _LIVE_AT.value(conn, tenant_id=tenant_id, bank_id=bank_id)
    return found


async def due(conn: Conn, before: datetime) -> list[Row]:
    """Live ones whose end is before this moment, of every tenant. For the worker."""
    return await _DUE.rows(conn, before=before)


async def ending(conn: Conn, before: datetime) -> list[Row]:
    """What was issued for a deposit and ends before this moment, of every tenant. For the worker."""
    return await _ENDING.rows(conn, before=before)


def pass_of(row: Row) -> Pass:
    given = {name: row[name] for name in Pass.__slots__}
    return Pass(**given | {"kind": AccessKind(row["kind"]), "state": PassState(row["state"])})
