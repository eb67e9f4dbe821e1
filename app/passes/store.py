"""Guarded writes of passes, one statement each. What opens a door is forgotten as soon as it may not."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, LargeBinary, Text, any_, bindparam, case, insert, null, or_, select, update

from app.devices.port import AccessKind
from app.kit.db import Conn, Row, Statement
from app.kit.tables import Time, Uuid
from app.passes.model import LIVE, Pass, PassState
from app.passes.queries import COLUMNS, pass_of
from app.passes.tables import passes

_TENANT = bindparam("tenant_id", type_=Uuid)
_LIVE = passes.c.state == any_(bindparam("live", type_=ARRAY(Text)))
_ADDED = (
    "id", "stay_id", "site_id", "bank_id", "compartment_id", "command_id", "kind", "state", "carrier_id", "person_id",
    "reference", "sealed", "issued_at", "expires_at",
)  # fmt: skip
ADD = Statement(
    insert(passes).values(tenant_id=_TENANT, **{name: bindparam(name, type_=passes.c[name].type) for name in _ADDED})
)
USED = Statement(
    update(passes)
    .where(passes.c.tenant_id == _TENANT, passes.c.id == bindparam("id_", type_=Uuid), _LIVE)
    .values(state=PassState.USED.value, used_at=bindparam("at", type_=Time), sealed=null())
    .returning(*COLUMNS)
)
_OF_STAY = (passes.c.tenant_id == _TENANT, passes.c.stay_id == bindparam("stay_id_", type_=Uuid))
_CARRIER, _KIND = bindparam("carrier_id_", type_=Uuid), bindparam("kind_", type_=Text)


def _called_off(*which: ColumnElement[bool]) -> Statement:
    """Those of a stay nobody is shown any more: on a phone they may still be used."""
    return Statement(
        update(passes)
        .where(*_OF_STAY, passes.c.state == PassState.ISSUED.value, *which)
        .values(state=PassState.REVOKE_PENDING.value, sealed=null())
        .returning(*COLUMNS)
    )


# `but` excepts one kind.
CALL_OFF = _called_off(passes.c.kind != bindparam("but", type_=Text))
# What couriers of a carrier carry for a stay.
TAKE_AWAY = _called_off(passes.c.carrier_id == _CARRIER)
# A newer one takes the place of these: they may still be used, and nobody needs to read them again.
FORGET = Statement(
    update(passes).where(*_OF_STAY, passes.c.kind == _KIND, passes.c.sealed.is_not(None)).values(sealed=null())
)
# Of these, what others held.
REPLACE = _called_off(
    passes.c.kind == _KIND,
    or_(
        passes.c.carrier_id.is_distinct_from(_CARRIER),
        passes.c.person_id.is_distinct_from(bindparam("person_id_", type_=Uuid)),
    ),
)
_BY_COMMAND = Statement(
    select(passes.c.id, passes.c.reference, passes.c.sealed).where(
        passes.c.tenant_id == _TENANT, passes.c.command_id == bindparam("command_id", type_=Uuid)
    )
)
# Whoever has sealed or forgotten it meanwhile knows better.
RESEAL = Statement(
    update(passes)
    .where(
        passes.c.tenant_id == _TENANT,
        passes.c.id == bindparam("id_", type_=Uuid),
        passes.c.sealed == bindparam("was", type_=LargeBinary),
    )
    .values(sealed=bindparam("after", type_=LargeBinary))
    .returning(passes.c.id)
)
# Nothing of a stay opens its door any more.
BURY = Statement(
    update(passes)
    .where(*_OF_STAY, _LIVE)
    .values(
        state=case((passes.c.state == PassState.ISSUED.value, PassState.EXPIRED.value), else_=PassState.REVOKED.value),
        sealed=null(),
    )
    .returning(*COLUMNS)
)
DIE = Statement(
    update(passes)
    .where(
        passes.c.tenant_id == _TENANT,
        passes.c.id == bindparam("id_", type_=Uuid),
        _LIVE,
        passes.c.expires_at <= bindparam("before", type_=Time),
    )
    .values(
        state=case((passes.c.state == PassState.ISSUED.value, PassState.EXPIRED.value), else_=PassState.REVOKED.value),
        sealed=null(),
    )
    .returning(*COLUMNS)
)


async def add(conn: Conn, given: dict[str, Any]) -> None:
    await ADD.run(conn, **given)


async def used(conn: Conn, which: Pass, at: datetime) -> Pass | None:
    row = await USED.row(conn, tenant_id=which.tenant_id, id_=which.id, at=at, live=_words(LIVE))
    return pass_of(row) if row else None


async def call_off(conn: Conn, tenant_id: UUID, stay_id: UUID, *, but: AccessKind | None = None) -> list[Pass]:
    """Every issued one of a stay; `but` those of one kind."""
    rows = await CALL_OFF.rows(conn, tenant_id=tenant_id, stay_id_=stay_id, but=but.value if but else "")
    return [pass_of(row) for row in rows]


async def take_away(conn: Conn, tenant_id: UUID, stay_id: UUID, carrier_id: UUID) -> list[Pass]:
    rows = await TAKE_AWAY.rows(conn, tenant_id=tenant_id, stay_id_=stay_id, carrier_id_=carrier_id)
    return [pass_of(row) for row in rows]


async def replace(conn: Conn, by: Pass) -> list[Pass]:
    """A newer one takes the place of those of its kind. Those that somebody else held, called off by that."""
    given = {"tenant_id": by.tenant_id, "stay_id_": by.stay_id, "kind_": by.kind.value}
    rows = await REPLACE.rows(conn, **given, carrier_id_=by.carrier_id, person_id_=by.person_id)
    await FORGET.run(conn, **given)
    return [pass_of(row) for row in rows]


async def by_command(conn: Conn, tenant_id: UUID, command_id: UUID) -> Row | None:
    """Of the pass that was asked for so: id, reference and what is sealed."""
    return await _BY_COMMAND.row(conn, tenant_id=tenant_id, command_id=command_id)


async def reseal(conn: Conn, tenant_id: UUID, id: UUID, was: bytes, after: bytes) -> bool:
    return await RESEAL.row(conn, tenant_id=tenant_id, id_=id, was=was, after=after) is not None


async def bury(conn: Conn, tenant_id: UUID, stay_id: UUID) -> list[Pass]:
    rows = await BURY.rows(conn, tenant_id=tenant_id, stay_id_=stay_id, live=_words(LIVE))
    return [pass_of(row) for row in rows]


async def die(conn: Conn, tenant_id: UUID, id: UUID, before: datetime) -> Pass | None:
    """By time. None when it had ended already, or its time was moved."""
    row = await DIE.row(conn, tenant_id=tenant_id, id_=id, before=before, live=_words(LIVE))
    return pass_of(row) if row else None


def _words(states: Iterable[PassState]) -> list[str]:
    return sorted(state.value for state in states)
