"""Reads of banks and compartments that the core itself needs, each within a scope."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    FromClause,
    Text,
    and_,
    any_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)

from app.kit.db import Conn, Row, Statement
from app.kit.tables import Time, Uuid
from app.lockers.model import Bank, Compartment, DoorState, Service, Size, Use
from app.lockers.shape import bank_visible, compartment_visible
from app.lockers.tables import banks, compartments
from tenants.model import Actor
from tenants.scope import Scope, context_parameters

BANK_COLUMNS = (
    banks.c.tenant_id, banks.c.id, banks.c.site_id, banks.c.connection_id, banks.c.vendor, banks.c.external_id,
    banks.c.label, banks.c.poll_seconds, banks.c.capabilities, banks.c.unreachable_since,
    banks.c.revision, banks.c.blind_allocation, banks.c.differs_since,
    or_(banks.c.last_contact_at.is_not(None), banks.c.capabilities != literal_column("'{}'")).label("known"),
)  # fmt: skip
_BANK_NAMES = tuple(column.name for column in BANK_COLUMNS)
_DOOR = ("id", "external_id", "label", "size", "use", "service", "door")
# What `compartment_of` reads.
DOOR_COLUMNS = (*BANK_COLUMNS, *(compartments.c[name].label(f"door_{name}") for name in _DOOR))
_OF_BANK = and_(compartments.c.tenant_id == banks.c.tenant_id, compartments.c.bank_id == banks.c.id)


@cache
def _bank(scope: Scope) -> Statement:
    return Statement(select(*BANK_COLUMNS).where(banks.c.id == bindparam("id", type_=Uuid), bank_visible(scope)))


def asked_bank(scope: Scope) -> CTE:
    """Part of a stay's own statement: the bank `bank_id`, for whoever may see it."""
    found = select(*BANK_COLUMNS).where(banks.c.id == bindparam("bank_id", type_=Uuid), bank_visible(scope))
    return found.cte("asked")


def chooses(bank: CTE) -> ColumnElement[bool]:
    """As Bank.vendor_chooses."""
    return func.coalesce(bank.c.capabilities["VENDOR_ASSIGNS_UNIT"].astext, "ABSENT") != "ABSENT"


@cache
def _compartment(scope: Scope) -> Statement:
    return Statement(
        select(*DOOR_COLUMNS)
        .join_from(compartments, banks, _OF_BANK)
        .where(compartments.c.id == bindparam("id", type_=Uuid), compartment_visible(scope))
    )


_THIS_BANK = (banks.c.tenant_id == bindparam("tenant_id", type_=Uuid), banks.c.id == bindparam("id", type_=Uuid))
_OF_CONNECTION = Statement(
    select(func.count()).where(
        banks.c.tenant_id == bindparam("tenant_id", type_=Uuid),
        banks.c.connection_id == bindparam("connection_id", type_=Uuid),
    )
)
_BANKS_OF = Statement(
    select(*BANK_COLUMNS).where(
        banks.c.tenant_id == bindparam("tenant_id", type_=Uuid),
        banks.c.connection_id == bindparam("connection_id", type_=Uuid),
    )
)
_WORDS = Statement(select(banks.c.size_words).where(*_THIS_BANK))
_BEHIND = Statement(
    select(*BANK_COLUMNS).where(
        banks.c.tenant_id == bindparam("tenant_id", type_=Uuid),
        banks.c.connection_id == any_(bindparam("connection_ids", type_=ARRAY(Uuid))),
        banks.c.external_id == bindparam("external_id", type_=Text),
    )
)
_LIKENESS = Statement(select(banks.c.likeness).where(*_THIS_BANK))
_KEPT = Statement(select(*BANK_COLUMNS).where(*_THIS_BANK))
_AS_KEPT = Statement(select(banks.c.revision).where(*_THIS_BANK).with_for_update(read=True))
_HOLD_DOORS = Statement(
    select(compartments.c.id)
    .where(compartments.c.tenant_id == bindparam("tenant_id", type_=Uuid))
    .where(compartments.c.bank_id == bindparam("id", type_=Uuid))
    .order_by(compartments.c.id)
    .with_for_update(key_share=True)
)
# The strongest lock there is: what refers to the bank, such as a new command, waits for it too.
_HOLD_BANK = Statement(select(banks.c.revision).where(*_THIS_BANK).with_for_update())
_FLEET = Statement(select(*BANK_COLUMNS))
_HOLD = Statement(
    select(compartments.c.id)
    .where(compartments.c.tenant_id == bindparam("tenant_id", type_=Uuid))
    .where(compartments.c.id == any_(bindparam("ids", type_=ARRAY(Uuid))))
    .order_by(compartments.c.id)
    .with_for_update(key_share=True)
)
_STANDING = Statement(
    select(*DOOR_COLUMNS)
    .join_from(compartments, banks, _OF_BANK)
    .where(compartments.c.tenant_id == bindparam("tenant_id", type_=Uuid), compartments.c.id == bindparam("id"))
)
_NAMED = Statement(
    select(*BANK_COLUMNS, *[compartments.c[name].label(f"door_{name}") for name in _DOOR])
    .join_from(compartments, banks, _OF_BANK)
    .where(compartments.c.tenant_id == bindparam("tenant_id", type_=Uuid))
    .where(compartments.c.bank_id == bindparam("bank_id", type_=Uuid))
    .where(compartments.c.external_id == bindparam("unit", type_=Text))
)
_DOORS = Statement(
    select(
        compartments.c.id, compartments.c.external_id, compartments.c.label, compartments.c.door, compartments.c.size,
        compartments.c.accessible, compartments.c.row_no, compartments.c.column_no,
        compartments.c.openings, compartments.c.item_present, compartments.c.service, compartments.c.use,
        compartments.c.door_open_since, compartments.c.withheld,
    )
    .where(compartments.c.tenant_id == bindparam("tenant_id", type_=Uuid))
    .where(compartments.c.bank_id == bindparam("bank_id", type_=Uuid))
)  # fmt: skip


