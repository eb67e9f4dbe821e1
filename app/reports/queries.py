"""What exports read: the queue, a finished one, and the rows themselves through the shapes' own predicates."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, aggregate_order_by
from sqlalchemy.types import TIMESTAMP

from app.kit.db import Statement
from app.kit.reading.shape import Catalogue, Kind, Shape, Sight, evaluate, on
from app.kit.tables import Time, Uuid
from app.reports.model import ExportFormat, ExportKind, ExportState, Filter
from app.reports.tables import exports
from tenants.scope import Scope

DUE = Statement(
    select(exports.c.tenant_id, exports.c.id)
    .where(
        or_(
            exports.c.state == ExportState.QUEUED.value,
            and_(
                exports.c.state == ExportState.RUNNING.value,
                exports.c.heartbeat_at < func.now() - literal_column("interval '20 seconds'"),
            ),
        )
    )
    .order_by(exports.c.created_at)
    .limit(1)
)
OLD = Statement(
    select(exports.c.tenant_id, exports.c.id, exports.c.format)
    .where(exports.c.state == ExportState.DONE.value, exports.c.expires_at <= bindparam("now", type_=Time))
    .limit(100)
)
FIND = Statement(
    select(exports).where(
        exports.c.tenant_id == bindparam("of_tenant", type_=Uuid), exports.c.id == bindparam("id_", type_=Uuid)
    )
)
# The seal stands apart from the entry, and is read by those who may read the entry.
_seal = table(
    "audit_seal",
    *(column(name, Uuid) for name in ("tenant_id", "entry_id")),
    column("sequence", BigInteger),
    column("hash", BYTEA),
)
_checkpoint = table(
    "audit_checkpoint",
    column("tenant_id", Uuid),
    column("sequence", BigInteger),
    column("at", Time),
    column("key_id", Text),
    *(column(name, BYTEA) for name in ("hash", "signature")),
)
CHECKPOINTS = Statement(
    select(_checkpoint)
    .where(_checkpoint.c.tenant_id == bindparam("of_tenant", type_=Uuid))
    .order_by(_checkpoint.c.sequence)
)
_UTC = literal_column("""'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'""", Text)
# What a spreadsheet takes for the beginning of a formula, or for the end of a cell before one.
_RISKY = literal_column(r"E'=+-@\t\r\n'", Text)

Value = ColumnElement[Any]
# Name in NDJSON, name in CSV, value.
Named = tuple[str, str, Value]


@dataclass(slots=True)
class Rows:
    """The rows of one export: columns, where they come from, which of them, in which order."""

    columns: list[Named]
    source: FromClause
    conditions: list[ColumnElement[bool]]
    order: list[Value]
    # A row for each row of `source`, and all that `conditions` ask about: what only names things need not be joined.
    counted: FromClause
    values: dict[str, Any] = field(default_factory=dict)

    def count(self) -> Select[Any]:
        return select(func.count()).select_from(self.counted).where(*self.conditions)

    def csv(self) -> Select[Any]:
        # Values are made below and looked at here: written into its own test, each would be made four times.
        made = self._finished(select(*(value.label(name) for _, name, value in self.columns))).subquery()
        return select(*(safe(made.c[name]).label(name) for _, name, _ in self.columns))

    def ndjson(self) -> Select[Any]:
        """One text column: a JSON object a row."""
        named = self._finished(select(*(value.label(name) for name, _, value in self.columns))).subquery("line")
        return select(cast(func.row_to_json(literal_column("line")), Text).label("line")).select_from(named)

    def _finished(self, found: Select[Any]) -> Select[Any]:
        return found.select_from(self.source).where(*self.conditions).order_by(*self.order)


def safe(value: Value) -> Value:
    """Text a spreadsheet will not run: what would begin a formula gets an apostrophe before it."""
    if isinstance(value.type, Boolean):
        return cast(value, Text)
    if not isinstance(value.type, Text):
        return value
    first = func.left(value, 1)
    risky = and_(first != literal_column("''", Text), func.strpos(_RISKY, first) > literal_column("0"))
    return case((risky, literal_column("''''", Text).op("||")(value)), else_=value)


def rows(catalogue: Catalogue, scope: Scope, kind: ExportKind, format_: ExportFormat, asked: Filter) -> Rows:
    """Exactly what `scope` may see of `kind`; the scope's own values are bound by whoever runs it."""
    return _BUILDERS[kind](Sight(scope, catalogue), format_, asked)


