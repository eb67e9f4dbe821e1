"""Carrier grant."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import wall

revision = "2026_11_20_1101"
down_revision = "2026_11_20_1100"


def upgrade() -> None:
    _carrier_grant()


def downgrade() -> None:
    op.drop_table("carrier_grant")


def _carrier_grant() -> None:
    op.create_table(
        "carrier_grant",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("carrier_id", sa.UUID(), nullable=False),
        sa.Column("operations", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("all_sites", sa.Boolean(), nullable=False),
        sa.Column("site_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("all_banks", sa.Boolean(), nullable=False),
        sa.Column("bank_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("all_sizes", sa.Boolean(), nullable=False),
        sa.Column("sizes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("valid_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("valid_to", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("windows", postgresql.JSONB(none_as_null=True), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("max_open_stays", sa.Integer(), nullable=True),
        sa.Column("max_deposits_per_day", sa.Integer(), nullable=True),
        sa.Column("max_hold_hours", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('ACTIVE', 'SUSPENDED', 'REVOKED')", name=op.f("ck_carrier_grant_state")),
        sa.ForeignKeyConstraint(["carrier_id"], ["organization.id"], name=op.f("fk_carrier_grant_carrier_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_carrier_grant")),
    )
    op.create_index("ix_carrier_grant_carrier", "carrier_grant", ["tenant_id", "carrier_id"], unique=False)
    wall(
        "carrier_grant",
        app=("SELECT", "INSERT", "UPDATE", "DELETE"),
        worker=("SELECT", "INSERT", "UPDATE", "DELETE"),
        scanned=True,
        named="carrier_id",
    )
