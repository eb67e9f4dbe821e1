"""Guarded writes of exports: one statement each."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Text,
    and_,
    bindparam,
    insert,
    literal_column,
    null,
    or_,
    update,
)

from app.kit.db import Statement
from app.kit.tables import Time, Uuid
from app.reports.model import ExportState
from app.reports.tables import exports

_NEW = (
    "tenant_id", "id", "kind", "format", "state", "filter", "requested_by", "requested_by_name", "membership_id",
    "created_at",
)  # fmt: skip
ADD = Statement(insert(exports).values({name: bindparam(name) for name in _NEW}))
# Longer than any pause of a living worker; a dead one's exports begin anew after it.
_DEAD: ColumnElement[Any] = literal_column("interval '20 seconds'")
_NOW = bindparam("now", type_=Time)
_THIS = and_(exports.c.tenant_id == bindparam("of_tenant", type_=Uuid), exports.c.id == bindparam("id_", type_=Uuid))
_WAITING = or_(
    exports.c.state == ExportState.QUEUED.value,
    and_(exports.c.state == ExportState.RUNNING.value, exports.c.heartbeat_at < _NOW - _DEAD),
)
TAKE = Statement(
    update(exports)
    .where(_THIS, _WAITING)
    .values(state=ExportState.RUNNING.value, started_at=_NOW, heartbeat_at=_NOW, rows=0, bytes=0, expected_rows=null())
    .returning(*exports.c)
)
_MINE = and_(_THIS, exports.c.state == ExportState.RUNNING.value, exports.c.started_at == bindparam("turn", type_=Time))


def _while_mine(**values: Any) -> Statement:
    """Gives a row only while the export is still this worker's."""
    return Statement(update(exports).where(_MINE).values(**values).returning(exports.c.id))


def _given(name: str, kind: Any) -> Any:
    return bindparam(name, type_=kind)


BEAT = _while_mine(
    heartbeat_at=_NOW,
    rows=_given("new_rows", BigInteger),
    bytes=_given("new_bytes", BigInteger),
    expected_rows=_given("new_expected", BigInteger),
)
FINISH = _while_mine(
    state=ExportState.DONE.value,
    finished_at=_NOW,
    rows=_given("new_rows", BigInteger),
    expected_rows=_given("new_rows", BigInteger),
    bytes=_given("new_bytes", BigInteger),
    sha256=_given("new_sha256", Text),
    expires_at=_given("new_expires_at", Time),
)
FAIL = _while_mine(state=ExportState.FAILED.value, finished_at=_NOW, failure=_given("new_failure", Text))
EXPIRE = Statement(
    update(exports)
    .where(_THIS, exports.c.state == ExportState.DONE.value, exports.c.expires_at <= _NOW)
    .values(state=ExportState.EXPIRED.value)
    .returning(literal_column("1", Integer))
)
