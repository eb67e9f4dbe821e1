"""The table of requests to open several doors."""

from sqlalchemy import ARRAY, Boolean, Column, Index, Text, text

from app.kit.tables import Time, Uuid, belongs_to, tenant_table, words
from app.openings.model import OpeningState

# `command_ids`: what was asked of the hardware once it was approved.
openings = tenant_table(
    "opening",
    Column("id", Uuid, nullable=False),
    Column("site_id", Uuid, nullable=False),
    Column("bank_id", Uuid, nullable=False),
    Column("all_doors", Boolean, nullable=False),
    Column("compartment_ids", ARRAY(Uuid), nullable=False),
    Column("command_ids", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("requested_by", Uuid, nullable=False),
    Column("requested_by_name", Text, nullable=False),
    Column("requested_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("decided_by", Uuid),
    Column("decided_by_name", Text),
    Column("decided_at", Time),
    Column("comment", Text),
    words("state", OpeningState),
    belongs_to("site", "site_id"),
    belongs_to("bank", "bank_id"),
)
Index("ix_opening_bank", openings.c.tenant_id, openings.c.bank_id, openings.c.requested_at, openings.c.id)
Index("ix_opening_requested", openings.c.tenant_id, openings.c.requested_at, openings.c.id)
Index("ix_opening_pending", openings.c.expires_at, postgresql_where=text("state = 'PENDING'"))
