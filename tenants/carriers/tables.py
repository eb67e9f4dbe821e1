"""Tables of carrier grants. Rows belong to the operator who grants."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.kit.tables import Json, Time, Uuid, tenant_table, words
from tenants.carriers.model import GrantState

# ALL is a flag one must set: an empty list means nothing. windows: [{"days": [1..7], "from": "08:00", "to": "18:00"}]
# in the site's time zone; [] means at any time.
grants = tenant_table(
    "carrier_grant",
    Column("id", Uuid, nullable=False),
    Column("carrier_id", Uuid, ForeignKey("organization.id"), nullable=False),
    Column("operations", ARRAY(Text), nullable=False),
    Column("all_sites", Boolean, nullable=False),
    Column("site_ids", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
    Column("all_banks", Boolean, nullable=False),
    Column("bank_ids", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
    Column("all_sizes", Boolean, nullable=False),
    Column("sizes", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("valid_from", Time, nullable=False),
    Column("valid_to", Time),
    Column("windows", Json, nullable=False, server_default=text("'[]'")),
    Column("max_open_stays", Integer),
    Column("max_deposits_per_day", Integer),
    Column("max_hold_hours", Integer),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("created_at", Time, nullable=False, server_default=text("now()")),
    words("state", GrantState),
)
Index("ix_carrier_grant_carrier", grants.c.tenant_id, grants.c.carrier_id)
# A carrier reads its own grants of every operator: see the extra policy in the migration.
grants.info["also_visible_to"] = "carrier_id"
