"""Reads of stays that the core itself needs."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Column, bindparam, func, literal_column, select

from app.devices.port import OrderKind
from app.kit.db import Conn, Row, Statement
from app.kit.tables import Time, Uuid
from app.parcels import queries as parcels
from app.parcels.model import FINAL, ParcelState
from app.stays.model import Flow, State, Stay, StayOutcome
from app.stays.shape import visible
from app.stays.tables import stays
from tenants.model import Actor
from tenants.scope import Scope, context_parameters

COLUMNS = [stays.c[name] for name in Stay.__slots__]
_TENANT = bindparam("tenant_id", type_=Uuid)


@cache
def _stay(scope: Scope) -> Statement:
    # Locked first: whatever is decided about a stay is decided by one act at a time.
    found = select(*COLUMNS).where(stays.c.id == bindparam("id", type_=Uuid), visible(scope))
    return Statement(found.with_for_update(key_share=True))


@cache
def lock(scope: Scope) -> Statement:
    """A stay that may be seen is held as `stay` would; no row. What stands behind it sees all that was done to it."""
    found = select(stays.c.id).where(stays.c.tenant_id == _TENANT, stays.c.id == bindparam("id_", type_=Uuid))
    held = found.where(visible(scope)).with_for_update(key_share=True).subquery("held")
    # Counted, or the server would see that no row can come of it and hold nothing.
    count = select(func.count().label("n")).select_from(held).subquery("counted")
    return Statement(select(count.c.n).where(count.c.n < 0))


_STANDING = Statement(
    select(*COLUMNS)
    .where(stays.c.tenant_id == _TENANT, stays.c.id == bindparam("id", type_=Uuid))
    .with_for_update(key_share=True)
)
_HOLDING = (
    select(*COLUMNS)
    .where(stays.c.tenant_id == _TENANT, stays.c.compartment_id == bindparam("compartment_id", type_=Uuid))
    .where(literal_column("stay.state <> 'RELEASED'"))
    .with_for_update(key_share=True)
)
_HOLDS = Statement(_HOLDING)
_IN = Statement(_HOLDING.where(stays.c.placed))
_OPEN_AT = Statement(
    select(*COLUMNS)
    .where(stays.c.tenant_id == _TENANT, stays.c.bank_id == bindparam("bank_id", type_=Uuid))
    .where(literal_column("stay.state <> 'RELEASED'"))
    .order_by(stays.c.id)
    .with_for_update(key_share=True)
)
_NOW = bindparam("now", type_=Time)
_EXPIRED = Statement(
    select(stays.c.tenant_id, stays.c.id)
    .where(stays.c.expires_at <= _NOW, literal_column("state IN ('HELD', 'ACCESS_ISSUED')"))
    .order_by(stays.c.expires_at)
    .limit(500)
)
_OVERDUE = Statement(
    select(stays.c.tenant_id, stays.c.id)
    .where(stays.c.deposit_expires_at <= _NOW, literal_column("state = 'DEPOSITED' AND overdue_at IS NULL"))
    .order_by(stays.c.deposit_expires_at)
    .limit(500)
)


_PLACES = Statement(
    select(stays.c.id, stays.c.compartment_id)
    .where(stays.c.tenant_id == _TENANT, stays.c.bank_id == bindparam("bank_id", type_=Uuid), stays.c.placed)
    .where(literal_column("stay.state <> 'RELEASED'"))
)


def _before_deposit(owner: Column[Any]) -> Statement:
    return Statement(
        select(stays.c.id)
        .where(stays.c.tenant_id == _TENANT, owner == bindparam("owner", type_=Uuid))
        .where(literal_column("state IN ('HELD', 'ACCESS_ISSUED')"))
        .order_by(stays.c.created_at, stays.c.id)
    )


_OF_CARRIER, _OF_BANK = _before_deposit(stays.c.carrier_id), _before_deposit(stays.c.bank_id)
_OPEN_OF_CARRIER = Statement(
    select(func.count()).where(
        stays.c.tenant_id == _TENANT, stays.c.carrier_id == bindparam("carrier_id", type_=Uuid),
        literal_column("stay.state <> 'RELEASED'"),
    )
)  # fmt: skip


async def before_deposit(
    conn: Conn, tenant_id: UUID, *, carrier: UUID | None = None, bank: UUID | None = None
) -> list[UUID]:
    """Stays of a carrier, or of a bank, that have their compartment and no parcel yet, the oldest first."""
    statement, owner = (_OF_CARRIER, carrier) if bank is None else (_OF_BANK, bank)
    return [row["id"] for row in await statement.rows(conn, tenant_id=tenant_id, owner=owner)]


async def stay(conn: Conn, actor: Actor, id: UUID) -> Stay | None:
    """The stay, locked for this act; None when there is none, or none this actor may see."""
    row = await _stay(Scope.of(actor)).row(conn, id=id, **context_parameters(actor))
    return stay_of(row) if row else None


async def standing(conn: Conn, tenant_id: UUID, id: UUID) -> Stay | None:
    """For the product's own acts: locked, whoever may see it."""
    row = await _STANDING.row(conn, tenant_id=tenant_id, id=id)
    return stay_of(row) if row else None


