"""Reads of commands and connections that the core itself needs."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from itertools import takewhile
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, any_, bindparam, cast, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.devices.model import TOOK_EFFECT, Command, CommandState, Purpose
from app.devices.port import OrderKind
from app.devices.shape import account_visible, visible
from app.devices.tables import commands, connections
from app.kit.db import Conn, Row, Statement
from app.kit.tables import Time, Uuid
from tenants.model import Actor
from tenants.scope import Scope, context_parameters

_COLUMNS = [commands.c[name] for name in Command.__slots__]
_TENANT = bindparam("tenant_id", type_=Uuid)


def _place(address: ColumnElement[str]) -> ColumnElement[str]:
    return func.rtrim(func.lower(address), "/")


_OF_BANK = and_(commands.c.tenant_id == _TENANT, commands.c.bank_id == bindparam("bank_id", type_=Uuid))
_OF_STAY = and_(commands.c.tenant_id == _TENANT, commands.c.stay_id == bindparam("stay_id", type_=Uuid))
_TOLD_THIS = and_(_OF_STAY, commands.c.kind == bindparam("kind", type_=Text))
_HERE: ColumnElement[bool] = literal_column("state = 'REQUESTED'")
_UNSETTLED_YET: ColumnElement[bool] = literal_column("NOT settled")
_OUT = and_(_UNSETTLED_YET, commands.c.state != CommandState.REQUESTED.value)
_OPENS = commands.c.kind == OrderKind.OPEN.value


def _listed(*where: ColumnElement[bool]) -> Statement:
    return Statement(select(*_COLUMNS).where(*where).order_by(commands.c.requested_at, commands.c.id))


def _counted(*where: ColumnElement[bool]) -> Statement:
    return Statement(select(func.count()).where(*where))


_WAITING = _listed(commands.c.bank_id == bindparam("bank_id", type_=Uuid), _HERE)
_OF_CARRIER = _listed(
    commands.c.tenant_id == _TENANT, commands.c.carrier_id == bindparam("carrier_id", type_=Uuid), _HERE
)
_WATCHED = _listed(_OF_BANK, _OUT)
# The order a door's movement may belong to: on its way, or given up on so lately that it may still take effect.
_LATELY = and_(commands.c.state == CommandState.UNCONFIRMED.value, commands.c.sent_at > bindparam("since", type_=Time))
_OPENING = Statement(
    select(*_COLUMNS)
    .where(commands.c.tenant_id == _TENANT, commands.c.compartment_id == bindparam("compartment_id", type_=Uuid))
    .where(_OPENS, or_(_OUT, _LATELY))
    .order_by(commands.c.requested_at.desc())
    .limit(1)
)
_UNDER_WAY = Statement(
    select(commands.c.state).where(
        _OF_STAY, commands.c.kind == any_(bindparam("kinds", type_=ARRAY(commands.c.kind.type))), _OUT
    )
)
_TOLD = _counted(_TOLD_THIS)
# Both are asked for only once something is inside; what staff ask for by overriding is by no carrier's right.
_ITS_CARRIER_ASKED = or_(
    commands.c.purpose == Purpose.COLLECTION.value,
    and_(commands.c.purpose == Purpose.OVERRIDE.value, commands.c.parameters["operation"].astext.is_not(None)),
)
_OPENED_TO_TAKE = _counted(_OF_STAY, _OPENS, commands.c.opened_at.is_not(None), _ITS_CARRIER_ASKED)
_FOR_ITS_PARCEL = and_(_OPENS, commands.c.purpose == Purpose.DEPOSIT.value)
_OPENINGS = Statement(select(commands.c.state).where(_OF_STAY, _FOR_ITS_PARCEL))
_PENDING = _counted(_TOLD_THIS, _UNSETTLED_YET)
# Two acts of one account at one bank count one after the other: neither would see what the other has not committed.
_ONE_AT_A_TIME = Statement(
    select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("account", type_=Text), literal_column("0"))))
)
_ALONE = _counted(
    commands.c.tenant_id == _TENANT, _OPENS, commands.c.stay_id.is_(None),
    commands.c.compartment_id == any_(bindparam("compartment_ids", type_=ARRAY(Uuid))),
    commands.c.requested_at > bindparam("since", type_=Time),
    commands.c.requested_by == bindparam("account_id", type_=Uuid),
    commands.c.parameters["opening"].astext.is_(None),
)  # fmt: skip
_LATEST = (commands.c.requested_at.desc(), commands.c.id.desc())
_CAME_OF = Statement(select(commands.c.kind, commands.c.state).where(_OF_STAY).order_by(*_LATEST))
# Accounts differ in credentials; the address says which vendor, or which box, it is.
_THEIRS = connections.alias("theirs")
_SAME_ADDRESS = Statement(
    select(_THEIRS.c.id)
    .join_from(connections, _THEIRS, connections.c.tenant_id == _THEIRS.c.tenant_id)
    .where(connections.c.tenant_id == _TENANT, connections.c.id == bindparam("id", type_=Uuid))
    .where(connections.c.vendor == _THEIRS.c.vendor)
    .where(_place(connections.c.base_url) == _place(_THEIRS.c.base_url))
)
_CODE_ASKED = Statement(
    select(commands.c.id)
    .where(_OF_STAY, commands.c.kind == OrderKind.DEPOSIT.value, literal_column("parameters ? 'for_code'"))
    .order_by(commands.c.requested_at, commands.c.id)
    .limit(1)
)
_UNSETTLED = _counted(_OF_BANK, _UNSETTLED_YET)
_SENT_EVER = _counted(_TOLD_THIS, commands.c.sent_at.is_not(None), commands.c.state != CommandState.EXPIRED.value)
_BY_STATE = Statement(
    select(commands.c.state, func.count().label("count")).where(~commands.c.settled).group_by(commands.c.state)
)
_BANKS_WAITING = Statement(select(commands.c.bank_id).where(_HERE).distinct())
_ONE = Statement(select(*_COLUMNS).where(commands.c.tenant_id == _TENANT, commands.c.id == bindparam("id", type_=Uuid)))
_LINE = [connections.c[name] for name in ("tenant_id", "id", "vendor", "base_url", "settings", "secret_sealed")]
_NAMED = Statement(select(*_LINE).where(connections.c.id == bindparam("id", type_=Uuid)))
_CONNECTION = Statement(
    select(*_LINE).where(connections.c.tenant_id == _TENANT, connections.c.id == bindparam("id", type_=Uuid))
)


@cache
def _account(scope: Scope) -> Statement:
    return Statement(
        select(*_LINE, connections.c.name)
        .where(connections.c.id == bindparam("id", type_=Uuid), account_visible(scope))
        .with_for_update()
    )


@cache
def _seen(scope: Scope) -> Statement:
    return Statement(select(*_COLUMNS).where(commands.c.id == bindparam("id", type_=Uuid), visible(scope)))


async def seen(conn: Conn, actor: Actor, id: UUID) -> Command | None:
    """The command, for whoever may see it."""
    row = await _seen(Scope.of(actor)).row(conn, id=id, **context_parameters(actor))
    return command_of(row) if row else None


async def account(conn: Conn, actor: Actor, id: UUID) -> Row | None:
    """The row, locked for this act; None when there is none, or none this actor may see."""
    return await _account(Scope.of(actor)).row(conn, id=id, **context_parameters(actor))


def none_under_way(tenant: ColumnElement[UUID], stay_id: ColumnElement[UUID], kinds: ColumnElement[Any]) -> Any:
    """Part of a stay's own statement: nothing of these kinds was asked for it that may still do something. A way in
    that was issued may, however long ago it was."""
    asked = select(1).where(commands.c.tenant_id == tenant, commands.c.stay_id == stay_id)
    alive = or_(literal_column("NOT settled"), commands.c.kind == OrderKind.ISSUE_ACCESS.value)
    return ~asked.where(commands.c.kind == any_(kinds), alive).exists()


def none_opened(tenant: ColumnElement[UUID], stay_id: ColumnElement[UUID]) -> Any:
    """Part of a stay's own statement: by all that is written down its door was not opened for its parcel."""
    asked = select(1).where(commands.c.tenant_id == tenant, commands.c.stay_id == stay_id, _FOR_ITS_PARCEL)
    return ~asked.where(or_(*(commands.c.state == state.value for state in sorted(TOOK_EFFECT)))).exists()


