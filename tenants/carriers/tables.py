"""Tables of carriers and their grants. Rows belong to the operator who grants."""

from sqlalchemy import Boolean, Column, ForeignKey, ForeignKeyConstraint, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.kit.tables import Json, Time, Uuid, tenant_table, words
from tenants.carriers.model import GrantState

# A carrier as one operator knows it: what its id means outside. `carrier_id` is the organization, the same for all its
# operators, and stays inside. `name` is the organization's own when the two first meet.
carriers = tenant_table(
    "carrier",
    Column("id", Uuid, nullable=False),
    Column("carrier_id", Uuid, ForeignKey("organization.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Time, nullable=False, server_default=text("now()")),
    UniqueConstraint("tenant_id", "carrier_id"),
)
Index("ix_carrier_name", carriers.c.tenant_id, carriers.c.name, carriers.c.id)
# A carrier reads how each of its operators knows it: see the extra policy in the migration.
carriers.info["also_visible_to"] = "carrier_id"

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
    ForeignKeyConstraint(["tenant_id", "carrier_id"], ["carrier.tenant_id", "carrier.carrier_id"]),
)
Index("ix_carrier_grant_carrier", grants.c.tenant_id, grants.c.carrier_id)
# A carrier reads its own grants of every operator: see the extra policy in the migration.
grants.info["also_visible_to"] = "carrier_id"
