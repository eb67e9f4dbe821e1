"""The one statement that writes down a finished act: facts, audit entries, personal values, the spent key."""

from typing import Any

from sqlalchemy import Select, Table, bindparam, column, func, insert, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from app.kit.db import Statement
from app.kit.outbox import idempotency_keys, outbox
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


def _from_json(table: Table, parameter: str, names: tuple[str, ...]) -> Select[Any]:
    """SELECT … FROM jsonb_to_recordset($parameter), columns typed as the table's. bytea travels as `\\x…` text."""
    columns = [column(name, table.c[name].type) for name in names]
    rows = func.jsonb_to_recordset(bindparam(parameter, type_=JSONB)).table_valued(*columns)
    given = rows.render_derived(name=parameter, with_types=True)
    return select(*(given.c[name] for name in names))


_ENTRIES = insert(entries).from_select(list(ENTRY), _from_json(entries, "entries", ENTRY)).cte("new_entries")
_PERSONAL = insert(personal).from_select(list(PERSONAL), _from_json(personal, "personal", PERSONAL)).cte("new_personal")
_OUTBOX = insert(outbox).from_select(list(OUTBOX), _from_json(outbox, "outbox", OUTBOX)).cte("new_outbox")
_SPEND = (
    insert_or_skip(idempotency_keys)
    .from_select(list(KEY), _from_json(idempotency_keys, "spent", KEY))
    .on_conflict_do_nothing()
    .returning(literal(1))
)

WRITE = Statement(select(literal(1)).add_cte(_ENTRIES, _PERSONAL, _OUTBOX))
# Gives a row when the key was still unspent; none when another request finished first: then nothing of this may stay.
WRITE_AND_SPEND = Statement(_SPEND.add_cte(_ENTRIES, _PERSONAL, _OUTBOX))

READ_KEY = Statement(
    select(idempotency_keys.c.mutation, idempotency_keys.c.input_hash, idempotency_keys.c.answer).where(
        idempotency_keys.c.organization_id == bindparam("organization_id"), idempotency_keys.c.key == bindparam("key")
    )
)
