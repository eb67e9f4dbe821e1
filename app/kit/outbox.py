"""Facts on their way: written with the act, sequenced once, then kept. Also the table of spent idempotency keys."""

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, LargeBinary, Text, text

from app.kit.tables import READ_ONLY, READ_WRITE, Json, Time, Uuid, tenant_table

# Writers append without waiting for each other. A row carries a fact, an audit entry to seal, or both.
outbox = tenant_table(
    "outbox",
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("fact_id", Uuid),
    Column("kind", Text),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("subject_type", Text),
    Column("subject_id", Uuid),
    Column("site_id", Uuid),
    Column("bank_id", Uuid),
    Column("carrier_id", Uuid),
    Column("occurred_at", Time),
    Column("source", Text),
    Column("evidence", Text),
    Column("actor_id", Uuid),
    Column("payload", Json),
    Column("trace_id", Text),
    Column("audit_id", Uuid),
    grants=("INSERT",),
    worker=("SELECT", "INSERT", "DELETE"),
)
Index("ix_outbox_order", outbox.c.id)

facts = tenant_table(
    "fact",
    Column("sequence", BigInteger, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("subject_type", Text, nullable=False),
    Column("subject_id", Uuid, nullable=False),
    Column("site_id", Uuid),
    Column("bank_id", Uuid),
    Column("carrier_id", Uuid),
    Column("occurred_at", Time, nullable=False),
    Column("recorded_at", Time, nullable=False, server_default=text("clock_timestamp()")),
    Column("source", Text, nullable=False),
    Column("evidence", Text),
    Column("actor_id", Uuid),
    Column("payload", Json, nullable=False),
    Column("trace_id", Text),
    key=("sequence",),
    grants=READ_ONLY,
    worker=("SELECT", "INSERT", "DELETE"),
)
Index("uq_fact_id", facts.c.tenant_id, facts.c.id, unique=True)
Index("ix_fact_subject", facts.c.tenant_id, facts.c.subject_id, facts.c.sequence)

fact_heads = tenant_table(
    "fact_head", Column("sequence", BigInteger, nullable=False), key=(), grants=READ_ONLY, worker=READ_WRITE
)

reaction_cursors = tenant_table(
    "reaction_cursor",
    Column("name", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    key=("name",),
    grants=READ_ONLY,
    worker=READ_WRITE,
)

# The first answer to a key, by the organization that asked. Same key and input replays it; other input is a Conflict.
idempotency_keys = tenant_table(
    "idempotency_key",
    Column("organization_id", Uuid, nullable=False),
    Column("key", Text, nullable=False),
    Column("mutation", Text, nullable=False),
    Column("input_hash", LargeBinary, nullable=False),
    Column("answer", Json, nullable=False),
    Column("created_at", Time, nullable=False, server_default=text("now()")),
    key=("organization_id", "key"),
    grants=("SELECT", "INSERT", "DELETE"),
    worker=("SELECT", "INSERT", "DELETE"),
)
Index("ix_idempotency_key_created", idempotency_keys.c.created_at)
