"""Tables of alarms. What telemetry says (alarm) and what people write (alarm_handling) are different rows."""

from sqlalchemy import Column, Index, Integer, Text, text

from app.alarms.model import AlarmKind, Condition, Severity
from app.kit.tables import Time, Uuid, belongs_to, tenant_table, words

# `risen_at`: since when it is graver than it was; who acknowledged it before then has not acknowledged this.
alarms = tenant_table(
    "alarm",
    Column("id", Uuid, nullable=False),
    Column("site_id", Uuid, nullable=False),
    Column("bank_id", Uuid),
    Column("compartment_id", Uuid),
    Column("stay_id", Uuid),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("condition", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("raised_at", Time, nullable=False),
    Column("last_seen_at", Time, nullable=False),
    Column("cleared_at", Time),
    Column("risen_at", Time),
    Column("repeats", Integer, nullable=False, server_default=text("0")),
    words("kind", AlarmKind),
    words("severity", Severity),
    words("condition", Condition),
    belongs_to("site", "site_id"),
)
# One alarm per condition and cause: a repeat raises the count, never a second alarm.
Index(
    "uq_alarm_active_cause",
    alarms.c.tenant_id,
    alarms.c.cause,
    unique=True,
    postgresql_where=text("condition = 'ACTIVE'"),
)
# What was told before, of the same cause.
Index("ix_alarm_cause", alarms.c.tenant_id, alarms.c.cause, alarms.c.raised_at)
Index("ix_alarm_raised", alarms.c.tenant_id, alarms.c.raised_at, alarms.c.id)
Index("ix_alarm_site", alarms.c.tenant_id, alarms.c.site_id, alarms.c.raised_at, alarms.c.id)
Index(
    "ix_alarm_active",
    alarms.c.tenant_id,
    alarms.c.site_id,
    alarms.c.bank_id,
    postgresql_where=text("condition = 'ACTIVE'"),
)

handlings = tenant_table(
    "alarm_handling",
    Column("alarm_id", Uuid, nullable=False),
    Column("acknowledged_at", Time),
    Column("acknowledged_by", Uuid),
    Column("acknowledged_by_name", Text),
    Column("comment", Text),
    Column("shelved_until", Time),
    Column("shelved_by", Uuid),
    Column("shelve_reason", Text),
    belongs_to("alarm", "alarm_id"),
    key=("alarm_id",),
)
