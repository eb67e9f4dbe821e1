"""Export, occupancy hour."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import wall

revision = "2026_11_20_1111"
down_revision = "2026_11_20_1110"


def upgrade() -> None:
    _export()
    _occupancy_hour()


def downgrade() -> None:
    op.drop_table("occupancy_hour")
    op.drop_table("export")


def _export() -> None:
    op.create_table(
        "export",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("filter", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("requested_by", sa.UUID(), nullable=False),
        sa.Column("requested_by_name", sa.Text(), nullable=False),
        sa.Column("membership_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("finished_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("rows", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("expected_rows", sa.BigInteger(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.CheckConstraint("format IN ('CSV', 'NDJSON')", name=op.f("ck_export_format")),
        sa.CheckConstraint("kind IN ('AUDIT', 'STAYS')", name=op.f("ck_export_kind")),
        sa.CheckConstraint("state IN ('QUEUED', 'RUNNING', 'DONE', 'FAILED', 'EXPIRED')", name=op.f("ck_export_state")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_export")),
    )
    op.create_index("ix_export_created", "export", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_export_waiting",
        "export",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('QUEUED', 'RUNNING')"),
    )
    wall(
        "export",
        app=("SELECT", "INSERT", "UPDATE", "DELETE"),
        worker=("SELECT", "INSERT", "UPDATE", "DELETE"),
        scanned=True,
    )


def _occupancy_hour() -> None:
    op.create_table(
        "occupancy_hour",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("site_id", sa.UUID(), nullable=False),
        sa.Column("hour", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("size", sa.Text(), nullable=False),
        sa.Column("compartments", sa.Integer(), nullable=False),
        sa.Column("used_seconds", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "site_id"], ["site.tenant_id", "site.id"], name=op.f("fk_occupancy_hour_tenant_id_site_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "site_id", "hour", "size", name=op.f("pk_occupancy_hour")),
    )
    wall(
        "occupancy_hour",
        app=("SELECT", "INSERT", "UPDATE", "DELETE"),
        worker=("SELECT", "INSERT", "UPDATE", "DELETE"),
        scanned=True,
    )
