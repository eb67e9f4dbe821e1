"""Tables of stays. The partial unique index is the promise: never two parcels in one compartment."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, Text, text

from app.devices.port import Evidence
from app.kit.tables import Time, Uuid, belongs_to, tenant_table, words
from app.stays.model import Flow, State, StayOutcome

# `placed`: false while the vendor has yet to name the compartment; until then the one written here is only a claim to
# one of its size, which may be swapped with another such claim.
stays = tenant_table(
    "stay",
    Column("id", Uuid, nullable=False),
    Column("site_id", Uuid, nullable=False),
    Column("bank_id", Uuid, nullable=False),
    Column("compartment_id", Uuid, nullable=False),
    Column("placed", Boolean, nullable=False, server_default=text("true")),
    Column("carrier_id", Uuid),
    Column("recipient_id", Uuid),
    Column("depositor_id", Uuid),
    Column("flow", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("outcome", Text),
    Column("evidence", Text, nullable=False, server_default=text("'E0'")),
    Column("created_by", Uuid, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("deposited_at", Time),
    Column("deposit_expires_at", Time),
    Column("overdue_at", Time),
    Column("released_at", Time),
    Column("note", Text),
    Column("pickup_hash", LargeBinary, info={"marks": ("pickup_sealed", "bank_id")}),
    Column("pickup_sealed", LargeBinary, info={"sealed": True}),
    Column("pickup_failures", Integer, nullable=False, server_default=text("0")),
    Column("version", Integer, nullable=False, server_default=text("1")),
    words("flow", Flow),
    words("state", State),
    words("outcome", StayOutcome),
    words("evidence", Evidence),
    belongs_to("site", "site_id"),
    belongs_to("bank", "bank_id"),
    belongs_to("compartment", "compartment_id"),
    belongs_to("person", "recipient_id"),
)
Index(
    "uq_stay_open_compartment",
    stays.c.tenant_id,
    stays.c.compartment_id,
    unique=True,
    postgresql_where=text("state <> 'RELEASED'"),
)
Index("ix_stay_compartment", stays.c.tenant_id, stays.c.compartment_id, stays.c.created_at, stays.c.id)
Index("ix_stay_created", stays.c.tenant_id, stays.c.created_at, stays.c.id)
Index("ix_stay_site_created", stays.c.tenant_id, stays.c.site_id, stays.c.created_at, stays.c.id)
Index("ix_stay_recipient", stays.c.tenant_id, stays.c.recipient_id, stays.c.created_at)
Index("ix_stay_carrier", stays.c.tenant_id, stays.c.carrier_id, stays.c.created_at, stays.c.id)
Index("ix_stay_due", stays.c.expires_at, postgresql_where=text("state IN ('HELD', 'ACCESS_ISSUED')"))
Index(
    "ix_stay_overdue", stays.c.deposit_expires_at, postgresql_where=text("state = 'DEPOSITED' AND overdue_at IS NULL")
)
