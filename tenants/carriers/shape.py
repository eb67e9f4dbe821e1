"""What can be read of carriers and of grants, and by whom."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BindParameter, FromClause, Integer, Select, Text, and_, cast, column, false, func, select
from sqlalchemy.dialects.postgresql import JSONB

from app.kit.reading.fields import flag, id_of, listed, number, text, time, uuid_of, word
from app.kit.reading.shape import Condition, Filter, Items, Many, One, Shape, Sight, Sort
from app.kit.tables import Uuid
from tenants.carriers.tables import carriers, grants
from tenants.policy import Permission
from tenants.scope import ORGANIZATION


def carrier_visible(scope: Any) -> Condition:
    """A carrier sees itself, once for each operator that knows it; an operator those it has ever granted something."""
    if scope.is_carrier:
        return carriers.c.carrier_id == ORGANIZATION
    if scope.is_recipient or Permission.CARRIER_READ not in scope.permissions:
        return false()
    seen: Condition = scope.own_tenant(carriers.c.tenant_id)
    return seen


def of_carrier(column: str) -> Filter:
    """Rows whose column holds the organization behind this carrier, at the operator that knows it by this id."""

    def condition(row: FromClause, value: Any, _: Sight) -> Condition:
        # Asked once for the whole statement, so that an index on tenant and carrier serves.
        c = carriers.alias()
        tenant, carrier = (
            select(c.c[name]).where(c.c.id == value).scalar_subquery() for name in ("tenant_id", "carrier_id")
        )
        return and_(row.c.tenant_id == tenant, row.c[column] == carrier)

    return Filter(condition, Uuid, lambda given: uuid_of(given, "Carrier"))


def grant_visible(scope: Any) -> Condition:
    if scope.is_recipient or Permission.GRANT_READ not in scope.permissions:
        return false()
    return grants.c.carrier_id == ORGANIZATION if scope.is_carrier else scope.own_tenant(grants.c.tenant_id)


def _windows(row: FromClause, _: Sight, __: Mapping[str, BindParameter[Any]]) -> Select[Any]:
    each = (
        func.jsonb_array_elements(row.c.windows)
        .table_valued(column("value", JSONB), with_ordinality="place", joins_implicitly=True)
        .render_derived()
    )
    return (
        select(
            each.c.value["days"].label("days"),
            each.c.value["from"].astext.label("opens"),
            each.c.value["to"].astext.label("closes"),
            each.c.place,
        )
        .select_from(each)
        .correlate(row)
    )


GRANT = Shape(
    name="Grant",
    table=grants,
    fields={
        "id": id_of("Grant", grants.c.id),
        "state": word(grants.c.state),
        "operations": listed(grants.c.operations),
        "allSites": flag(grants.c.all_sites),
        "allBanks": flag(grants.c.all_banks),
        "allSizes": flag(grants.c.all_sizes),
        "sizes": listed(grants.c.sizes),
        "validFrom": time(grants.c.valid_from),
        "validTo": time(grants.c.valid_to),
        "maxOpenStays": number(grants.c.max_open_stays),
        "maxDepositsPerDay": number(grants.c.max_deposits_per_day),
        "maxHoldHours": number(grants.c.max_hold_hours),
        "version": number(grants.c.version),
    },
    relations={
        "windows": Items(
            {
                "days": listed(lambda row, _: _numbers(row.c.days)),
                "from": text(lambda row, _: row.c.opens),
                "to": text(lambda row, _: row.c.closes),
            },
            _windows,
            ("place",),
        ),
        "carrier": One("Carrier", "carrier_id", "carrier_id"),
        "operator": One("Organization", "tenant_id"),
    },
    order=Sort(("created_at",), descending=True),
    visible=grant_visible,
)


def _numbers(days: Any) -> Any:
    """A JSON list of numbers as an array."""
    each = func.jsonb_array_elements_text(days).table_valued(column("value", Text)).render_derived()
    return func.array(select(cast(each.c.value, Integer)).select_from(each).scalar_subquery())


CARRIER = Shape(
    name="Carrier",
    table=carriers,
    fields={"id": id_of("Carrier", carriers.c.id), "name": text(carriers.c.name)},
    relations={"grants": Many("Grant", "carrier_id", "carrier_id")},
    order=Sort(("name",)),
    visible=carrier_visible,
)