def nothing_asked(
    tenant: ColumnElement[UUID], bank_id: ColumnElement[UUID], compartment_id: ColumnElement[UUID]
) -> Any:
    """Part of a compartment's own statement: nothing asked of it is still to be settled."""
    asked = select(1).where(
        commands.c.tenant_id == tenant, commands.c.bank_id == bank_id, literal_column("NOT settled")
    )
    return ~asked.where(commands.c.compartment_id == compartment_id).exists()


_CALLED_SO = bindparam("called", type_=Text)
_CALLED = Statement(
    select(*_LINE, connections.c.name)
    .where(or_(cast(connections.c.id, Text) == _CALLED_SO, connections.c.name == _CALLED_SO))
    .order_by(connections.c.id)
)  # fmt: skip


async def connections_called(conn: Conn, called: str) -> list[Row]:
    """For the command line: over all tenants, those with this id or this name."""
    return await _CALLED.rows(conn, called=called)


async def waiting(conn: Conn, bank_id: UUID) -> list[Command]:
    """Commands of a bank that have not left us, oldest first."""
    return [command_of(row) for row in await _WAITING.rows(conn, bank_id=bank_id)]


async def watched(conn: Conn, tenant_id: UUID, bank_id: UUID) -> list[Command]:
    """Commands that have left us and whose end is not known."""
    return [command_of(row) for row in await _WATCHED.rows(conn, tenant_id=tenant_id, bank_id=bank_id)]


