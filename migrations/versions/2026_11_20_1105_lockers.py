"""Bank, compartment."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import wall

revision = "2026_11_20_1105"
down_revision = "2026_11_20_1104"


def upgrade() -> None:
    _bank()
    _compartment()


def downgrade() -> None:
    op.drop_table("compartment")
    op.drop_table("bank")


def _bank() -> None:
    op.create_table(
        "bank",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("site_id", sa.UUID(), nullable=False),
        sa.Column("connection_id", sa.UUID(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("poll_seconds", sa.Integer(), server_default=sa.text("5"), nullable=False),
        sa.Column("capabilities", postgresql.JSONB(none_as_null=True), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("last_contact_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("unreachable_since", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "site_id"], ["site.tenant_id", "site.id"], name=op.f("fk_bank_tenant_id_site_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_bank")),
    )
    op.create_index("ix_bank_site", "bank", ["tenant_id", "site_id", "label", "id"], unique=False)
    op.create_index("uq_bank_external", "bank", ["tenant_id", "connection_id", "external_id"], unique=True)
    wall(
        "bank",
        app=("SELECT", "INSERT", "UPDATE", "DELETE"),
        worker=("SELECT", "INSERT", "UPDATE", "DELETE"),
        scanned=True,
    )


def _compartment() -> None:
    op.create_table("compartment", *_compartment_columns(), *_compartment_rules())
    op.create_index("ix_compartment_bank_label", "compartment", ["tenant_id", "bank_id", "label", "id"], unique=False)
    op.create_index(
        "ix_compartment_back",
        "compartment",
        ["service_until"],
        unique=False,
        postgresql_where=sa.text("service = 'OUT_OF_SERVICE'"),
    )
    op.create_index(
        "ix_compartment_open",
        "compartment",
        ["door_open_since"],
        unique=False,
        postgresql_where=sa.text("door = 'OPEN'"),
    )
    op.create_index(
        "ix_compartment_occupancy",
        "compartment",
        ["tenant_id", "site_id", "bank_id", "size", "use", "service", "door"],
        unique=False,
    )
    op.create_index("uq_compartment_external", "compartment", ["tenant_id", "bank_id", "external_id"], unique=True)
    wall(
        "compartment",
        app=("SELECT", "INSERT", "UPDATE", "DELETE"),
        worker=("SELECT", "INSERT", "UPDATE", "DELETE"),
        scanned=True,
    )


def _compartment_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("site_id", sa.UUID(), nullable=False),
        sa.Column("bank_id", sa.UUID(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("size", sa.Text(), nullable=False),
        sa.Column("accessible", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("column_no", sa.Integer(), nullable=False),
        sa.Column("row_span", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("use", sa.Text(), server_default=sa.text("'FREE'"), nullable=False),
        sa.Column("service", sa.Text(), server_default=sa.text("'IN_SERVICE'"), nullable=False),
        sa.Column("service_reason", sa.Text(), nullable=True),
        sa.Column("service_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("door", sa.Text(), server_default=sa.text("'UNKNOWN'"), nullable=False),
        sa.Column("door_observed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("door_open_since", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("door_source", sa.Text(), nullable=True),
        sa.Column("openings", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("item_present", sa.Boolean(), nullable=True),
    ]


def _compartment_rules() -> list[sa.Constraint]:
    return [
        sa.CheckConstraint("door IN ('CLOSED', 'OPEN', 'UNKNOWN')", name=op.f("ck_compartment_door")),
        sa.CheckConstraint("service IN ('IN_SERVICE', 'OUT_OF_SERVICE', 'FAULT')", name=op.f("ck_compartment_service")),
        sa.CheckConstraint("size IN ('S', 'M', 'L', 'XL')", name=op.f("ck_compartment_size")),
        sa.CheckConstraint("use IN ('FREE', 'RESERVED', 'OCCUPIED')", name=op.f("ck_compartment_use")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "bank_id"], ["bank.tenant_id", "bank.id"], name=op.f("fk_compartment_tenant_id_bank_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "site_id"], ["site.tenant_id", "site.id"], name=op.f("fk_compartment_tenant_id_site_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_compartment")),
    ]
