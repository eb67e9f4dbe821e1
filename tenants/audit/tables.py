"""Tables of the audit log. The application may add and read, never change."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Text, text

from app.kit.tables import APPEND_ONLY, READ_ONLY, READ_WRITE, Json, Time, Uuid, belongs_to, tenant_table, words
from tenants.model import AuditOutcome

# `commitments` maps a personal field to hex SHA-256(salt || value); the value itself stands in audit_personal.
entries = tenant_table(
    "audit_entry",
    Column("id", Uuid, nullable=False),
    Column("occurred_at", Time, nullable=False),
    Column("actor_id", Uuid),
    Column("actor_kind", Text, nullable=False),
    Column("actor_label", Text, nullable=False),
    Column("organization_id", Uuid),
    Column("action", Text, nullable=False),
    Column("target_type", Text, nullable=False),
    Column("target_id", Uuid),
    Column("site_id", Uuid),
    Column("carrier_id", Uuid),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("request_id", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("details", Json, nullable=False),
    Column("commitments", Json, nullable=False, server_default=text("'{}'")),
    words("outcome", AuditOutcome),
    grants=APPEND_ONLY,
    worker=APPEND_ONLY,
)
Index("ix_audit_entry_occurred", entries.c.tenant_id, entries.c.occurred_at, entries.c.id)
# Of a site alone, and of several actions there: in the order of the page, however long the record is.
Index("ix_audit_entry_site", entries.c.tenant_id, entries.c.site_id, entries.c.occurred_at, entries.c.id)
Index(
    "ix_audit_entry_site_action",
    entries.c.tenant_id,
    entries.c.site_id,
    entries.c.action,
    entries.c.occurred_at,
    entries.c.id,
)
Index("ix_audit_entry_target", entries.c.tenant_id, entries.c.target_id, entries.c.occurred_at, entries.c.id)

personal = tenant_table(
    "audit_personal",
    Column("entry_id", Uuid, nullable=False),
    Column("field", Text, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("value", Text, nullable=False),
    belongs_to("audit_entry", "entry_id"),
    key=("entry_id", "field"),
    grants=("SELECT", "INSERT", "DELETE"),
    scanned=False,
)

# One row per sealed entry: hash = SHA-256(previous hash || canonical JSON of the entry). Dense per tenant, from 1.
seals = tenant_table(
    "audit_seal",
    Column("sequence", BigInteger, nullable=False),
    Column("entry_id", Uuid, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    belongs_to("audit_entry", "entry_id"),
    key=("sequence",),
    grants=READ_ONLY,
    worker=APPEND_ONLY,
)
Index("uq_audit_seal_entry", seals.c.tenant_id, seals.c.entry_id, unique=True)

heads = tenant_table(
    "audit_head",
    Column("sequence", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    key=(),
    grants=READ_ONLY,
    worker=READ_WRITE,
)

checkpoints = tenant_table(
    "audit_checkpoint",
    Column("sequence", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("at", Time, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    key=("sequence",),
    grants=READ_ONLY,
    worker=APPEND_ONLY,
)
