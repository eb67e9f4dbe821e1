"""Reads of carrier grants that the core itself needs."""

from typing import Any

from sqlalchemy import ColumnElement, cast, func, select
from sqlalchemy.sql.selectable import LateralFromClause

from app.kit.tables import Uuid
from tenants.carriers.model import GrantState
from tenants.carriers.tables import grants


def operators(carrier: ColumnElement[Any]) -> LateralFromClause:
    """`tenants`: the operators with a grant to this carrier that is not revoked; NULL when there is none.

    Readable only where app.organization_id is that carrier.
    """
    return (
        select(func.array_agg(grants.c.tenant_id.distinct()).label("tenants"))
        .where(grants.c.carrier_id == cast(carrier, Uuid), grants.c.state != GrantState.REVOKED.value)
        .lateral("granted")
    )