async def opening(conn: Conn, tenant_id: UUID, compartment_id: UUID, since: object) -> Command | None:
    row = await _OPENING.row(conn, tenant_id=tenant_id, compartment_id=compartment_id, since=since)
    return command_of(row) if row else None


async def under_way(conn: Conn, tenant_id: UUID, stay_id: UUID, kinds: tuple[OrderKind, ...]) -> set[CommandState]:
    """States of a stay's commands that have left us and may still do something."""
    rows = await _UNDER_WAY.rows(conn, tenant_id=tenant_id, stay_id=stay_id, kinds=[kind.value for kind in kinds])
    return {CommandState(row["state"]) for row in rows}


async def pending(conn: Conn, tenant_id: UUID, stay_id: UUID, kind: OrderKind) -> bool:
    """Whether this was asked of a vendor for a stay and its answer is out, also where it has not left us."""
    return bool(await _PENDING.value(conn, tenant_id=tenant_id, stay_id=stay_id, kind=kind.value))


async def told(conn: Conn, tenant_id: UUID, stay_id: UUID, kind: OrderKind) -> int:
    """How often a vendor was told this about a stay."""
    found: int = await _TOLD.value(conn, tenant_id=tenant_id, stay_id=stay_id, kind=kind.value)
    return found


async def opened_to_take(conn: Conn, tenant_id: UUID, stay_id: UUID) -> bool:
    """Whether a stay's door was seen to open because its carrier asked, since something is inside."""
    return bool(await _OPENED_TO_TAKE.value(conn, tenant_id=tenant_id, stay_id=stay_id))


async def openings(conn: Conn, tenant_id: UUID, stay_id: UUID) -> set[CommandState]:
    """States of the openings of a stay's door for its parcel. What one that took effect makes of the stay is written
    down a moment later: a stay that still waits for its parcel has yet to hear of it."""
    rows = await _OPENINGS.rows(conn, tenant_id=tenant_id, stay_id=stay_id)
    return {CommandState(row["state"]) for row in rows}


