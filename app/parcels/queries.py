"""Reads of parcels that the core itself needs."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.kit.db import Conn, Row, Statement
from app.kit.tables import Uuid
from app.parcels.model import FINAL, ParcelState
from app.parcels.tables import parcels

_OF_STAY = Statement(
    select(parcels.c.id, parcels.c.tracking, parcels.c.secondary_tracking, parcels.c.state)
    .where(
        parcels.c.tenant_id == bindparam("tenant_id", type_=Uuid), parcels.c.stay_id == bindparam("stay_id", type_=Uuid)
    )
    .order_by(parcels.c.id)
)

_LYING = Statement(
    select(parcels.c.stay_id, parcels.c.tracking).where(
        parcels.c.tenant_id == bindparam("tenant_id", type_=Uuid),
        parcels.c.stay_id == any_(bindparam("stay_ids", type_=ARRAY(Uuid))),
        parcels.c.state == ParcelState.IN_LOCKER,
    )
)


async def open_in(conn: Conn, tenant_id: UUID, stay_id: UUID) -> list[str]:
    """Tracking numbers of what a stay has now."""
    return [row["tracking"] for row in await of_stay(conn, tenant_id, stay_id) if row["state"] not in FINAL]


async def of_stay(conn: Conn, tenant_id: UUID, stay_id: UUID) -> list[Row]:
    """The parcels a stay has, or last had."""
    return await _OF_STAY.rows(conn, tenant_id=tenant_id, stay_id=stay_id)


async def lying_in(conn: Conn, tenant_id: UUID, stay_ids: Sequence[UUID]) -> list[tuple[UUID, str]]:
    """Stay and tracking number of what was put in and not taken out."""
    rows = await _LYING.rows(conn, tenant_id=tenant_id, stay_ids=list(stay_ids))
    return [(row["stay_id"], row["tracking"]) for row in rows]