_PUT_BACK = Statement(
    select(compartments.c.id).where(
        compartments.c.tenant_id == bindparam("tenant_id", type_=Uuid),
        compartments.c.id == any_(bindparam("ids", type_=ARRAY(Uuid))),
        compartments.c.service == Service.IN_SERVICE.value,
    )
)
_USED_BEHIND = Statement(
    select(banks.c.external_id, func.count().label("doors"))
    .join_from(compartments, banks, _OF_BANK)
    .where(banks.c.connection_id == bindparam("connection_id", type_=Uuid), compartments.c.use != Use.FREE.value)
    .group_by(banks.c.external_id)
)
_HELD_OPEN = Statement(
    select(
        compartments.c.tenant_id, compartments.c.site_id, compartments.c.bank_id, compartments.c.id,
        compartments.c.label, compartments.c.door_open_since,
    )
    .where(literal_column("compartment.door = 'OPEN'"))
    .where(compartments.c.door_open_since <= bindparam("before", type_=Time))
)  # fmt: skip


def with_doors(stay: CTE) -> FromClause:
    """Part of a stay's own statement: its rows with their compartments and banks, as they were before it."""
    own = and_(compartments.c.tenant_id == stay.c.tenant_id, compartments.c.id == stay.c.compartment_id)
    return stay.join(compartments, own).join(banks, _OF_BANK)


def kept_as(tenant: ColumnElement[UUID], bank_id: ColumnElement[UUID], revision: ColumnElement[int]) -> Any:
    """Part of a command's own statement: doors and line of its bank are those that whoever keeps it knows."""
    this = and_(banks.c.tenant_id == tenant, banks.c.id == bank_id, banks.c.revision == revision)
    return select(1).where(this).exists()


async def held_open(conn: Conn, before: datetime) -> list[Row]:
    """Doors that have stood open since then, of every tenant. For the worker."""
    return await _HELD_OPEN.rows(conn, before=before)


async def bank(conn: Conn, actor: Actor, id: UUID) -> Bank | None:
    """None when there is none, or none this actor may see."""
    row = await _bank(Scope.of(actor)).row(conn, id=id, **context_parameters(actor))
    return bank_of(row) if row else None


async def compartment(conn: Conn, actor: Actor, id: UUID) -> Compartment | None:
    """None when there is none, or none this actor may see."""
    row = await _compartment(Scope.of(actor)).row(conn, id=id, **context_parameters(actor))
    return compartment_of(row) if row else None


async def standing(conn: Conn, tenant_id: UUID, id: UUID) -> Compartment | None:
    """For acts whose right to this compartment was settled by something else, such as a stay in it."""
    row = await _STANDING.row(conn, tenant_id=tenant_id, id=id)
    return compartment_of(row) if row else None


async def named(conn: Conn, tenant_id: UUID, bank_id: UUID, unit: str) -> Compartment | None:
    """The compartment that a bank's vendor knows by this id."""
    row = await _NAMED.row(conn, tenant_id=tenant_id, bank_id=bank_id, unit=unit)
    return compartment_of(row) if row else None


