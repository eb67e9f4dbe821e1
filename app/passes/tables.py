"""Table of passes."""

from sqlalchemy import Column, Index, LargeBinary, Text, text

from app.devices.port import AccessKind
from app.kit.tables import Time, Uuid, belongs_to, tenant_table, words
from app.passes.model import PassState

# `sealed`: what opens the door, only while the pass is ISSUED. `reference`: the vendor's id of it, no secret.
passes = tenant_table(
    "pass",
    Column("id", Uuid, nullable=False),
    Column("stay_id", Uuid, nullable=False),
    Column("site_id", Uuid, nullable=False),
    Column("bank_id", Uuid, nullable=False),
    Column("compartment_id", Uuid, nullable=False),
    Column("command_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("carrier_id", Uuid),
    Column("person_id", Uuid),
    Column("reference", Text),
    Column("sealed", LargeBinary, info={"sealed": True}),
    Column("issued_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("used_at", Time),
    words("kind", AccessKind),
    words("state", PassState),
    belongs_to("compartment", "compartment_id"),
    belongs_to("person", "person_id"),
)
Index("uq_pass_command", passes.c.tenant_id, passes.c.command_id, unique=True)
Index("ix_pass_stay", passes.c.tenant_id, passes.c.stay_id, passes.c.issued_at, passes.c.id)
Index("ix_pass_compartment", passes.c.tenant_id, passes.c.compartment_id, passes.c.issued_at)
Index("ix_pass_due", passes.c.expires_at, postgresql_where=text("state IN ('ISSUED', 'REVOKE_PENDING')"))
