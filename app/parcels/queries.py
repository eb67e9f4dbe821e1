"""Reads of parcels that the core itself needs."""

from uuid import UUID

from sqlalchemy import bindparam, select

from app.kit.db import Conn, Row, Statement
from app.kit.tables import Uuid
from app.parcels.model import FINAL
from app.parcels.tables import parcels

_OF_STAY = Statement(
    select(parcels.c.id, parcels.c.tracking, parcels.c.secondary_tracking, parcels.c.state)
    .where(
        parcels.c.tenant_id == bindparam("tenant_id", type_=Uuid), parcels.c.stay_id == bindparam("stay_id", type_=Uuid)
    )
    .order_by(parcels.c.id)
)


async def open_in(conn: Conn, tenant_id: UUID, stay_id: UUID) -> list[str]:
    """Tracking numbers of what a stay has now."""
    return [row["tracking"] for row in await of_stay(conn, tenant_id, stay_id) if row["state"] not in FINAL]


async def of_stay(conn: Conn, tenant_id: UUID, stay_id: UUID) -> list[Row]:
    """The parcels a stay has, or last had."""
    return await _OF_STAY.rows(conn, tenant_id=tenant_id, stay_id=stay_id)
