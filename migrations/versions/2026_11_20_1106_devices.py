"""Vendor connection, command."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import wall

revision = "2026_11_20_1106"
down_revision = "2026_11_20_1105"


def upgrade() -> None:
    _vendor_connection()
    _command()


def downgrade() -> None:
    op.drop_table("command")
    op.drop_table("vendor_connection")


def _vendor_connection() -> None:
    op.create_table(
        "vendor_connection",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("settings", postgresql.JSONB(none_as_null=True), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_vendor_connection")),
    )
    wall(
        "vendor_connection",
        app=("SELECT", "INSERT", "UPDATE", "DELETE"),
        worker=("SELECT", "INSERT", "UPDATE", "DELETE"),
        scanned=True,
    )


def _command() -> None:
    op.create_table("command", *_command_columns(), *_command_rules())
    op.create_index(
        "ix_command_compartment", "command", ["tenant_id", "compartment_id", "requested_at", "id"], unique=False
    )
    op.create_index("ix_command_stay", "command", ["tenant_id", "stay_id", "requested_at", "id"], unique=False)
    op.create_index(
        "ix_command_unsettled",
        "command",
        ["tenant_id", "bank_id"],
        unique=False,
        postgresql_where=sa.text("NOT settled"),
    )
    op.create_index(
        "ix_command_waiting",
        "command",
        ["bank_id", "requested_at"],
        unique=False,
        postgresql_where=sa.text("state = 'REQUESTED'"),
    )
    op.create_index(
        "uq_command_open_pending",
        "command",
        ["tenant_id", "compartment_id"],
        unique=True,
        postgresql_where=sa.text(
            "kind = 'OPEN' AND NOT settled AND state IN ('REQUESTED', 'SENT', 'ACCEPTED', 'UNCONFIRMED')"
        ),
    )
    wall(
        "command",
        app=("SELECT", "INSERT", "UPDATE", "DELETE"),
        worker=("SELECT", "INSERT", "UPDATE", "DELETE"),
        scanned=True,
    )


def _command_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("site_id", sa.UUID(), nullable=False),
        sa.Column("bank_id", sa.UUID(), nullable=False),
        sa.Column("compartment_id", sa.UUID(), nullable=False),
        sa.Column("stay_id", sa.UUID(), nullable=True),
        sa.Column("carrier_id", sa.UUID(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), server_default=sa.text("'NONE'"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("parameters", postgresql.JSONB(none_as_null=True), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("requested_by", sa.UUID(), nullable=False),
        sa.Column("requested_by_name", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("sent_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("settled_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("settled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("seen_openings", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    ]


def _command_rules() -> list[sa.Constraint]:
    return [
        sa.CheckConstraint(
            "kind IN ('OPEN', 'RESERVE', 'DEPOSIT', 'EXTEND', 'RELEASE', 'SET_SERVICE')", name=op.f("ck_command_kind")
        ),
        sa.CheckConstraint(
            "purpose IN ('DEPOSIT', 'PICKUP', 'COLLECTION', 'OVERRIDE', 'NONE')", name=op.f("ck_command_purpose")
        ),
        sa.CheckConstraint(
            "state IN ('REQUESTED', 'SENT', 'ACCEPTED', 'DOOR_OPENED', 'DOOR_CLOSED', 'FAILED', 'EXPIRED', 'UNCONFIRMED')",
            name=op.f("ck_command_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "bank_id"], ["bank.tenant_id", "bank.id"], name=op.f("fk_command_tenant_id_bank_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "compartment_id"],
            ["compartment.tenant_id", "compartment.id"],
            name=op.f("fk_command_tenant_id_compartment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "site_id"], ["site.tenant_id", "site.id"], name=op.f("fk_command_tenant_id_site_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_command")),
    ]
