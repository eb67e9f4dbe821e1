"""Audit checkpoint, audit entry, audit head, audit personal, audit seal."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import wall

revision = "2026_11_20_1102"
down_revision = "2026_11_20_1101"


def upgrade() -> None:
    _audit_checkpoint()
    _audit_entry()
    _audit_head()
    _audit_personal()
    _audit_seal()


def downgrade() -> None:
    op.drop_table("audit_seal")
    op.drop_table("audit_personal")
    op.drop_table("audit_head")
    op.drop_table("audit_entry")
    op.drop_table("audit_checkpoint")


def _audit_checkpoint() -> None:
    op.create_table(
        "audit_checkpoint",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "sequence", name=op.f("pk_audit_checkpoint")),
    )
    wall("audit_checkpoint", app=("SELECT",), worker=("SELECT", "INSERT"), scanned=True)


def _audit_entry() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("occurred_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("actor_id", sa.UUID(), nullable=True),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_label", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target_type", sa.Text(), nullable=False),
        sa.Column("target_id", sa.UUID(), nullable=True),
        sa.Column("site_id", sa.UUID(), nullable=True),
        sa.Column("carrier_id", sa.UUID(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("commitments", postgresql.JSONB(none_as_null=True), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint("outcome IN ('DONE', 'FAILED', 'DENIED')", name=op.f("ck_audit_entry_outcome")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_occurred", "audit_entry", ["tenant_id", "occurred_at", "id"], unique=False)
    op.create_index(
        "ix_audit_entry_site_action",
        "audit_entry",
        ["tenant_id", "site_id", "action", "occurred_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_audit_entry_target", "audit_entry", ["tenant_id", "target_id", "occurred_at", "id"], unique=False
    )
    wall("audit_entry", app=("SELECT", "INSERT"), worker=("SELECT", "INSERT"), scanned=True)


def _audit_head() -> None:
    op.create_table(
        "audit_head",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_audit_head")),
    )
    wall("audit_head", app=("SELECT",), worker=("SELECT", "INSERT", "UPDATE", "DELETE"), scanned=True)


def _audit_personal() -> None:
    op.create_table(
        "audit_personal",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("entry_id", sa.UUID(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "entry_id"],
            ["audit_entry.tenant_id", "audit_entry.id"],
            name=op.f("fk_audit_personal_tenant_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "entry_id", "field", name=op.f("pk_audit_personal")),
    )
    wall("audit_personal", app=("SELECT", "INSERT", "DELETE"), worker=("SELECT", "INSERT", "UPDATE", "DELETE"))


def _audit_seal() -> None:
    op.create_table(
        "audit_seal",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.UUID(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "entry_id"],
            ["audit_entry.tenant_id", "audit_entry.id"],
            name=op.f("fk_audit_seal_tenant_id_entry_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "sequence", name=op.f("pk_audit_seal")),
    )
    op.create_index("uq_audit_seal_entry", "audit_seal", ["tenant_id", "entry_id"], unique=True)
    wall("audit_seal", app=("SELECT",), worker=("SELECT", "INSERT"), scanned=True)
