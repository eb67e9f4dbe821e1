"""Reads of the record that the core itself needs."""

from sqlalchemy import and_, func, or_, select

from app.kit.db import Statement
from tenants.audit.tables import checkpoints, heads

_last = (
    select(checkpoints.c.tenant_id, func.max(checkpoints.c.sequence).label("sequence"))
    .group_by(checkpoints.c.tenant_id)
    .subquery("last")
)
# Chains that grew since their last checkpoint.
UNSIGNED = Statement(
    select(heads.c.tenant_id, heads.c.sequence, heads.c.hash)
    .outerjoin(_last, _last.c.tenant_id == heads.c.tenant_id)
    .where(and_(heads.c.sequence > 0, or_(_last.c.sequence.is_(None), _last.c.sequence < heads.c.sequence)))
    .order_by(heads.c.tenant_id)
)
