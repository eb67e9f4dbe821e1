"""Guarded writes of requests to open several doors: one statement each."""

from sqlalchemy import ARRAY, ColumnElement, bindparam, insert, literal_column, or_, select, update
from sqlalchemy.types import Text

from app.kit.db import Statement
from app.kit.tables import Time, Uuid
from app.openings.model import OpeningState
from app.openings.tables import openings

_NEW = (
    "tenant_id", "id", "site_id", "bank_id", "all_doors", "compartment_ids", "reason", "requested_by",
    "requested_by_name", "requested_at", "expires_at",
)  # fmt: skip
ADD = Statement(
    insert(openings).values(
        state=OpeningState.PENDING.value, **{name: bindparam(name, type_=openings.c[name].type) for name in _NEW}
    )
)
_NOW = bindparam("now", type_=Time)
_THIS: tuple[ColumnElement[bool], ...] = (
    openings.c.tenant_id == bindparam("of_tenant", type_=Uuid),
    openings.c.id == bindparam("id_", type_=Uuid),
    literal_column("state = 'PENDING'"),
)
# A row only for whoever decides first, in time, and did not ask for what is approved.
DECIDE = Statement(
    update(openings)
    .where(
        *_THIS,
        openings.c.expires_at > _NOW,
        or_(
            bindparam("after", type_=Text) == OpeningState.REJECTED.value,
            openings.c.requested_by != bindparam("by", type_=Uuid),
        ),
    )
    .values(
        state=bindparam("after", type_=Text),
        decided_by=bindparam("by", type_=Uuid),
        decided_by_name=bindparam("by_name", type_=Text),
        decided_at=_NOW,
        comment=bindparam("said", type_=Text),
    )
    .returning(openings.c.id)
)
SET_COMMANDS = Statement(
    update(openings)
    .where(openings.c.tenant_id == bindparam("of_tenant", type_=Uuid), openings.c.id == bindparam("id_", type_=Uuid))
    .values(command_ids=bindparam("commands", type_=ARRAY(Uuid)))
)
DUE = Statement(
    select(openings.c.tenant_id, openings.c.id).where(
        literal_column("state = 'PENDING'"), openings.c.expires_at <= _NOW
    )
)
EXPIRE = Statement(
    update(openings)
    .where(*_THIS, openings.c.expires_at <= _NOW)
    .values(state=OpeningState.EXPIRED.value, decided_at=_NOW)
    .returning(openings.c.id, openings.c.site_id, openings.c.bank_id, openings.c.compartment_ids)
)
