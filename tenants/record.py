"""The statements that write down a finished act: facts, audit entries, personal values, the spent key."""

from sqlalchemy import Table, Text, bindparam, insert, literal_column, select

from app.kit.db import Statement
from app.kit.outbox import idempotency_keys, outbox
from app.kit.tables import Uuid
from tenants.audit.tables import entries, personal

# fmt: off
ENTRY = (
    "tenant_id", "id", "occurred_at", "actor_id", "actor_kind", "actor_label", "organization_id", "action",
    "target_type", "target_id", "site_id", "carrier_id", "outcome", "reason", "request_id", "origin", "details",
    "commitments",
)
OUTBOX = (
    "tenant_id", "fact_id", "kind", "version", "subject_type", "subject_id", "site_id", "bank_id", "carrier_id",
    "occurred_at", "source", "evidence", "actor_id", "payload", "trace_id", "audit_id",
)
# fmt: on
PERSONAL = ("tenant_id", "entry_id", "field", "salt", "value")
KEY = ("tenant_id", "organization_id", "key", "mutation", "input_hash", "answer")


def _row_of(table: Table, names: tuple[str, ...]) -> Statement:
    # Inline: it gives nothing back, not even the identity that the application may not read.
    return Statement(insert(table).inline().values({name: bindparam(name, type_=table.c[name].type) for name in names}))


# One row each: they are said ahead of the commit, and a row of typed values is read faster than one out of JSON.
ADD_ENTRY, ADD_PERSONAL = _row_of(entries, ENTRY), _row_of(personal, PERSONAL)
ADD_OUTBOX, SPEND = _row_of(outbox, OUTBOX), _row_of(idempotency_keys, KEY)
# The constraint that SPEND breaks when another request with this key finished first.
ONCE = "pk_idempotency_key"

_SAME_KEY = (
    idempotency_keys.c.organization_id == bindparam("organization_id", type_=Uuid),
    idempotency_keys.c.key == bindparam("key", type_=Text),
)
# Gives no row, so that it can be said ahead: where the key was spent it divides by zero, and what follows is not done.
STOP_IF_SPENT = Statement(select(literal_column("1 / (length(key) - length(key))")).where(*_SAME_KEY))
READ_KEY = Statement(
    select(idempotency_keys.c.mutation, idempotency_keys.c.input_hash, idempotency_keys.c.answer).where(*_SAME_KEY)
)