async def kept(conn: Conn, bank: Bank) -> Bank | None:
    """The bank as it is written down now; None when it was deleted."""
    return await by_id(conn, bank.tenant_id, bank.id)


async def unrevised(conn: Conn, bank: Bank) -> bool:
    """Whether the way to the bank is what it was when it was read; nobody changes it before this act ends."""
    now: int | None = await _AS_KEPT.value(conn, tenant_id=bank.tenant_id, id=bank.id)
    return now == bank.revision


async def hold_bank(conn: Conn, bank: Bank) -> bool:
    """Its doors, and then itself: until this act ends nobody takes one of them or asks a command of the bank. False
    when the way to it is no longer what it was when it was read."""
    given = {"tenant_id": bank.tenant_id, "id": bank.id}
    await _HOLD_DOORS.rows(conn, **given)
    now: int | None = await _HOLD_BANK.value(conn, **given)
    return now == bank.revision


async def by_id(conn: Conn, tenant_id: UUID, id: UUID) -> Bank | None:
    """For what was settled by something else, such as a survey somebody was allowed to ask for."""
    row = await _KEPT.row(conn, tenant_id=tenant_id, id=id)
    return bank_of(row) if row else None


async def size_words(conn: Conn, bank: Bank) -> dict[str, str]:
    """The vendor's words for sizes -> ours, at this bank."""
    found: dict[str, str] | None = await _WORDS.value(conn, tenant_id=bank.tenant_id, id=bank.id)
    return found or {}


async def behind(conn: Conn, tenant_id: UUID, connection_ids: list[UUID], external_id: str) -> Bank | None:
    """The bank that one of these connections has under this id."""
    row = await _BEHIND.row(conn, tenant_id=tenant_id, connection_ids=connection_ids, external_id=external_id)
    return bank_of(row) if row else None


async def likeness(conn: Conn, bank: Bank) -> dict[str, dict[str, str]] | None:
    """What the bank is known by; None before its first look."""
    found: dict[str, dict[str, str]] | None = await _LIKENESS.value(conn, tenant_id=bank.tenant_id, id=bank.id)
    return found


async def put_back(conn: Conn, bank: Bank, ids: list[UUID]) -> set[UUID]:
    """Which of these compartments are in service by our record."""
    return {row["id"] for row in await _PUT_BACK.rows(conn, tenant_id=bank.tenant_id, ids=ids)}


async def used_behind(conn: Conn, connection_id: UUID) -> dict[str, int]:
    """A bank's id at its vendor -> how many of its doors are in use. For the worker's role."""
    rows = await _USED_BEHIND.rows(conn, connection_id=connection_id)
    return {row["external_id"]: row["doors"] for row in rows}


async def fleet(conn: Conn) -> list[Bank]:
    """Every bank there is. Only the worker's role sees more than one tenant."""
    return [bank_of(row) for row in await _FLEET.rows(conn)]


async def doors(conn: Conn, bank: Bank) -> list[Row]:
    """What is known of each door of a bank."""
    return await _DOORS.rows(conn, tenant_id=bank.tenant_id, bank_id=bank.id)


def bank_of(row: Row, prefix: str = "") -> Bank:
    return Bank(**{name: row[prefix + name] for name in _BANK_NAMES})


def compartment_of(row: Row) -> Compartment:
    return Compartment(
        row["door_id"], row["door_external_id"], row["door_label"], Size(row["door_size"]), Use(row["door_use"]),
        Service(row["door_service"]), DoorState(row["door_door"]), bank_of(row),
    )  # fmt: skip


async def banks_of(conn: Conn, tenant_id: UUID, connection_id: UUID) -> list[Bank]:
    """The banks behind a connection."""
    rows = await _BANKS_OF.rows(conn, tenant_id=tenant_id, connection_id=connection_id)
    return [bank_of(row) for row in rows]


async def of_connection(conn: Conn, tenant_id: UUID, connection_id: UUID) -> int:
    """How many banks stand behind a connection."""
    found: int = await _OF_CONNECTION.value(conn, tenant_id=tenant_id, connection_id=connection_id)
    return found


async def hold(conn: Conn, tenant_id: UUID, ids: Sequence[UUID]) -> None:
    """Before several doors are changed in one act: whoever does that takes them in one order, not in a plan's."""
    if len(ids) > 1:
        await _HOLD.rows(conn, tenant_id=tenant_id, ids=list(ids))
