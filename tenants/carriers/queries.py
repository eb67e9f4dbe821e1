"""Reads of carrier grants that the core itself needs.

Sites, compartments and stays stand above the tenants in the order of imports: what a decision needs of them is named
here by table and column, and read only.
"""

from datetime import time
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    column,
    func,
    literal,
    or_,
    outerjoin,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import LateralFromClause

from app.kit.db import Row, Statement
from app.kit.tables import Time, Uuid
from tenants.carriers.model import Grant, GrantState, Operation, Terms, Window
from tenants.carriers.tables import carriers, grants
from tenants.policy import Permission
from tenants.scope import Scope

_site = table("site", column("tenant_id", Uuid), column("id", Uuid), column("timezone", Text))
_bank = table("bank", column("tenant_id", Uuid), column("id", Uuid), column("site_id", Uuid))
COMPARTMENT = table(
    "compartment",
    *(column(name, Uuid) for name in ("tenant_id", "id", "site_id", "bank_id")),
    column("size", Text),
)
_stay = table(
    "stay",
    *(column(name, Uuid) for name in ("tenant_id", "site_id", "bank_id", "compartment_id", "carrier_id")),
    column("state", Text),
    column("deposited_at", Time),
)

_TENANT = bindparam("of_tenant", type_=Uuid)
_CARRIER = bindparam("of_carrier", type_=Uuid)
_IDS = any_(bindparam("ids", type_=ARRAY(Uuid)))


def operators(carrier: ColumnElement[Any]) -> LateralFromClause:
    """`tenants`: the operators with a grant to this carrier that is not revoked; NULL when there is none.

    Readable only where app.organization_id is that carrier.
    """
    return (
        select(func.array_agg(grants.c.tenant_id.distinct()).label("tenants"))
        .where(grants.c.carrier_id == cast(carrier, Uuid), grants.c.state != GrantState.REVOKED.value)
        .lateral("granted")
    )


# The site's zone, the database's clock, and a row for each grant of the carrier at this operator (or one row without).
AT_SITE = Statement(
    select(_site.c.timezone, func.now().label("at"), *grants.c)
    .select_from(
        outerjoin(
            _site,
            grants,
            and_(
                grants.c.tenant_id == _site.c.tenant_id,
                grants.c.carrier_id == _CARRIER,
                grants.c.state != GrantState.REVOKED.value,
            ),
        )
    )
    .where(_site.c.tenant_id == _TENANT, _site.c.id == bindparam("site_id", type_=Uuid))
    .order_by(grants.c.id)
)
# Whoever counts a quota holds its grant until commit: two cannot both take the last place.
LOCK = Statement(
    select(grants)
    .where(grants.c.tenant_id == _TENANT, grants.c.id == _IDS)
    .order_by(grants.c.id)
    .with_for_update(key_share=True)
)


def _count(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """Stays of the carrier within the grant's selectors."""
    return (
        select(func.count())
        .select_from(
            _stay.join(
                COMPARTMENT,
                and_(COMPARTMENT.c.tenant_id == _stay.c.tenant_id, COMPARTMENT.c.id == _stay.c.compartment_id),
            )
        )
        .where(
            _stay.c.tenant_id == grants.c.tenant_id,
            _stay.c.carrier_id == grants.c.carrier_id,
            or_(grants.c.all_sites, _stay.c.site_id == any_(grants.c.site_ids)),
            or_(grants.c.all_banks, _stay.c.bank_id == any_(grants.c.bank_ids)),
            or_(grants.c.all_sizes, COMPARTMENT.c.size == any_(grants.c.sizes)),
            *conditions,
        )
        .correlate(grants)
        .scalar_subquery()
    )


_zone = bindparam("zone", type_=Text)
_midnight = func.timezone(_zone, func.date_trunc("day", func.timezone(_zone, func.now())))
USAGE = Statement(
    select(
        grants.c.id,
        _count(_stay.c.state != "RELEASED").label("open_stays"),
        _count(_stay.c.deposited_at >= _midnight).label("deposits_today"),
    ).where(grants.c.tenant_id == _TENANT, grants.c.id == _IDS)
)
FIND = Statement(select(grants).where(grants.c.tenant_id == _TENANT, grants.c.id == bindparam("id_", type_=Uuid)))
KNOWN_SITES = Statement(select(_site.c.id).where(_site.c.tenant_id == _TENANT, _site.c.id == _IDS))
KNOWN_BANKS = Statement(select(_bank.c.id, _bank.c.site_id).where(_bank.c.tenant_id == _TENANT, _bank.c.id == _IDS))
HAS_OWN_STAY = Statement(
    select(literal(1)).where(
        _stay.c.tenant_id == _TENANT,
        _stay.c.compartment_id == bindparam("compartment_id", type_=Uuid),
        _stay.c.carrier_id == _CARRIER,
        _stay.c.state != "RELEASED",
    )
)


def grant_of(row: Row) -> Grant:
    def chosen(everything: bool, some: list[Any]) -> frozenset[Any] | None:
        return None if everything else frozenset(some)

    # asyncpg's uuids compare and hash as uuids do.
    terms = Terms(
        operations=frozenset(Operation(word) for word in row["operations"]),
        sites=chosen(row["all_sites"], row["site_ids"]),
        banks=chosen(row["all_banks"], row["bank_ids"]),
        sizes=chosen(row["all_sizes"], row["sizes"]),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        windows=tuple(window_of(each) for each in row["windows"]),
        max_open_stays=row["max_open_stays"],
        max_deposits_per_day=row["max_deposits_per_day"],
        max_hold_hours=row["max_hold_hours"],
    )
    return Grant(UUID(int=row["id"].int), GrantState(row["state"]), terms)


def window_of(given: dict[str, Any]) -> Window:
    """From the stored form `{"days": [1..7], "from": "08:00", "to": "18:00"}`. Raises ValueError for no such times."""
    return Window(frozenset(given["days"]), time.fromisoformat(given["from"]), time.fromisoformat(given["to"]))


@cache
def visible_compartment(scope: Scope) -> Statement:
    """Where a compartment stands, if `scope` sees it: the operator's members by site, a carrier's by grant."""
    c = COMPARTMENT.c
    seen = scope.covers(Permission.SITE_READ, c.tenant_id, c.site_id)
    if scope.is_carrier:
        granted = scope.granted(Operation.VIEW_AVAILABILITY, c.tenant_id, c.site_id, c.bank_id, c.size)
        seen = and_(seen, granted)
    return Statement(select(COMPARTMENT).where(c.id == bindparam("compartment_id", type_=Uuid), seen))


KNOWN_CARRIER = Statement(
    select(carriers.c.carrier_id).where(carriers.c.tenant_id == _TENANT, carriers.c.id == bindparam("id_", type_=Uuid))
)
