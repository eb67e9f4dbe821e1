"""Guarded writes of commands and connections: one statement each, every move from the states that allow it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Integer,
    LargeBinary,
    Text,
    all_,
    any_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.devices.model import MOVES, Command, CommandState
from app.devices.tables import commands, connections
from app.kit.db import Conn, Row, Statement
from app.kit.tables import Time, Uuid
from app.lockers.queries import kept_as

# One OPEN under way per compartment: the index is the last word when two ask at once.
OPEN_PENDING = "uq_command_open_pending"

_TENANT = bindparam("tenant_id", type_=Uuid)
_THIS = (commands.c.tenant_id == _TENANT, commands.c.id == bindparam("id_", type_=Uuid))
_ASKED = (
    "id", "site_id", "bank_id", "compartment_id", "stay_id", "carrier_id", "kind", "purpose", "state", "reason",
    "parameters", "requested_by", "requested_by_name", "requested_at", "expires_at",
)  # fmt: skip
_GIVEN: dict[str, Any] = {name: bindparam(name, type_=commands.c[name].type) for name in _ASKED}
# Not before what waits already: clocks go back, and differ from one process to another. What is asked second, because
# the first had ended, is not to overtake it.
_WAITS = commands.alias("waits")
_LAST = (
    select(func.max(_WAITS.c.requested_at) + literal_column("interval '1 microsecond'"))
    .where(_WAITS.c.tenant_id == _TENANT, _WAITS.c.bank_id == _GIVEN["bank_id"])
    .where(literal_column("waits.state = 'REQUESTED'"))
    .scalar_subquery()
)
# The dispatcher is woken at commit. Commands are rare enough for a notification each.
_ADDED = (
    insert(commands)
    .values(tenant_id=_TENANT, **_GIVEN | {"requested_at": func.greatest(_GIVEN["requested_at"], _LAST)})
    .returning(commands.c.bank_id)
    .cte("added")
)
ADD = Statement(select(func.pg_notify("lockyard_commands", _ADDED.c.bank_id.cast(Text))))

# After a bank's id: not a command waits, but something to see.
LOOK = " look"
RING = Statement(select(func.pg_notify("lockyard_commands", bindparam("bank_id", type_=Text))))

# What is sent goes to units as its sender knows them: one whose bank was changed meanwhile sends nothing.
_AS_KEPT = kept_as(commands.c.tenant_id, commands.c.bank_id, bindparam("revision", type_=Integer))
CLAIM = Statement(
    update(commands)
    .where(
        *_THIS,
        commands.c.state == CommandState.REQUESTED.value,
        commands.c.expires_at > bindparam("now", type_=Time),
        _AS_KEPT,
    )
    .values(
        state=CommandState.SENT.value,
        sent_at=bindparam("now", type_=Time),
        seen_openings=bindparam("seen_openings", type_=Integer),
        fence=commands.c.fence + 1,
    )
    .returning(commands.c.fence)
)
# Nothing of it has left its sender yet, who has it still.
HOLD = Statement(
    update(commands)
    .where(
        *_THIS,
        commands.c.state == CommandState.SENT.value,
        commands.c.fence == bindparam("held_fence", type_=BigInteger),
        literal_column("NOT settled"),
        _AS_KEPT,
    )
    .values(seen_openings=bindparam("seen_openings", type_=Integer))
    .returning(commands.c.id)
)
_BEFORE = bindparam("before", type_=ARRAY(Text))
MOVE = Statement(
    update(commands)
    .where(*_THIS, commands.c.state == any_(_BEFORE))
    .values(
        state=bindparam("after", type_=Text),
        settled=bindparam("settled", type_=Boolean),
        detail=func.coalesce(bindparam("detail", type_=Text), commands.c.detail),
        accepted_at=func.coalesce(commands.c.accepted_at, bindparam("accepted_at", type_=Time)),
        opened_at=func.coalesce(commands.c.opened_at, bindparam("opened_at", type_=Time)),
        closed_at=func.coalesce(commands.c.closed_at, bindparam("closed_at", type_=Time)),
        settled_at=func.coalesce(commands.c.settled_at, bindparam("settled_at", type_=Time)),
    )
    .returning(commands.c.id)
)
# Only what nobody watches any more: while reading back goes on, the door itself may still tell.
SETTLE = Statement(
    update(commands)
    .where(*_THIS, commands.c.state == CommandState.UNCONFIRMED.value, commands.c.settled)
    .values(
        state=bindparam("after", type_=Text),
        opened_at=func.coalesce(commands.c.opened_at, bindparam("opened_at", type_=Time)),
        settled_at=bindparam("now", type_=Time),
    )
    .returning(commands.c.id)
)
# What was asked for an act that is now called off, and has not left us.
WITHDRAW = Statement(
    update(commands)
    .where(
        commands.c.tenant_id == _TENANT,
        commands.c.stay_id == bindparam("stay_id_", type_=Uuid),
        commands.c.state == CommandState.REQUESTED.value,
        commands.c.kind == any_(bindparam("kinds", type_=ARRAY(Text))),
    )
    .values(
        state=CommandState.FAILED.value,
        settled=True,
        settled_at=bindparam("now", type_=Time),
        detail=bindparam("detail", type_=Text),
    )
    .returning(*[commands.c[name] for name in Command.__slots__])
)
# From the state it was read in: whoever has sent it meanwhile has sent it.
CALL_OFF = Statement(
    update(commands)
    .where(*_THIS, commands.c.state == bindparam("before_", type_=Text), literal_column("NOT settled"))
    .values(
        state=CommandState.FAILED.value,
        settled=True,
        settled_at=bindparam("now", type_=Time),
        detail=bindparam("detail", type_=Text),
    )
    .returning(commands.c.id)
)
# A process that died between sending and recording: whatever it sent is unknown, and never sent again.
ORPHANED = Statement(
    update(commands)
    .where(
        commands.c.tenant_id == _TENANT,
        commands.c.bank_id == bindparam("bank_id_", type_=Uuid),
        commands.c.state == CommandState.SENT.value,
        literal_column("NOT settled"),
        commands.c.id != all_(bindparam("but", type_=ARRAY(Uuid))),
    )
    .values(state=CommandState.UNCONFIRMED.value, detail=bindparam("detail", type_=Text))
    .returning(*[commands.c[name] for name in Command.__slots__])
)
_CONNECTION: dict[str, Any] = {
    "id": Uuid, "name": Text, "vendor": Text, "base_url": Text, "settings": JSONB, "secret_sealed": LargeBinary,
}  # fmt: skip
_CHANGEABLE = frozenset({"name", "base_url", "settings", "secret_sealed"})
ADD_CONNECTION = Statement(
    insert(connections).values(
        tenant_id=_TENANT, **{name: bindparam(name, type_=kind) for name, kind in _CONNECTION.items()}
    )
)
CHANGE_CONNECTION = Statement(
    update(connections)
    .where(connections.c.tenant_id == _TENANT, connections.c.id == bindparam("id_", type_=Uuid))
    .values({name: bindparam(f"new_{name}", type_=kind) for name, kind in _CONNECTION.items() if name in _CHANGEABLE})
    .returning(connections.c.id)
)
REMOVE_CONNECTION = Statement(
    delete(connections).where(connections.c.tenant_id == _TENANT, connections.c.id == bindparam("id_", type_=Uuid))
)


async def add(conn: Conn, command: Command) -> None:
    """Raises asyncpg.UniqueViolationError on OPEN_PENDING."""
    values: dict[str, Any] = {name: getattr(command, name) for name in _ASKED}
    values |= {name: values[name].value for name in ("kind", "purpose", "state")}
    await ADD.row(conn, tenant_id=command.tenant_id, **values | {"parameters": dict(command.parameters)})


async def claim(conn: Conn, command: Command, now: datetime, seen_openings: int | None, revision: int) -> int | None:
    """REQUESTED -> SENT: the fence number of this sending, or None when somebody else has it, it has expired, or its
    bank is not as it was at this `revision` any more."""
    found: int | None = await CLAIM.value(
        conn, tenant_id=command.tenant_id, id_=command.id, now=now, seen_openings=seen_openings, revision=revision
    )
    return found


async def hold(conn: Conn, command: Command, revision: int) -> bool:
    """Before what has not left us is sent once more: False when somebody else has it, or its bank was changed. Notes
    the count of openings that was read before."""
    row = await HOLD.row(
        conn, tenant_id=command.tenant_id, id_=command.id, held_fence=command.fence,
        seen_openings=command.seen_openings, revision=revision,
    )  # fmt: skip
    return row is not None


async def move(
    conn: Conn,
    command: Command,
    after: CommandState,
    *,
    settled: bool,
    detail: str | None = None,
    **times: datetime | None,
) -> bool:
    """False when the command is in no state from which `after` may follow. `times`: accepted_at, opened_at, …"""
    # Unconfirmed to unconfirmed: nothing is known still, but the watch over it ends.
    same = {CommandState.UNCONFIRMED} & {after}
    before = [state.value for state, follow in MOVES.items() if after in follow or state in same]
    given = {name: times.get(name) for name in ("accepted_at", "opened_at", "closed_at", "settled_at")}
    row = await MOVE.row(
        conn, tenant_id=command.tenant_id, id_=command.id, before=before, after=after.value, settled=settled,
        detail=detail, **given,
    )  # fmt: skip
    return row is not None


async def settle(conn: Conn, command: Command, after: CommandState, now: datetime) -> bool:
    """A person's word; False when it was settled before, or is being watched again."""
    assert after in MOVES[CommandState.UNCONFIRMED], f"{after} does not follow"
    opened_at = now if after is CommandState.DOOR_OPENED else None
    row = await SETTLE.row(
        conn, tenant_id=command.tenant_id, id_=command.id, after=after.value, opened_at=opened_at, now=now
    )
    return row is not None


