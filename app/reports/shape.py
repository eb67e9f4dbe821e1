"""What can be read of exports and of use by the hour, and by whom."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BindParameter, FromClause, Select, Text, and_, case, cast, false, select, true

from app.kit.reading.fields import equal, id_of, late, number, raw_json, text, time, word
from app.kit.reading.shape import Condition, Extension, Items, Shape, Sight, Sort
from app.kit.tables import Time
from app.lockers.model import Size
from app.reports.tables import exports, occupancy_hours
from tenants.policy import Permission
from tenants.scope import MEMBERSHIP

# Two months of hours in all four sizes.
MOST_HOURS = 6_000


def visible(scope: Any) -> Condition:
    """All of the tenant's for members of all its sites; everybody else only what they asked for themselves."""
    covered: Condition = scope.covers(Permission.EXPORT_READ, exports.c.tenant_id, None)
    if scope.is_outside or not scope.all_sites:
        return and_(covered, exports.c.membership_id == MEMBERSHIP)
    return covered


def _utilisation(row: FromClause, sight: Sight, given: Mapping[str, BindParameter[Any]]) -> Select[Any]:
    h = occupancy_hours.alias()
    # How busy a site is, is the operator's to know.
    mine = false() if sight.scope.is_outside else true()
    place = case({size.value: at for at, size in enumerate(Size)}, value=h.c.size).label("place")
    found = select(h, place).where(
        h.c.tenant_id == row.c.tenant_id, h.c.site_id == row.c.id, h.c.hour >= given["since"], mine
    )
    return found.order_by(h.c.hour, place).limit(MOST_HOURS).correlate(row)


EXPORT = Shape(
    name="Export",
    table=exports,
    fields={
        "id": id_of("Export", exports.c.id),
        "kind": word(exports.c.kind),
        "format": word(exports.c.format),
        "state": word(exports.c.state),
        "rows": number(exports.c.rows),
        "expectedRows": number(exports.c.expected_rows),
        "bytes": number(exports.c.bytes),
        "sha256": text(exports.c.sha256),
        "createdAt": time(exports.c.created_at),
        "finishedAt": time(exports.c.finished_at),
        "expiresAt": time(exports.c.expires_at),
        "failure": text(exports.c.failure),
        "requestedBy": text(exports.c.requested_by_name),
        "filter": raw_json(exports.c.filter),
        "downloadUrl": late("downloadUrl", lambda row, _: case((row.c.state == "DONE", cast(row.c.id, Text)))),
    },
    filters={"kind": equal("kind"), "state": equal("state")},
    order=Sort(("created_at",), descending=True),
    visible=visible,
)

EXTENSIONS = [
    Extension(
        "Site",
        relations={
            "utilisation": Items(
                {
                    "hour": time(lambda row, _: row.c.hour),
                    "size": word(lambda row, _: row.c.size),
                    "compartments": number(lambda row, _: row.c.compartments),
                    "usedSeconds": number(lambda row, _: row.c.used_seconds),
                },
                _utilisation,
                ("hour", "place"),
                {"since": Time},
                most=MOST_HOURS,
            )
        },
    )
]
