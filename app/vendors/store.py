"""Guarded writes of surveys: one statement each."""

from sqlalchemy import and_, bindparam, insert, or_, update
from sqlalchemy.types import Integer, Text

from app.kit.db import Statement
from app.kit.tables import Json, Time, Uuid
from app.vendors.model import SurveyState
from app.vendors.queries import DEAD
from app.vendors.tables import surveys

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
# What was taken over from it is no change that it does not know of.
CARRY_ON = Statement(update(surveys).where(_THIS).values(revision=bindparam("after", type_=Integer)))
