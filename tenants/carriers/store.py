"""Guarded writes of carriers and their grants: one statement each."""

from sqlalchemy import Text, any_, bindparam, insert, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from app.kit.db import Statement
from app.kit.tables import Uuid
from tenants.carriers.tables import carriers, grants

TERMS = (
    "tenant_id", "id", "carrier_id", "operations", "all_sites", "site_ids", "all_banks", "bank_ids", "all_sizes",
    "sizes", "valid_from", "valid_to", "windows", "max_open_stays", "max_deposits_per_day", "max_hold_hours", "state",
)  # fmt: skip
# Two first grants at once make one carrier.
MEET = Statement(
    insert_or_skip(carriers)
    .values({name: bindparam(name) for name in ("tenant_id", "id", "carrier_id", "name")})
    .on_conflict_do_nothing(index_elements=["tenant_id", "carrier_id"])
)
ADD = Statement(insert(grants).values({name: bindparam(name) for name in TERMS}))
# Gives a row only to the one caller who made the change.
MOVE = Statement(
    update(grants)
    .where(
        grants.c.tenant_id == bindparam("of_tenant", type_=Uuid),
        grants.c.id == bindparam("id_", type_=Uuid),
        grants.c.state == any_(bindparam("before", type_=ARRAY(Text))),
    )
    .values(state=bindparam("after", type_=Text), version=grants.c.version + 1)
    .returning(grants.c.carrier_id, grants.c.version)
)
