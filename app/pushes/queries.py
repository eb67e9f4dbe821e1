"""Reads of pushes that the core itself needs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, Interval, Text, any_, bindparam, column, func, select

from app.devices.port import PushedKind, VendorWord
from app.kit.db import Conn, Statement
from app.kit.tables import Time, Uuid
from app.pushes.model import Made, Use
from app.pushes.tables import pushes

_USES = Statement(
    select(pushes.c.reference, pushes.c.word, pushes.c.at, pushes.c.received_at)
    .where(
        pushes.c.tenant_id == bindparam("tenant_id", type_=Uuid),
        pushes.c.connection_id == bindparam("connection_id", type_=Uuid),
        pushes.c.reference == any_(bindparam("references", type_=ARRAY(Text))),
        pushes.c.kind == PushedKind.ACCESS_USED.value,
    )
    .order_by(pushes.c.at.desc())
)
# That it was used is told as well, later on.
_MADE_FOR = Statement(
    select(
        pushes.c.reference,
        func.min(pushes.c.at).over().label("at"),
        func.min(pushes.c.received_at).over().label("heard_at"),
    )
    .where(
        pushes.c.tenant_id == bindparam("tenant_id", type_=Uuid),
        pushes.c.connection_id == bindparam("connection_id", type_=Uuid),
        pushes.c.order_id == bindparam("order_id", type_=Uuid),
        pushes.c.reference.is_not(None),
    )
    .order_by(pushes.c.at.desc())
    .limit(1)
)
# Not by the compartment, for which there is no index, but by when it came.
_MOMENTS = (
    func.unnest(bindparam("moments", type_=ARRAY(Time))).table_valued(column("at", Time)).render_derived("moment")
)
_ISSUED = Statement(
    select(_MOMENTS.c.at, pushes.c.reference)
    .select_from(_MOMENTS)
    .join(
        pushes,
        pushes.c.received_at.between(
            _MOMENTS.c.at - bindparam("near", type_=Interval), _MOMENTS.c.at + bindparam("near", type_=Interval)
        ),
    )
    .where(
        pushes.c.tenant_id == bindparam("tenant_id", type_=Uuid),
        pushes.c.connection_id == bindparam("connection_id", type_=Uuid),
        pushes.c.bank == bindparam("bank", type_=Text),
        pushes.c.unit == bindparam("unit", type_=Text),
        pushes.c.kind == PushedKind.ACCESS_ISSUED.value,
        pushes.c.reference.is_not(None),
    )
    .order_by(func.abs(func.extract("epoch", pushes.c.received_at - _MOMENTS.c.at)))
)
_OLD = Statement(
    select(pushes.c.tenant_id).where(pushes.c.received_at < bindparam("before", type_=Time)).distinct().limit(100)
)


async def uses(conn: Conn, tenant_id: UUID, connection_id: UUID, references: Sequence[str]) -> list[Use]:
    """What the vendor posted of these having been used, the latest first."""
    if not references:
        return []
    rows = await _USES.rows(conn, tenant_id=tenant_id, connection_id=connection_id, references=list(references))
    return [
        Use(row["reference"], VendorWord(row["word"]) if row["word"] else None, row["at"], row["received_at"])
        for row in rows
    ]


async def issued(
    conn: Conn,
    tenant_id: UUID,
    connection_id: UUID,
    place: tuple[str, str],
    moments: Sequence[datetime],
    near: timedelta,
) -> list[tuple[datetime, str]]:
    """Which of these moments are `near` one in which the vendor posted that it made a pass for this bank's unit, and by
    which id it keeps that; the nearest first."""
    given = {"tenant_id": tenant_id, "connection_id": connection_id, "bank": place[0], "unit": place[1]}
    rows = await _ISSUED.rows(conn, **given, moments=list(moments), near=near)
    return [(row["at"], row["reference"]) for row in rows]


async def made_for(conn: Conn, tenant_id: UUID, connection_id: UUID, order_id: UUID) -> Made | None:
    """What the vendor made for an order of ours, as far as it posted that."""
    row = await _MADE_FOR.row(conn, tenant_id=tenant_id, connection_id=connection_id, order_id=order_id)
    return Made(row["reference"], row["at"], row["heard_at"]) if row else None


async def tenants_with_old(conn: Conn, before: datetime) -> list[UUID]:
    return [row["tenant_id"] for row in await _OLD.rows(conn, before=before)]
