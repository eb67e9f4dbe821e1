"""Fact, fact head, idempotency key, outbox, reaction cursor."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import wall

revision = "2026_11_20_1103"
down_revision = "2026_11_20_1102"


def upgrade() -> None:
    _fact()
    _fact_head()
    _idempotency_key()
    _outbox()
    _reaction_cursor()


def downgrade() -> None:
    op.drop_table("reaction_cursor")
    op.drop_table("outbox")
    op.drop_table("idempotency_key")
    op.drop_table("fact_head")
    op.drop_table("fact")


def _fact() -> None:
    op.create_table(
        "fact",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.UUID(), nullable=False),
        sa.Column("site_id", sa.UUID(), nullable=True),
        sa.Column("bank_id", sa.UUID(), nullable=True),
        sa.Column("carrier_id", sa.UUID(), nullable=True),
        sa.Column("occurred_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "recorded_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.UUID(), nullable=True),
        sa.Column("payload", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "sequence", name=op.f("pk_fact")),
    )
    op.create_index("ix_fact_subject", "fact", ["tenant_id", "subject_id", "sequence"], unique=False)
    op.create_index("uq_fact_id", "fact", ["tenant_id", "id"], unique=True)
    wall("fact", app=("SELECT",), worker=("SELECT", "INSERT", "DELETE"), scanned=True)


def _fact_head() -> None:
    op.create_table(
        "fact_head",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_fact_head")),
    )
    wall("fact_head", app=("SELECT",), worker=("SELECT", "INSERT", "UPDATE", "DELETE"), scanned=True)


def _idempotency_key() -> None:
    op.create_table(
        "idempotency_key",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("organization_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("mutation", sa.Text(), nullable=False),
        sa.Column("input_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answer", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "organization_id", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index("ix_idempotency_key_created", "idempotency_key", ["created_at"], unique=False)
    wall("idempotency_key", app=("SELECT", "INSERT", "DELETE"), worker=("SELECT", "INSERT", "DELETE"), scanned=True)


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("fact_id", sa.UUID(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.UUID(), nullable=True),
        sa.Column("site_id", sa.UUID(), nullable=True),
        sa.Column("bank_id", sa.UUID(), nullable=True),
        sa.Column("carrier_id", sa.UUID(), nullable=True),
        sa.Column("occurred_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.UUID(), nullable=True),
        sa.Column("payload", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("trace_id", sa.Text(), nullable=True),
        sa.Column("audit_id", sa.UUID(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_order", "outbox", ["id"], unique=False)
    wall("outbox", app=("INSERT",), worker=("SELECT", "INSERT", "DELETE"), scanned=True)


def _reaction_cursor() -> None:
    op.create_table(
        "reaction_cursor",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", name=op.f("pk_reaction_cursor")),
    )
    wall("reaction_cursor", app=("SELECT",), worker=("SELECT", "INSERT", "UPDATE", "DELETE"), scanned=True)
