"""Opening: several doors at once, approved by a second person."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import wall

revision = "2026_11_20_1515"
down_revision = "2026_11_20_1514"


def upgrade() -> None:
    op.create_table("opening", *_columns(), *_rules())
    op.create_index("ix_opening_bank", "opening", ["tenant_id", "bank_id", "requested_at", "id"], unique=False)
    op.create_index("ix_opening_requested", "opening", ["tenant_id", "requested_at", "id"], unique=False)
    op.create_index(
        "ix_opening_pending",
        "opening",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'PENDING'"),
    )
    wall(
        "opening",
        app=("SELECT", "INSERT", "UPDATE", "DELETE"),
        worker=("SELECT", "INSERT", "UPDATE", "DELETE"),
        scanned=True,
    )


def downgrade() -> None:
    op.drop_table("opening")


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("site_id", sa.UUID(), nullable=False),
        sa.Column("bank_id", sa.UUID(), nullable=False),
        sa.Column("all_doors", sa.Boolean(), nullable=False),
        sa.Column("compartment_ids", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("command_ids", postgresql.ARRAY(sa.UUID()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.UUID(), nullable=False),
        sa.Column("requested_by_name", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("decided_by", sa.UUID(), nullable=True),
        sa.Column("decided_by_name", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
    ]


def _rules() -> list[sa.Constraint]:
    return [
        sa.CheckConstraint("state IN ('PENDING', 'APPROVED', 'REJECTED', 'EXPIRED')", name=op.f("ck_opening_state")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "site_id"], ["site.tenant_id", "site.id"], name=op.f("fk_opening_tenant_id_site_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "bank_id"], ["bank.tenant_id", "bank.id"], name=op.f("fk_opening_tenant_id_bank_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_opening")),
    ]
