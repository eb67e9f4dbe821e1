"""Table of what vendors posted."""

from sqlalchemy import Column, Index, Text, text

from app.devices.port import PushedKind
from app.kit.tables import Time, Uuid, tenant_table, words

# `key`: the same when an event is sent twice. `order_id`: ours of the order it is about, where the vendor echoes it.
# `at`: by the device's own clock; `received_at` by ours.
pushes = tenant_table(
    "vendor_push",
    Column("id", Uuid, nullable=False),
    Column("connection_id", Uuid, nullable=False),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("bank", Text, nullable=False),
    Column("unit", Text),
    Column("word", Text),
    Column("reference", Text),
    Column("order_id", Uuid),
    Column("what", Text, nullable=False),
    Column("at", Time, nullable=False),
    Column("received_at", Time, nullable=False),
    words("kind", PushedKind),
)
Index("uq_vendor_push_key", pushes.c.tenant_id, pushes.c.connection_id, pushes.c.key, unique=True)
Index("ix_vendor_push_reference", pushes.c.tenant_id, pushes.c.connection_id, pushes.c.reference)
Index(
    "ix_vendor_push_order",
    pushes.c.tenant_id,
    pushes.c.connection_id,
    pushes.c.order_id,
    postgresql_where=text("order_id IS NOT NULL"),
)
Index("ix_vendor_push_received", pushes.c.received_at)
