"""Guarded writes of alarms. One active alarm for a condition and cause; what people write stands in other rows."""

from sqlalchemy import ARRAY, Text, any_, bindparam, literal, literal_column, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.alarms.model import Condition
from app.alarms.queries import TOLD
from app.alarms.tables import alarms, handlings
from app.kit.db import Statement
from app.kit.tables import Time, Uuid

_TENANT = bindparam("tenant_id", type_=Uuid)
_CAUSE = bindparam("cause_", type_=Text)
_AT = bindparam("at", type_=Time)
_GIVEN = ("id", "site_id", "bank_id", "compartment_id", "stay_id", "kind", "severity", "cause", "detail")

_seen = alarms.alias("seen")
# Facts are told at least once: what was seen at or after this moment was told already, and may be over since.
_NEWS = ~(
    select(1)
    .where(_seen.c.tenant_id == _TENANT, _seen.c.cause == bindparam("cause", type_=Text), _seen.c.last_seen_at >= _AT)
    .exists()
)
_fresh = upsert(alarms).from_select(
    ["tenant_id", *_GIVEN, "condition", "raised_at", "last_seen_at"],
    select(
        _TENANT, *[bindparam(name, type_=alarms.c[name].type) for name in _GIVEN],
        literal(Condition.ACTIVE.value), _AT, _AT,
    ).where(_NEWS),
)  # fmt: skip
RAISE = Statement(
    _fresh.on_conflict_do_update(
        index_elements=[alarms.c.tenant_id, alarms.c.cause],
        index_where=literal_column("condition = 'ACTIVE'"),
        set_={"repeats": alarms.c.repeats + 1, "last_seen_at": _fresh.excluded.last_seen_at},
    ).returning(*TOLD)
)
# Back within half an hour: the same alarm again, marked, instead of a flood of new ones.
_latest = (
    select(alarms.c.id)
    .where(alarms.c.tenant_id == _TENANT, alarms.c.cause == _CAUSE)
    .order_by(alarms.c.raised_at.desc())
    .limit(1)
    .scalar_subquery()
)
FLAP = Statement(
    update(alarms)
    .where(
        alarms.c.tenant_id == _TENANT,
        alarms.c.id == _latest,
        literal_column("condition = 'CLEARED'"),
        alarms.c.cleared_at > bindparam("since", type_=Time),
        alarms.c.last_seen_at < _AT,
    )
    .values(
        condition=Condition.ACTIVE.value,
        cleared_at=null(),
        risen_at=null(),
        severity=bindparam("severity_", type_=Text),
        last_seen_at=_AT,
        repeats=alarms.c.repeats + 1,
        detail=bindparam("detail_", type_=Text),
    )
    .returning(*TOLD)
)
CLEAR = Statement(
    update(alarms)
    .where(
        alarms.c.tenant_id == _TENANT,
        alarms.c.cause == any_(bindparam("causes", type_=ARRAY(Text))),
        literal_column("condition = 'ACTIVE'"),
        alarms.c.last_seen_at <= _AT,
    )
    .values(condition=Condition.CLEARED.value, cleared_at=_AT)
    .returning(*TOLD)
)

LASTING = Statement(
    select(alarms.c.tenant_id, alarms.c.id, alarms.c.kind).where(
        literal_column("condition = 'ACTIVE'"),
        alarms.c.kind == any_(bindparam("kinds", type_=ARRAY(Text))),
        alarms.c.last_seen_at <= bindparam("before", type_=Time),
        alarms.c.risen_at.is_(None),
    )
)
RISE = Statement(
    update(alarms)
    .where(
        alarms.c.tenant_id == _TENANT,
        alarms.c.id == bindparam("id_", type_=Uuid),
        literal_column("condition = 'ACTIVE'"),
        alarms.c.risen_at.is_(None),
    )
    .values(severity=bindparam("after", type_=Text), risen_at=_AT)
    .returning(*TOLD)
)

_ALARM = bindparam("alarm_id", type_=Uuid)


# What was acknowledged before it grew graver is to be acknowledged again.
_NOT_YET = or_(handlings.c.acknowledged_at.is_(None), handlings.c.acknowledged_at < bindparam("risen_at", type_=Time))


def _handled(*names: str, once: bool) -> Statement:
    values = {name: bindparam(name, type_=handlings.c[name].type) for name in names}
    row = upsert(handlings).values(tenant_id=_TENANT, alarm_id=_ALARM, **values)
    changed = row.on_conflict_do_update(
        index_elements=[handlings.c.tenant_id, handlings.c.alarm_id],
        set_={name: row.excluded[name] for name in names},
        where=_NOT_YET if once else None,
    )
    return Statement(changed.returning(handlings.c.alarm_id))


# A row only for whoever acknowledged first.
ACKNOWLEDGE = _handled("acknowledged_at", "acknowledged_by", "acknowledged_by_name", "comment", once=True)
SHELVE = _handled("shelved_until", "shelved_by", "shelve_reason", once=False)
