"""Writes of the record: seals in batches, heads under lock, checkpoints, and the erasure of personal values."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA
from sqlalchemy.dialects.postgresql import insert as upsert

from app.kit.db import Statement
from app.kit.tables import Uuid
from tenants.audit.model import SEALED
from tenants.audit.tables import checkpoints, entries, heads, personal, seals


def _array(name: str, kind: Any) -> Any:
    return bindparam(name, type_=ARRAY(kind))


def _unnest(name: str, **columns: Any) -> Any:
    """Rows out of parallel arrays: parameter and column of each are named alike, with an s behind the parameter."""
    arrays = (_array(f"{key}s", kind) for key, kind in columns.items())
    return (
        func.unnest(*arrays)
        .table_valued(*(column(key, kind) for key, kind in columns.items()))
        .render_derived(name=name)
    )


# Sorted, so that two sealers wait for each other and never in a circle. A new tenant's head begins here.
_starting = _unnest("starting", tenant=Uuid)
_heads = upsert(heads).from_select(
    ["tenant_id", "sequence", "hash"],
    select(_starting.c.tenant, cast(0, BigInteger), bindparam("start", type_=BYTEA)).order_by(_starting.c.tenant),
)
LOCK_HEADS = Statement(
    _heads.on_conflict_do_update(index_elements=[heads.c.tenant_id], set_={"sequence": heads.c.sequence}).returning(
        heads.c.tenant_id, heads.c.sequence, heads.c.hash
    )
)
# As text: sealing reads JSON exactly as a check does later.
_AS_TEXT = ("details", "commitments")
_asked = _unnest("asked", tenant=Uuid, entry=Uuid)
ENTRIES = Statement(
    select(
        *(cast(entries.c[name], Text).label(name) if name in _AS_TEXT else entries.c[name] for name in SEALED[:-2])
    ).join(_asked, and_(entries.c.tenant_id == _asked.c.tenant, entries.c.id == _asked.c.entry))
)
_new = _unnest("new", tenant=Uuid, sequence=BigInteger, entry=Uuid, hash=BYTEA)
_sealed = insert(seals).from_select(
    ["tenant_id", "sequence", "entry_id", "hash"], select(_new.c.tenant, _new.c.sequence, _new.c.entry, _new.c.hash)
)
_last = _unnest("last", head_tenant=Uuid, head_sequence=BigInteger, head_hash=BYTEA)
SEAL = Statement(
    update(heads)
    .where(heads.c.tenant_id == _last.c.head_tenant)
    .values(sequence=_last.c.head_sequence, hash=_last.c.head_hash)
    .add_cte(_sealed.cte("sealed"))
)
ADD_CHECKPOINT = Statement(
    upsert(checkpoints)
    .values({name: bindparam(name) for name in ("tenant_id", "sequence", "hash", "at", "key_id", "signature")})
    .on_conflict_do_nothing()
    .returning(cast(1, Integer))
)
# Of one person: every value under this field in entries about these targets. The commitments stay.
ERASE = Statement(
    delete(personal)
    .where(
        personal.c.tenant_id == bindparam("of_tenant", type_=Uuid),
        personal.c.entry_id.in_(
            select(entries.c.id).where(
                entries.c.tenant_id == bindparam("of_tenant", type_=Uuid),
                entries.c.target_id == any_(_array("targets", Uuid)),
            )
        ),
    )
    .returning(personal.c.entry_id)
)
