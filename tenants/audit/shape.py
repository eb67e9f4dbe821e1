"""What can be read of the record: audit entries with their seal, and facts in their sequence; and by whom."""

from typing import Any

from sqlalchemy import FromClause, and_, false, func, select

from app.kit.outbox import facts
from app.kit.reading.fields import by_id, equal, id_of, number, one_of, raw_json, text, time, uuid_of, word
from app.kit.reading.shape import Condition, Filter, Shape, Sight, Sort, Value
from app.kit.streams import cursor_column
from app.kit.tables import Time, Uuid
from tenants.audit.tables import entries, seals
from tenants.policy import Permission
from tenants.scope import ORGANIZATION


def entry_visible(scope: Any) -> Condition:
    """Members by role and site; carriers what they and their couriers did, never what others did to them."""
    if scope.is_recipient:
        return false()
    covered: Condition = scope.covers(Permission.AUDIT_READ, entries.c.tenant_id, entries.c.site_id)
    return and_(covered, entries.c.carrier_id == ORGANIZATION) if scope.is_carrier else covered


def event_visible(scope: Any) -> Condition:
    if scope.is_recipient:
        return false()
    covered: Condition = scope.covers(Permission.EVENT_READ, facts.c.tenant_id, facts.c.site_id)
    return and_(covered, facts.c.carrier_id == ORGANIZATION) if scope.is_carrier else covered


def _sealed(make: Any) -> Any:
    """A value of the entry's seal: null for the milliseconds until it is sealed."""

    def value(row: FromClause, _: Sight) -> Value:
        s = seals.alias()
        found = select(make(s)).where(s.c.tenant_id == row.c.tenant_id, s.c.entry_id == row.c.id)
        return found.correlate_except(s).scalar_subquery()

    return value


def _any_id(column: str) -> Filter:
    return Filter(lambda row, value, _: row.c[column] == value, Uuid, lambda given: uuid_of(given, None))


AUDIT_ENTRY = Shape(
    name="AuditEntry",
    table=entries,
    fields={
        "id": id_of("AuditEntry", entries.c.id),
        "sequence": number(_sealed(lambda seal: seal.c.sequence), nullable=True),
        "occurredAt": time(entries.c.occurred_at),
        "actor": text(entries.c.actor_label),
        "actorKind": text(entries.c.actor_kind),
        "action": text(entries.c.action),
        "targetType": text(entries.c.target_type),
        "targetId": id_of(entries.c.target_type, entries.c.target_id),
        "outcome": word(entries.c.outcome),
        "reason": text(entries.c.reason),
        "requestId": text(entries.c.request_id),
        "origin": text(entries.c.origin),
        "details": raw_json(entries.c.details),
        "hash": text(_sealed(lambda seal: func.encode(seal.c.hash, "hex")), nullable=True),
    },
    filters={
        "siteId": by_id("site_id", "Site"),
        "action": one_of("action"),
        "targetId": _any_id("target_id"),
        "actorId": _any_id("actor_id"),
        "outcome": equal("outcome"),
        "since": Filter(lambda row, value, _: row.c.occurred_at >= value, Time),
        "until": Filter(lambda row, value, _: row.c.occurred_at < value, Time),
    },
    order=Sort(("occurred_at",), descending=True),
    visible=entry_visible,
)

EVENT = Shape(
    name="Event",
    table=facts,
    fields={
        "id": id_of("Event", facts.c.id),
        "sequence": number(facts.c.sequence),
        "cursor": text(lambda row, _: cursor_column(row.c.tenant_id, row.c.sequence)),
        "kind": text(facts.c.kind),
        "version": number(facts.c.version),
        "subjectType": text(facts.c.subject_type),
        "subjectId": id_of(facts.c.subject_type, facts.c.subject_id),
        "occurredAt": time(facts.c.occurred_at),
        "source": text(facts.c.source),
        "evidence": text(facts.c.evidence),
        "payload": raw_json(facts.c.payload),
    },
    filters={"siteId": by_id("site_id", "Site"), "kind": one_of("kind"), "subjectId": _any_id("subject_id")},
    order=Sort(("sequence",)),
    visible=event_visible,
)