def _audit(sight: Sight, format_: ExportFormat, asked: Filter) -> Rows:
    shape = sight.catalogue.shapes["AuditEntry"]
    e, before, site = shape.table, _seal.alias("before"), sight.catalogue.shapes["Site"].table
    sealed = e.join(_seal, and_(_seal.c.tenant_id == e.c.tenant_id, _seal.c.entry_id == e.c.id))
    follows = and_(before.c.tenant_id == _seal.c.tenant_id, before.c.sequence == _seal.c.sequence - 1)
    at_site = and_(site.c.tenant_id == e.c.tenant_id, site.c.id == e.c.site_id)
    conditions, values = _filtered(shape, sight, asked, e.c.occurred_at)
    if asked.actions:
        conditions.append(e.c.action == any_(bindparam("actions", type_=ARRAY(Text))))
        values["actions"] = list(asked.actions)
    order: list[Value] = [_seal.c.tenant_id, _seal.c.sequence]
    if format_ is ExportFormat.NDJSON:
        # Everything that `lockyard audit verify` needs, under the names of the sealed form.
        previous = func.coalesce(before.c.hash, literal_column("decode(repeat('00', 32), 'hex')"))
        columns = [_plain(name, e) for name in _SEALED]
        columns += [
            _as("sequence", _seal.c.sequence), _as("v", literal_column("1")), _as("hash", _hex(_seal.c.hash)),
            _as("previous", _hex(previous)),
        ]  # fmt: skip
        return Rows(columns, sealed.outerjoin(before, follows), conditions, order, sealed, values)
    columns = [
        _as("sequence", _seal.c.sequence), _as("occurred_at", _time(e.c.occurred_at)), _as("actor", e.c.actor_label),
        *(_as(name, e.c[name]) for name in ("actor_kind", "action", "target_type")),
        _as("target_id", cast(e.c.target_id, Text)), _as("site", site.c.name),
        *(_as(name, e.c[name]) for name in ("outcome", "reason", "request_id", "origin")),
        _as("details", cast(e.c.details, Text)), _as("hash", _hex(_seal.c.hash)),
    ]  # fmt: skip
    return Rows(columns, sealed.outerjoin(site, at_site), conditions, order, sealed, values)


_SEALED = (
    "tenant_id", "id", "occurred_at", "actor_id", "actor_kind", "actor_label", "organization_id", "action",
    "target_type", "target_id", "site_id", "carrier_id", "outcome", "reason", "request_id", "origin", "details",
    "commitments",
)  # fmt: skip