async def open_in(conn: Conn, tenant_id: UUID, compartment_id: UUID) -> Stay | None:
    """The stay that has the compartment now, locked."""
    row = await _IN.row(conn, tenant_id=tenant_id, compartment_id=compartment_id)
    return stay_of(row) if row else None


async def open_at(conn: Conn, tenant_id: UUID, bank_id: UUID) -> list[Stay]:
    """The stays a bank has now, locked."""
    return [stay_of(row) for row in await _OPEN_AT.rows(conn, tenant_id=tenant_id, bank_id=bank_id)]


async def places_at(conn: Conn, tenant_id: UUID, bank_id: UUID) -> dict[UUID, UUID]:
    """Of a bank: open stay -> the compartment it has."""
    rows = await _PLACES.rows(conn, tenant_id=tenant_id, bank_id=bank_id)
    return {row["id"]: row["compartment_id"] for row in rows}


async def told(conn: Conn, stay: Stay, kind: OrderKind) -> list[tuple[OrderKind, list[dict[str, object]]]]:
    """What a vendor is told, with the parcels it is about. A release names those that have left, and all when the stay
    has ended: by then somebody else may have the place. A reservation is for one parcel; the others are added to it."""
    rows = await parcels.of_stay(conn, stay.tenant_id, stay.id)
    of_interest = {
        OrderKind.DEPOSIT: frozenset({ParcelState.IN_LOCKER}),
        OrderKind.RELEASE: frozenset(ParcelState) if stay.state is State.RELEASED else FINAL,
    }.get(kind, frozenset({ParcelState.ALLOCATED, ParcelState.IN_LOCKER}))
    listed = [
        {"tracking": row["tracking"], "secondary": row["secondary_tracking"]}
        for row in rows
        if row["state"] in of_interest
    ]
    if kind is not OrderKind.RESERVE or len(listed) < 2:
        return [(kind, listed)]
    return [(kind, listed[:1]), (OrderKind.EXTEND, listed)]


async def holding(conn: Conn, tenant_id: UUID, compartment_id: UUID) -> Stay | None:
    """The stay that has the compartment, or has a claim to it that may yet be moved; locked."""
    row = await _HOLDS.row(conn, tenant_id=tenant_id, compartment_id=compartment_id)
    return stay_of(row) if row else None


async def expired(conn: Conn, now: datetime) -> list[Row]:
    return await _EXPIRED.rows(conn, now=now)


async def overdue(conn: Conn, now: datetime) -> list[Row]:
    return await _OVERDUE.rows(conn, now=now)


async def open_of_carrier(conn: Conn, tenant_id: UUID, carrier_id: UUID) -> int:
    found: int = await _OPEN_OF_CARRIER.value(conn, tenant_id=tenant_id, carrier_id=carrier_id)
    return found


def stay_of(row: Row | Mapping[str, Any]) -> Stay:
    given = {name: row[name] for name in Stay.__slots__}
    outcome = row["outcome"]
    given |= {
        "flow": Flow(row["flow"]),
        "state": State(row["state"]),
        "outcome": StayOutcome(outcome) if outcome else None,
    }
    return Stay(**given)