async def opened_alone(conn: Conn, tenant_id: UUID, doors: Sequence[UUID], account_id: UUID, since: datetime) -> int:
    """How many of these doors an account asked to open since then, for no stay and without a second person. Whoever
    else asks the same for it waits until this act has ended."""
    await _ONE_AT_A_TIME.row(conn, account=f"opens alone {tenant_id} {account_id}")
    given = {"compartment_ids": list(doors), "since": since, "account_id": account_id}
    found: int = await _ALONE.value(conn, tenant_id=tenant_id, **given)
    return found


async def waiting_of_carrier(conn: Conn, tenant_id: UUID, carrier_id: UUID) -> list[Command]:
    """What was asked for a carrier's stays and has not left us."""
    return [command_of(row) for row in await _OF_CARRIER.rows(conn, tenant_id=tenant_id, carrier_id=carrier_id)]


async def came_of(
    conn: Conn, tenant_id: UUID, stay_id: UUID, kind: OrderKind, *, after: OrderKind | None = None
) -> list[CommandState]:
    """What became of each time a vendor was told this about a stay, the latest first; with `after`, only since it was
    last told that."""
    rows = await _CAME_OF.rows(conn, tenant_id=tenant_id, stay_id=stay_id)
    since = rows if after is None else takewhile(lambda row: row["kind"] != after.value, rows)
    return [CommandState(row["state"]) for row in since if row["kind"] == kind.value]


async def same_address(conn: Conn, tenant_id: UUID, id: UUID) -> list[UUID]:
    """Accounts at the same vendor's same address, this one among them."""
    return [row["id"] for row in await _SAME_ADDRESS.rows(conn, tenant_id=tenant_id, id=id)]


async def code_asked(conn: Conn, tenant_id: UUID, stay_id: UUID) -> UUID | None:
    """The command by which a vendor was asked once more for a stay's pickup code."""
    found: UUID | None = await _CODE_ASKED.value(conn, tenant_id=tenant_id, stay_id=stay_id)
    return found


async def unsettled(conn: Conn, tenant_id: UUID, bank_id: UUID) -> int:
    """How many commands of a bank may still do something."""
    found: int = await _UNSETTLED.value(conn, tenant_id=tenant_id, bank_id=bank_id)
    return found


async def sent_ever(conn: Conn, tenant_id: UUID, stay_id: UUID, kind: OrderKind) -> bool:
    """Whether one of a stay's commands of this kind has left us, or may have."""
    return bool(await _SENT_EVER.value(conn, tenant_id=tenant_id, stay_id=stay_id, kind=kind.value))


async def by_state(conn: Conn) -> dict[str, int]:
    """How many commands are not settled yet, of every tenant. For the worker."""
    return {row["state"]: row["count"] for row in await _BY_STATE.rows(conn)}


async def banks_waiting(conn: Conn) -> set[UUID]:
    """Banks with commands to send, of every tenant. For the worker."""
    return {row["bank_id"] for row in await _BANKS_WAITING.rows(conn)}


async def command(conn: Conn, tenant_id: UUID, id: UUID) -> Command | None:
    row = await _ONE.row(conn, tenant_id=tenant_id, id=id)
    return command_of(row) if row else None


async def named(conn: Conn, id: UUID) -> Row | None:
    """A connection by its id alone, of whichever tenant; the transaction was opened in its name."""
    return await _NAMED.row(conn, id=id)


async def connection(conn: Conn, tenant_id: UUID, id: UUID) -> Row | None:
    return await _CONNECTION.row(conn, tenant_id=tenant_id, id=id)


def command_of(row: Row) -> Command:
    given = {name: row[name] for name in Command.__slots__}
    given |= {"kind": OrderKind(row["kind"]), "purpose": Purpose(row["purpose"]), "state": CommandState(row["state"])}
    return Command(**given)
