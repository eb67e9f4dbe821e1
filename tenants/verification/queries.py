"""What a check reads of a live database: rows as text, so that only the database has put them into words.

Tables are named here anew, like everything else of the check, and not taken from what writes them.
"""

from typing import Any

from sqlalchemy import BigInteger, TableClause, Text, and_, bindparam, cast, column, func, literal, select, table, union
from sqlalchemy.dialects.postgresql import BYTEA, JSONB

from app.kit.db import Statement
from app.kit.tables import Time, Uuid


def _named(name: str, **columns: Any) -> TableClause:
    return table(name, *(column(each, kind) for each, kind in columns.items()))


_IDS = ("tenant_id", "id", "actor_id", "organization_id", "target_id", "site_id", "carrier_id")
_WORDS = ("actor_kind", "actor_label", "action", "target_type", "outcome", "reason", "request_id", "origin")

organizations = _named("organization", id=Uuid)
entries = _named(
    "audit_entry", **dict.fromkeys(_IDS, Uuid), **dict.fromkeys(_WORDS, Text), occurred_at=Time, details=JSONB,
    commitments=JSONB,
)  # fmt: skip
personal = _named("audit_personal", tenant_id=Uuid, entry_id=Uuid, field=Text, salt=BYTEA, value=Text)
seals = _named("audit_seal", tenant_id=Uuid, sequence=BigInteger, entry_id=Uuid, hash=BYTEA)
heads = _named("audit_head", tenant_id=Uuid, sequence=BigInteger, hash=BYTEA)
checkpoints = _named(
    "audit_checkpoint", tenant_id=Uuid, sequence=BigInteger, hash=BYTEA, at=Time, key_id=Text, signature=BYTEA
)
outbox = _named("outbox", tenant_id=Uuid, id=BigInteger, audit_id=Uuid)

_TENANT = bindparam("of_tenant", type_=Uuid)
_UTC = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'

TENANTS = Statement(
    union(
        select(organizations.c.id.label("id")),
        select(heads.c.tenant_id),
        select(checkpoints.c.tenant_id),
    )
)
_kept = (
    select(
        func.jsonb_object_agg(
            personal.c.field, func.jsonb_build_array(func.encode(personal.c.salt, "hex"), personal.c.value), type_=JSONB
        )
    )
    .where(personal.c.tenant_id == seals.c.tenant_id, personal.c.entry_id == seals.c.entry_id)
    .correlate(seals)
    .scalar_subquery()
)
CHAIN = Statement(
    select(
        seals.c.sequence,
        seals.c.hash,
        cast(seals.c.entry_id, Text).label("entry_id"),
        *(cast(entries.c[name], Text).label(name) for name in _IDS),
        *(entries.c[name] for name in _WORDS),
        func.to_char(func.timezone("UTC", entries.c.occurred_at), _UTC).label("occurred_at"),
        cast(entries.c.details, Text).label("details"),
        cast(entries.c.commitments, Text).label("commitments"),
        cast(_kept, Text).label("personal"),
    )
    .outerjoin_from(seals, entries, and_(entries.c.tenant_id == seals.c.tenant_id, entries.c.id == seals.c.entry_id))
    .where(seals.c.tenant_id == _TENANT)
    .order_by(seals.c.sequence)
)
COUNT = Statement(select(func.count()).select_from(seals).where(seals.c.tenant_id == _TENANT))
HEAD = Statement(select(heads.c.sequence, heads.c.hash).where(heads.c.tenant_id == _TENANT))
CHECKPOINTS = Statement(
    select(
        checkpoints.c.tenant_id,
        checkpoints.c.sequence,
        checkpoints.c.hash,
        func.to_char(func.timezone("UTC", checkpoints.c.at), _UTC).label("at"),
        checkpoints.c.key_id,
        checkpoints.c.signature,
    )
    .where(checkpoints.c.tenant_id == _TENANT)
    .order_by(checkpoints.c.sequence)
)
# An entry is either sealed or waits in the outbox: one that is neither was slipped in.
SLIPPED_IN = Statement(
    select(cast(entries.c.id, Text).label("id"), literal(0).label("sequence"))
    .outerjoin_from(entries, seals, and_(seals.c.tenant_id == entries.c.tenant_id, seals.c.entry_id == entries.c.id))
    .outerjoin(outbox, and_(outbox.c.tenant_id == entries.c.tenant_id, outbox.c.audit_id == entries.c.id))
    .where(entries.c.tenant_id == _TENANT, seals.c.entry_id.is_(None), outbox.c.id.is_(None))
    .order_by(entries.c.occurred_at)
    .limit(20)
)
