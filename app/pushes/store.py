"""Writes of pushes: each is kept once."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete
from sqlalchemy.dialects.postgresql import insert

from app.devices.port import Pushed
from app.kit.db import Conn, Statement
from app.kit.ids import new_id
from app.kit.tables import Time, Uuid
from app.pushes.tables import pushes

_NAMES = (
    "connection_id",
    "id",
    "key",
    "kind",
    "bank",
    "unit",
    "word",
    "reference",
    "order_id",
    "what",
    "at",
    "received_at",
)
KEEP = Statement(
    insert(pushes)
    .values(
        tenant_id=bindparam("tenant_id", type_=Uuid),
        **{name: bindparam(name, type_=pushes.c[name].type) for name in _NAMES},
    )
    .on_conflict_do_nothing(index_elements=["tenant_id", "connection_id", "key"])
    .returning(pushes.c.id)
)
FORGET = Statement(
    delete(pushes).where(
        pushes.c.tenant_id == bindparam("tenant_id", type_=Uuid),
        pushes.c.received_at < bindparam("before", type_=Time),
    )
)


async def keep(conn: Conn, tenant_id: UUID, connection_id: UUID, pushed: Pushed, now: datetime) -> bool:
    """False when it was here before."""
    row = await KEEP.row(
        conn, tenant_id=tenant_id, connection_id=connection_id, id=new_id(), key=pushed.key, kind=pushed.kind.value,
        bank=pushed.bank, unit=pushed.unit, word=pushed.word.value if pushed.word else None,
        reference=pushed.reference, order_id=pushed.order, what=pushed.what, at=pushed.at, received_at=now,
    )  # fmt: skip
    return row is not None
