"""Stay."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.walls import wall

revision = "2026_11_20_1109"
down_revision = "2026_11_20_1108"


def upgrade() -> None:
    _stay()


def downgrade() -> None:
    op.drop_table("stay")


def _stay() -> None:
    op.create_table("stay", *_stay_columns(), *_stay_rules())
    op.create_index("ix_stay_carrier", "stay", ["tenant_id", "carrier_id", "created_at", "id"], unique=False)
    op.create_index("ix_stay_compartment", "stay", ["tenant_id", "compartment_id", "created_at", "id"], unique=False)
    op.create_index("ix_stay_created", "stay", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_stay_due",
        "stay",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('HELD', 'ACCESS_ISSUED')"),
    )
    op.create_index(
        "ix_stay_overdue",
        "stay",
        ["deposit_expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'DEPOSITED' AND overdue_at IS NULL"),
    )
    op.create_index("ix_stay_recipient", "stay", ["tenant_id", "recipient_id", "created_at"], unique=False)
    op.create_index("ix_stay_site_created", "stay", ["tenant_id", "site_id", "created_at", "id"], unique=False)
    op.create_index(
        "uq_stay_open_compartment",
        "stay",
        ["tenant_id", "compartment_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'RELEASED'"),
    )
    wall(
        "stay",
        app=("SELECT", "INSERT", "UPDATE", "DELETE"),
        worker=("SELECT", "INSERT", "UPDATE", "DELETE"),
        scanned=True,
    )


def _stay_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("site_id", sa.UUID(), nullable=False),
        sa.Column("bank_id", sa.UUID(), nullable=False),
        sa.Column("compartment_id", sa.UUID(), nullable=False),
        sa.Column("carrier_id", sa.UUID(), nullable=True),
        sa.Column("recipient_id", sa.UUID(), nullable=True),
        sa.Column("depositor_id", sa.UUID(), nullable=True),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), server_default=sa.text("'E0'"), nullable=False),
        sa.Column("created_by", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("deposited_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("deposit_expires_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("overdue_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("released_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("pickup_hash", sa.LargeBinary(), nullable=True),
        sa.Column("pickup_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("pickup_failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
    ]


def _stay_rules() -> list[sa.Constraint]:
    return [
        sa.CheckConstraint("evidence IN ('E0', 'E1', 'E2', 'E3', 'E4')", name=op.f("ck_stay_evidence")),
        sa.CheckConstraint("flow IN ('DELIVER', 'RETURN')", name=op.f("ck_stay_flow")),
        sa.CheckConstraint(
            "outcome IN ('COLLECTED', 'COLLECTED_BY_CARRIER', 'RETURNED_TO_SENDER', 'REMOVED_BY_STAFF', 'CANCELLED', 'EXPIRED_UNUSED', 'NO_FIT', 'ABANDONED_RECORD', 'UNKNOWN_RELEASE')",
            name=op.f("ck_stay_outcome"),
        ),
        sa.CheckConstraint(
            "state IN ('QUEUED', 'HELD', 'ACCESS_ISSUED', 'DEPOSITING', 'DEPOSITED', 'COLLECTING', 'REVOKING', 'RELEASED')",
            name=op.f("ck_stay_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "bank_id"], ["bank.tenant_id", "bank.id"], name=op.f("fk_stay_tenant_id_bank_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "compartment_id"],
            ["compartment.tenant_id", "compartment.id"],
            name=op.f("fk_stay_tenant_id_compartment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "recipient_id"],
            ["person.tenant_id", "person.id"],
            name=op.f("fk_stay_tenant_id_recipient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "site_id"], ["site.tenant_id", "site.id"], name=op.f("fk_stay_tenant_id_site_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_stay")),
    ]
