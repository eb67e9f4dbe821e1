"""Stays: whether a compartment is a place or a claim. Banks: whether they are filled while they do not answer."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_20_1514"
down_revision = "2026_11_20_1512"


def upgrade() -> None:
    op.add_column("stay", sa.Column("placed", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    op.add_column("bank", sa.Column("blind_allocation", sa.Boolean(), server_default=sa.text("false"), nullable=False))


def downgrade() -> None:
    op.drop_column("bank", "blind_allocation")
    op.drop_column("stay", "placed")