def _stays(sight: Sight, format_: ExportFormat, asked: Filter) -> Rows:
    shapes, scope = sight.catalogue.shapes, sight.scope
    shape = shapes["Stay"]
    s, site, bank, door = shape.table, shapes["Site"].table, shapes["Bank"].table, shapes["Compartment"].table
    person, carrier = shapes["Person"].table, shapes["Carrier"].table

    def belongs(other: FromClause, name: str) -> ColumnElement[bool]:
        return and_(other.c.tenant_id == s.c.tenant_id, other.c.id == s.c[name])

    source = s.join(site, belongs(site, "site_id")).join(bank, belongs(bank, "bank_id"))
    source = source.join(door, belongs(door, "compartment_id"))
    brought = and_(carrier.c.tenant_id == s.c.tenant_id, carrier.c.carrier_id == s.c.carrier_id)
    source = source.outerjoin(person, and_(belongs(person, "recipient_id"), shapes["Person"].visible(scope))).outerjoin(
        carrier, and_(brought, shapes["Carrier"].visible(scope))
    )
    name = shapes["Person"].fields["name"]
    seen = name.shown is None or name.shown(scope)
    tracking = _tracking(sight, s, many=format_ is ExportFormat.NDJSON)

    def of(field_: str, label: str) -> Named:
        return field_, label, _value(shape, field_, sight)

    columns: list[Named] = [
        of("id", "id"), ("site", "site", site.c.name), ("bank", "bank", bank.c.label),
        ("compartment", "compartment", door.c.label), ("size", "size", door.c.size),
        *(of(each, each) for each in ("flow", "state", "outcome", "evidence")),
        ("carrier", "carrier", carrier.c.name),
        ("recipient", "recipient", person.c.name if seen else literal_column("NULL", Text)),
        ("tracking", "tracking", tracking),
        of("createdAt", "created_at"), of("expiresAt", "expires_at"), of("depositedAt", "deposited_at"),
        of("depositExpiresAt", "deposit_expires_at"), of("releasedAt", "released_at"), of("isOverdue", "overdue"),
        of("note", "note"),
    ]  # fmt: skip
    conditions, values = _filtered(shape, sight, asked, s.c.created_at)
    return Rows(columns, source, conditions, [s.c.tenant_id, s.c.created_at, s.c.id], s, values)


def _tracking(sight: Sight, stay: FromClause, *, many: bool) -> Value:
    """The numbers of the parcels that may be seen: a list, or one text with spaces between."""
    p = sight.catalogue.shapes["Parcel"].table.alias()
    if many:
        made: Value = func.coalesce(
            func.array_agg(aggregate_order_by(p.c.tracking, p.c.created_at, p.c.id)),
            literal_column("'{}'::text[]", ARRAY(Text)),
        )
    else:
        blank = literal_column("' '", Text)
        made = func.string_agg(p.c.tracking, aggregate_order_by(blank, p.c.created_at, p.c.id), type_=Text)
    here = and_(p.c.tenant_id == stay.c.tenant_id, p.c.stay_id == stay.c.id)
    return select(made).where(here, sight.visible("Parcel", p)).correlate(stay).scalar_subquery()


_BUILDERS: dict[ExportKind, Callable[[Sight, ExportFormat, Filter], Rows]] = {
    ExportKind.AUDIT: _audit,
    ExportKind.STAYS: _stays,
}


def _filtered(shape: Shape, sight: Sight, asked: Filter, at: Value) -> tuple[list[ColumnElement[bool]], dict[str, Any]]:
    conditions = [on(shape.visible(sight.scope), shape.table, shape.table)]
    values: dict[str, Any] = {}
    if asked.site_id is not None:
        conditions.append(shape.table.c.site_id == bindparam("asked_site", type_=Uuid))
        values["asked_site"] = asked.site_id
    if asked.since is not None:
        conditions.append(at >= bindparam("since", type_=Time))
        values["since"] = asked.since
    if asked.until is not None:
        conditions.append(at < bindparam("until", type_=Time))
        values["until"] = asked.until
    return conditions, values


def _value(shape: Shape, name: str, sight: Sight) -> Value:
    """A field as exports write it: ids and times as the API does, the rest as it is."""
    found = shape.fields[name]
    value = evaluate(found.value, shape, shape.table, sight)
    if found.kind is Kind.TIME:
        return _time(value)
    if found.kind is Kind.ID:
        text = literal_column(f"'{found.of}:'", Text).op("||")(cast(value, Text))
        return func.encode(func.convert_to(text, literal_column("'UTF8'")), literal_column("'base64'"), type_=Text)
    return value


def _plain(name: str, row: FromClause) -> Named:
    value: Value = row.c[name]
    if isinstance(value.type, TIMESTAMP):
        value = _time(value)
    return name, name, value


def _as(name: str, value: Value) -> Named:
    return name, name, value


def _time(value: Value) -> Value:
    return func.to_char(func.timezone(literal_column("'UTC'"), value), _UTC, type_=Text)


def _hex(value: Value) -> Value:
    return func.encode(value, literal_column("'hex'"), type_=Text)
