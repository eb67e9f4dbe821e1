"""What can be read of surveys, and by whom."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    FromClause,
    Select,
    Text,
    and_,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.devices.shape import account_reached
from app.kit.reading.fields import flag, id_of, number, raw_json, text, time, word
from app.kit.reading.shape import Condition, Extension, Field, Items, Many, One, Shape, Sight, Sort
from app.lockers.tables import banks
from app.vendors.tables import surveys
from tenants.policy import Permission

# The board of accounts asks for fifty at once, and few of them hold as much as may be kept.
FOUND_WEIGHT = 8_000
LATEST = Sort(("requested_at",), descending=True)


def survey_visible(scope: Any) -> Condition:
    """Whoever sees the account; those of one bank only at a site of theirs, though they share its account."""
    here: Condition = scope.covers(Permission.BANK_MANAGE, surveys.c.tenant_id, surveys.c.site_id)
    reached = account_reached(scope, surveys.c.tenant_id, surveys.c.connection_id)
    return and_(reached, or_(surveys.c.site_id.is_(None), here))


_DIFFERENCE: dict[str, tuple[Field, Any]] = {
    "key": (text(lambda row, _: row.c.key), Text),
    "kind": (word(lambda row, _: row.c.kind), Text),
    "externalId": (text(lambda row, _: row.c.externalId), Text),
    "label": (text(lambda row, _: row.c.label), Text),
    "ours": (text(lambda row, _: row.c.ours, nullable=True), Text),
    "theirs": (text(lambda row, _: row.c.theirs, nullable=True), Text),
    "applicable": (flag(lambda row, _: row.c.applicable), Boolean),
    # Surveys from before it was told know nothing of it.
    "asTakenOver": (flag(lambda row, _: func.coalesce(row.c.asTakenOver, literal_column("false"))), Boolean),
}


def _differences(row: FromClause, _: Sight, __: Mapping[str, BindParameter[Any]]) -> Select[Any]:
    """From the list that was written down with the survey, in its order."""
    listed = (
        func.jsonb_array_elements(row.c.differences)
        .table_valued(column("each", JSONB), with_ordinality="place")
        .render_derived(name="listed")
    )
    values = [cast(listed.c.each[name].astext, kind).label(name) for name, (_, kind) in _DIFFERENCE.items()]
    return select(*values, listed.c.place).order_by(listed.c.place).correlate(row)


SURVEY = Shape(
    name="Survey",
    table=surveys,
    fields={
        "id": id_of("Survey", surveys.c.id),
        "state": word(surveys.c.state),
        "requestedBy": text(surveys.c.requested_by_name),
        "requestedAt": time(surveys.c.requested_at),
        "finishedAt": time(surveys.c.finished_at),
        "problem": text(surveys.c.problem),
        "found": raw_json(surveys.c.found, weight=FOUND_WEIGHT),
    },
    relations={
        "account": One("VendorAccount", "connection_id", nullable=True),
        "bank": One("Bank", "bank_id", nullable=True),
        "differences": Items(
            {name: each for name, (each, _) in _DIFFERENCE.items()}, _differences, ("place",), most=500
        ),
    },
    order=LATEST,
    visible=survey_visible,
)
EXTENSIONS = [
    Extension(
        "Bank",
        fields={"sizeWords": raw_json(banks.c.size_words), "revision": number(banks.c.revision)},
        relations={
            "account": One("VendorAccount", "connection_id", nullable=True),
            "surveys": Many("Survey", "bank_id"),
        },
    ),
    Extension("VendorAccount", relations={"surveys": Many("Survey", "connection_id")}),
]
