"""Guarded writes of surveys and of owned addresses: one statement each."""

from collections.abc import Iterable
from hashlib import sha256
from uuid import UUID

from sqlalchemy import (
    and_,
    any_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Integer, LargeBinary, Text

from app.kit.db import Conn, Statement
from app.kit.lease import lock_key
from app.kit.tables import Json, Time, Uuid
from app.vendors.model import SurveyState
from app.vendors.queries import DEAD
from app.vendors.tables import owned_addresses, surveys

_NEW = ("tenant_id", "id", "connection_id", "site_id", "bank_id", "requested_by_name", "requested_at", "revision")
ADD = Statement(
    insert(surveys).values(
        state=SurveyState.WAITING.value, **{name: bindparam(name, type_=surveys.c[name].type) for name in _NEW}
    )
)
_THIS = and_(surveys.c.tenant_id == bindparam("of_tenant", type_=Uuid), surveys.c.id == bindparam("id_", type_=Uuid))
_NOW = bindparam("now", type_=Time)
# Reading a vendor's books twice does no harm: one that was begun by a process that died begins anew.
TAKE = Statement(
    update(surveys)
    .where(
        _THIS,
        or_(
            surveys.c.state == SurveyState.WAITING.value,
            and_(surveys.c.state == SurveyState.RUNNING.value, surveys.c.started_at < _NOW - DEAD),
        ),
    )
    .values(state=SurveyState.RUNNING.value, started_at=_NOW)
    .returning(*surveys.c)
)
END = Statement(
    update(surveys)
    .where(_THIS, surveys.c.state == SurveyState.RUNNING.value)
    .values(
        state=bindparam("after", type_=Text),
        finished_at=_NOW,
        problem=bindparam("new_problem", type_=Text),
        found=bindparam("new_found", type_=Json),
        differences=bindparam("new_differences", type_=Json),
        capabilities=bindparam("new_capabilities", type_=Json),
    )
    .returning(surveys.c.id)
)
# What an account was found to hold says nothing of where it leads to now. Of one bank the revision tells.
OUTDATED = Statement(
    update(surveys)
    .where(
        surveys.c.tenant_id == bindparam("of_tenant", type_=Uuid),
        surveys.c.connection_id == bindparam("through", type_=Uuid),
        surveys.c.bank_id.is_(None),
        or_(surveys.c.state == SurveyState.RUNNING.value, surveys.c.state == SurveyState.READY.value),
    )
    .values(state=SurveyState.FAILED.value, finished_at=_NOW, problem=bindparam("new_problem", type_=Text))
    .returning(surveys.c.id)
)
# What was taken over from it is no change that it does not know of.
CARRY_ON = Statement(update(surveys).where(_THIS).values(revision=bindparam("after", type_=Integer)))

# One after another: two who connect the same address at once must see each other.
_IN_TURN = Statement(select(func.pg_advisory_xact_lock(lock_key("owned addresses"))))
_AT = Statement(
    select(*owned_addresses.c).where(
        owned_addresses.c.address == any_(bindparam("addresses", type_=ARRAY(LargeBinary))),
        owned_addresses.c.connection_id != bindparam("but", type_=Uuid),
    )
)
_OWN = Statement(
    insert(owned_addresses).values(
        {column.name: bindparam(column.name, type_=column.type) for column in owned_addresses.c}
    )
)
DISOWN = Statement(delete(owned_addresses).where(owned_addresses.c.connection_id == bindparam("id_", type_=Uuid)))


async def own(conn: Conn, tenant_id: UUID, connection_id: UUID, addresses: Iterable[str]) -> list[UUID] | None:
    """These addresses and no others are this connection's from now on. The tenant's other connections at any of them;
    None, and nothing may be kept of it, where one is another tenant's."""
    keys = sorted({sha256(each.encode()).digest() for each in addresses})
    await _IN_TURN.row(conn)
    await DISOWN.run(conn, id_=connection_id)
    others = await _AT.rows(conn, addresses=keys, but=connection_id)
    if any(row["owner"] != _owner(tenant_id, row["address"]) for row in others):
        return None
    for key in keys:
        await _OWN.run(conn, address=key, connection_id=connection_id, owner=_owner(tenant_id, key))
    return sorted({row["connection_id"] for row in others})


def _owner(tenant_id: UUID, address: bytes) -> bytes:
    """Another one at each address: rows of one tenant cannot be told to belong together."""
    return sha256(tenant_id.bytes + address).digest()
