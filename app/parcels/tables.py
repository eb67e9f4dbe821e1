"""Tables of parcels. `stay_id` names the stay it is, or was last, in."""

from sqlalchemy import Column, Index, Text, text

from app.kit.tables import Time, Uuid, belongs_to, tenant_table, words
from app.parcels.model import ParcelState

parcels = tenant_table(
    "parcel",
    Column("id", Uuid, nullable=False),
    Column("site_id", Uuid, nullable=False),
    Column("stay_id", Uuid),
    Column("carrier_id", Uuid),
    Column("person_id", Uuid),
    Column("tracking", Text, nullable=False),
    Column("secondary_tracking", Text),
    Column("state", Text, nullable=False),
    Column("created_at", Time, nullable=False, server_default=text("now()")),
    Column("deposited_at", Time),
    Column("collected_at", Time),
    words("state", ParcelState),
    belongs_to("site", "site_id"),
    belongs_to("person", "person_id"),
    scanned=False,
)
Index("ix_parcel_tracking", parcels.c.tenant_id, parcels.c.tracking)
Index("ix_parcel_secondary", parcels.c.tenant_id, parcels.c.secondary_tracking)
Index("ix_parcel_stay", parcels.c.tenant_id, parcels.c.stay_id)
Index("ix_parcel_created", parcels.c.tenant_id, parcels.c.created_at, parcels.c.id)
# A carrier's tracking number is under way once at most; it may come back after its first parcel ended.
Index(
    "uq_parcel_open_tracking",
    parcels.c.tenant_id,
    parcels.c.carrier_id,
    parcels.c.tracking,
    unique=True,
    postgresql_where=text("state IN ('ANNOUNCED', 'ALLOCATED', 'IN_LOCKER')"),
    postgresql_nulls_not_distinct=True,
)
