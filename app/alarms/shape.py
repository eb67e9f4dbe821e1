"""What can be read of alarms, and by whom; and how many are open at a site and a bank."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, case, false, func, select, true

from app.alarms.model import KINDS, SUPPRESSED, AlarmState, Condition, Suppression
from app.alarms.tables import alarms, handlings
from app.kit.reading.fields import by_id, equal, id_of, number, one_of, text, time, when, word
from app.kit.reading.shape import Extension, Filter, Many, One, Shape, Sight, Sort, Value
from app.kit.tables import Time
from app.lockers.model import Service
from app.lockers.shape import count_of, held_by
from app.lockers.tables import compartments
from tenants.policy import Permission


def visible(scope: Any) -> ColumnElement[bool]:
    """For those who run the site: alarms tell of doors and parcels that are nobody else's business."""
    if scope.is_outside:
        return false()
    covered: ColumnElement[bool] = scope.covers(Permission.ALARM_READ, alarms.c.tenant_id, alarms.c.site_id)
    return covered


def _handling(name: str) -> Any:
    """What people wrote about the alarm stands in a row of its own."""

    def value(row: FromClause, _: Sight) -> Value:
        h = handlings.alias()
        found = select(h.c[name]).where(h.c.tenant_id == row.c.tenant_id, h.c.alarm_id == row.c.id)
        return found.correlate_except(h).scalar_subquery()

    return value


def _acknowledged(row: FromClause, sight: Sight) -> ColumnElement[bool]:
    at = _handling("acknowledged_at")(row, sight)
    return and_(at.is_not(None), func.coalesce(at >= row.c.risen_at, true()))


def _suppressed(row: FromClause) -> Value:
    """app.alarms.model.suppression in SQL, as the state it leads to; null where nothing is suppressed."""

    def of_doors(*here: Any) -> Value:
        out = func.coalesce(func.bool_and(c.c.service == Service.OUT_OF_SERVICE.value), false())
        ends = func.bool_and(c.c.service_until.is_not(None))
        words = {why: SUPPRESSED[why].value for why in Suppression}
        word_ = case((ends, words[Suppression.MAINTENANCE]), else_=words[Suppression.OUT_OF_SERVICE])
        found = select(case((out, word_))).where(c.c.tenant_id == row.c.tenant_id, *here)
        return found.correlate_except(c).scalar_subquery()

    c = compartments.alias()
    bank = of_doors(c.c.site_id == row.c.site_id, c.c.bank_id == row.c.bank_id)
    return case((row.c.compartment_id.is_not(None), of_doors(c.c.id == row.c.compartment_id)), else_=bank)


def _state(row: FromClause, sight: Sight) -> Value:
    """app.alarms.model.state in SQL."""
    acknowledged = _acknowledged(row, sight)
    return case(
        (func.coalesce(_handling("shelved_until")(row, sight) > func.now(), false()), AlarmState.SHLVD.value),
        (
            _active(row),
            func.coalesce(_suppressed(row), case((acknowledged, AlarmState.ACKED.value), else_=AlarmState.UNACK.value)),
        ),
        (acknowledged, AlarmState.NORM.value),
        else_=AlarmState.RTNUN.value,
    )


def _expected(row: FromClause, _: Sight) -> Value:
    return case({kind.value: action for kind, (_, action) in KINDS.items()}, value=row.c.kind, else_="")


def _active(row: FromClause) -> ColumnElement[bool]:
    return row.c.condition == Condition.ACTIVE.value


ALARM = Shape(
    name="Alarm",
    table=alarms,
    fields={
        "id": id_of("Alarm", alarms.c.id),
        "kind": word(alarms.c.kind),
        "severity": word(alarms.c.severity),
        "condition": word(alarms.c.condition),
        "state": word(_state),
        "raisedAt": time(alarms.c.raised_at),
        "clearedAt": time(alarms.c.cleared_at),
        "escalatedAt": time(alarms.c.risen_at),
        "lastSeenAt": time(alarms.c.last_seen_at),
        "repeatCount": number(alarms.c.repeats),
        "detail": text(alarms.c.detail),
        "expectedAction": text(_expected),
        "acknowledgedAt": time(_handling("acknowledged_at"), nullable=True),
        "acknowledgedBy": text(_handling("acknowledged_by_name"), nullable=True),
        "comment": text(_handling("comment"), nullable=True),
        "shelvedUntil": time(_handling("shelved_until"), nullable=True),
    },
    relations={
        "site": One("Site", "site_id"),
        "bank": One("Bank", "bank_id", nullable=True),
        "compartment": One("Compartment", "compartment_id", nullable=True),
    },
    filters={
        "siteId": by_id("site_id", "Site"),
        "bankId": by_id("bank_id", "Bank"),
        "condition": equal("condition"),
        "acknowledged": when(_acknowledged),
        "kind": one_of("kind"),
        "severity": one_of("severity"),
        "since": Filter(lambda row, value, _: row.c.raised_at >= value, Time),
        "until": Filter(lambda row, value, _: row.c.raised_at < value, Time),
    },
    order=Sort(("raised_at",), descending=True),
    visible=visible,
)

EXTENSIONS = [
    Extension(
        "Site",
        fields={"openAlarmCount": count_of("Alarm", alarms, held_by("site_id"), _active)},
        relations={"alarms": Many("Alarm", "site_id")},
    ),
    Extension("Bank", fields={"openAlarmCount": count_of("Alarm", alarms, held_by("bank_id"), _active)}),
    Extension("Compartment", relations={"alarms": Many("Alarm", "compartment_id")}),
]
