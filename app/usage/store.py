"""The one statement that sums up hours."""

from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    and_,
    bindparam,
    cast,
    column,
    extract,
    func,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from app.kit.db import Statement
from app.kit.tables import Time, Uuid


def _table(name: str, **columns: Any) -> Any:
    return table(name, *(column(key, kind) for key, kind in columns.items()))


# Of other modules only what is summed up, by name: their tables stay their own.
_doors = _table("compartment", tenant_id=Uuid, id=Uuid, site_id=Uuid, size=Text)
_stays = _table("stay", tenant_id=Uuid, compartment_id=Uuid, created_at=Time, released_at=Time)
_hours = _table(
    "occupancy_hour",
    tenant_id=Uuid, site_id=Uuid, hour=Time, size=Text, compartments=BigInteger, used_seconds=BigInteger,
)  # fmt: skip

_HOUR: ColumnElement[timedelta] = literal_column("interval '1 hour'")
_of = bindparam("of_tenant", type_=Uuid)

TENANTS = Statement(select(_table("bank", tenant_id=Uuid).c.tenant_id).distinct())
LAST = Statement(select(func.max(_hours.c.hour)).where(_hours.c.tenant_id == _of))


def _sum_up() -> Statement:
    each = (
        func.generate_series(bindparam("first", type_=Time), bindparam("last", type_=Time), _HOUR)
        .table_valued(column("begins", Time))
        .render_derived(name="each")
    )
    begins, ends = each.c.begins, each.c.begins + _HOUR
    within = and_(
        _stays.c.tenant_id == _doors.c.tenant_id,
        _stays.c.compartment_id == _doors.c.id,
        _stays.c.created_at < ends,
        or_(_stays.c.released_at.is_(None), _stays.c.released_at > begins),
    )
    until = func.least(func.coalesce(_stays.c.released_at, ends), ends)
    seconds = func.sum(extract("epoch", until - func.greatest(_stays.c.created_at, begins)))
    # A door without a stay would count whole: GREATEST and LEAST pass over nulls.
    used = seconds.filter(_stays.c.created_at.is_not(None))
    summed = (
        select(
            _doors.c.tenant_id,
            _doors.c.site_id,
            begins,
            _doors.c.size,
            func.count(_doors.c.id.distinct()),
            cast(func.round(func.coalesce(used, literal_column("0"))), BigInteger),
        )
        .select_from(each.join(_doors, _doors.c.tenant_id == _of).outerjoin(_stays, within))
        .group_by(_doors.c.tenant_id, _doors.c.site_id, begins, _doors.c.size)
    )
    written = upsert(_hours).from_select([each.name for each in _hours.c], summed)
    return Statement(
        written.on_conflict_do_update(
            index_elements=["tenant_id", "site_id", "hour", "size"],
            set_={"compartments": written.excluded.compartments, "used_seconds": written.excluded.used_seconds},
        )
    )


SUM_UP = _sum_up()