async def withdraw(
    conn: Conn, tenant_id: UUID, stay_id: UUID, kinds: Iterable[str], now: datetime, detail: str
) -> list[Row]:
    return await WITHDRAW.rows(conn, tenant_id=tenant_id, stay_id_=stay_id, kinds=list(kinds), now=now, detail=detail)


async def call_off(conn: Conn, command: Command, now: datetime, detail: str) -> bool:
    """Nothing of it has left us, and nothing shall; False when that is so no more."""
    given = {"before_": command.state.value, "now": now, "detail": detail}
    return await CALL_OFF.row(conn, tenant_id=command.tenant_id, id_=command.id, **given) is not None


async def orphaned(conn: Conn, tenant_id: UUID, bank_id: UUID, but: Iterable[UUID], detail: str) -> list[Row]:
    return await ORPHANED.rows(conn, tenant_id=tenant_id, bank_id_=bank_id, but=list(but), detail=detail)


async def add_connection(conn: Conn, tenant_id: UUID, values: Mapping[str, Any]) -> None:
    await ADD_CONNECTION.run(conn, tenant_id=tenant_id, **values)


async def ring(conn: Conn, bank_id: UUID) -> None:
    """Wake whoever keeps this bank, or should from now on. Heard at commit. An id that is no kept bank's, such as its
    connection's, has every bank looked at anew."""
    await RING.row(conn, bank_id=str(bank_id))


async def hint(conn: Conn, bank_id: UUID) -> None:
    """A door of this bank may have moved: whoever keeps it looks. Heard at commit."""
    await RING.row(conn, bank_id=f"{bank_id}{LOOK}")
