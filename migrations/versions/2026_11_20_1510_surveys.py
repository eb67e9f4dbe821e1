"""Survey; what a bank's keeper must notice, and what the vendor's words for sizes mean."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import wall

revision = "2026_11_20_1510"
down_revision = "2026_11_20_1506"


def upgrade() -> None:
    op.add_column("bank", sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("bank", sa.Column("size_words", _json(), server_default=sa.text("'{}'"), nullable=False))
    op.create_table(
        "survey",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("connection_id", sa.UUID(), nullable=False),
        sa.Column("site_id", sa.UUID(), nullable=True),
        sa.Column("bank_id", sa.UUID(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("requested_by_name", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("finished_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("found", _json(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("differences", _json(), server_default=sa.text("'[]'"), nullable=False),
        sa.CheckConstraint("state IN ('WAITING', 'RUNNING', 'READY', 'FAILED')", name=op.f("ck_survey_state")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_survey")),
    )
    op.create_index("ix_survey_bank", "survey", ["tenant_id", "bank_id", "requested_at", "id"], unique=False)
    op.create_index(
        "ix_survey_connection", "survey", ["tenant_id", "connection_id", "requested_at", "id"], unique=False
    )
    op.create_index(
        "ix_survey_waiting",
        "survey",
        ["requested_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('WAITING', 'RUNNING')"),
    )
    wall(
        "survey",
        app=("SELECT", "INSERT", "UPDATE", "DELETE"),
        worker=("SELECT", "INSERT", "UPDATE", "DELETE"),
        scanned=True,
    )


def downgrade() -> None:
    op.drop_table("survey")
    op.drop_column("bank", "size_words")
    op.drop_column("bank", "revision")


def _json() -> postgresql.JSONB:
    return postgresql.JSONB(none_as_null=True)
