"""Tables of exports and of occupancy by the hour."""

from sqlalchemy import BigInteger, Column, Index, Integer, Text, text

from app.kit.tables import Json, Time, Uuid, belongs_to, tenant_table, words
from app.reports.model import ExportFormat, ExportKind, ExportState

exports = tenant_table(
    "export",
    Column("id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("filter", Json, nullable=False),
    Column("requested_by", Uuid, nullable=False),
    Column("requested_by_name", Text, nullable=False),
    Column("membership_id", Uuid, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("started_at", Time),
    Column("finished_at", Time),
    Column("expires_at", Time),
    Column("heartbeat_at", Time),
    Column("rows", BigInteger, nullable=False, server_default=text("0")),
    Column("expected_rows", BigInteger),
    Column("bytes", BigInteger, nullable=False, server_default=text("0")),
    Column("sha256", Text),
    Column("failure", Text),
    words("kind", ExportKind),
    words("format", ExportFormat),
    words("state", ExportState),
)
Index("ix_export_created", exports.c.tenant_id, exports.c.created_at, exports.c.id)
Index("ix_export_waiting", exports.c.created_at, postgresql_where=text("state IN ('QUEUED', 'RUNNING')"))

# Time-weighted: used_seconds is the sum over compartments of the seconds with a parcel or a reservation in that hour.
occupancy_hours = tenant_table(
    "occupancy_hour",
    Column("site_id", Uuid, nullable=False),
    Column("hour", Time, nullable=False),
    Column("size", Text, nullable=False),
    Column("compartments", Integer, nullable=False),
    Column("used_seconds", BigInteger, nullable=False),
    belongs_to("site", "site_id"),
    key=("site_id", "hour", "size"),
)
