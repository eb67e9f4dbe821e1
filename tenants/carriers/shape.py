"""What can be read of carriers and of grants, and by whom."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BindParameter, FromClause, Integer, Select, Text, and_, cast, column, false, func, select
from sqlalchemy.dialects.postgresql import JSONB

from app.kit.reading.fields import flag, id_of, listed, number, text, time, word
from app.kit.reading.shape import Condition, Items, Many, One, Shape, Sight, Sort
from tenants.carriers.tables import grants
from tenants.identity.tables import organizations
from tenants.model import OrganizationKind
from tenants.policy import Permission
from tenants.scope import ORGANIZATION


def carrier_visible(scope: Any) -> Condition:
    """A carrier sees itself; an operator the carriers it has ever granted something; nobody sees how many there are."""
    o = organizations.c
    is_carrier = o.kind == OrganizationKind.CARRIER.value
    if scope.is_carrier:
        return and_(is_carrier, o.id == ORGANIZATION)
    if scope.is_recipient or Permission.CARRIER_READ not in scope.permissions:
        return false()
    g = grants.alias()
    return and_(is_carrier, select(1).where(g.c.tenant_id == ORGANIZATION, g.c.carrier_id == o.id).exists())


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
        "carrier": One("Carrier", "carrier_id"),
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
    table=organizations,
    fields={"id": id_of("Carrier", organizations.c.id), "name": text(organizations.c.name)},
    relations={"grants": Many("Grant", "carrier_id")},
    order=Sort(("name",)),
    visible=carrier_visible,
)
