"""Alarm, alarm handling."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.walls import wall

revision = "2026_11_20_1110"
down_revision = "2026_11_20_1109"


def upgrade() -> None:
    _alarm()
    _alarm_handling()


def downgrade() -> None:
    op.drop_table("alarm_handling")
    op.drop_table("alarm")


def _alarm() -> None:
    op.create_table("alarm", *_alarm_columns(), *_alarm_rules())
    op.create_index(
        "ix_alarm_active",
        "alarm",
        ["tenant_id", "site_id", "bank_id"],
        unique=False,
        postgresql_where=sa.text("condition = 'ACTIVE'"),
    )
    op.create_index("ix_alarm_cause", "alarm", ["tenant_id", "cause", "raised_at"], unique=False)
    op.create_index("ix_alarm_raised", "alarm", ["tenant_id", "raised_at", "id"], unique=False)
    op.create_index("ix_alarm_site", "alarm", ["tenant_id", "site_id", "raised_at", "id"], unique=False)
    op.create_index(
        "uq_alarm_active_cause",
        "alarm",
        ["tenant_id", "cause"],
        unique=True,
        postgresql_where=sa.text("condition = 'ACTIVE'"),
    )
    wall(
        "alarm",
        app=("SELECT", "INSERT", "UPDATE", "DELETE"),
        worker=("SELECT", "INSERT", "UPDATE", "DELETE"),
        scanned=True,
    )


def _alarm_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("site_id", sa.UUID(), nullable=False),
        sa.Column("bank_id", sa.UUID(), nullable=True),
        sa.Column("compartment_id", sa.UUID(), nullable=True),
        sa.Column("stay_id", sa.UUID(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("repeats", sa.Integer(), server_default=sa.text("0"), nullable=False),
    ]


def _alarm_rules() -> list[sa.Constraint]:
    return [
        sa.CheckConstraint("condition IN ('ACTIVE', 'CLEARED')", name=op.f("ck_alarm_condition")),
        sa.CheckConstraint(
            "kind IN ('AUDIT_CHAIN_BROKEN', 'BANK_UNREACHABLE', 'CLOSED_WITHOUT_DEPOSIT', 'CONTROLLER_FAULT', 'FORCED_OPEN', 'GHOST_PARCEL', 'HELD_OPEN', 'LATE_EVENT_AFTER_RELEASE', 'MISSING_PARCEL', 'OPENED_WRONG_DOOR', 'OPEN_AFTER_RELEASE', 'OPEN_FAILED', 'UNMAPPED_STATUS')",
            name=op.f("ck_alarm_kind"),
        ),
        sa.CheckConstraint("severity IN ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW')", name=op.f("ck_alarm_severity")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "site_id"], ["site.tenant_id", "site.id"], name=op.f("fk_alarm_tenant_id_site_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_alarm")),
    ]


def _alarm_handling() -> None:
    op.create_table(
        "alarm_handling",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("alarm_id", sa.UUID(), nullable=False),
        sa.Column("acknowledged_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.UUID(), nullable=True),
        sa.Column("acknowledged_by_name", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("shelved_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("shelved_by", sa.UUID(), nullable=True),
        sa.Column("shelve_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "alarm_id"],
            ["alarm.tenant_id", "alarm.id"],
            name=op.f("fk_alarm_handling_tenant_id_alarm_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "alarm_id", name=op.f("pk_alarm_handling")),
    )
    wall(
        "alarm_handling",
        app=("SELECT", "INSERT", "UPDATE", "DELETE"),
        worker=("SELECT", "INSERT", "UPDATE", "DELETE"),
        scanned=True,
    )
