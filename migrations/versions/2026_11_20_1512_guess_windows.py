"""Guesses of passwords and pickup codes counted for all processes together."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import wall

revision = "2026_11_20_1512"
down_revision = "2026_11_20_1510"


def upgrade() -> None:
    op.create_table(
        "guess_window",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("moments", postgresql.ARRAY(sa.TIMESTAMP(timezone=True)), nullable=False),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_guess_window")),
        prefixes=["UNLOGGED"],
    )
    wall(
        "guess_window",
        app=("SELECT", "INSERT", "UPDATE", "DELETE"),
        worker=("SELECT", "INSERT", "UPDATE", "DELETE"),
        tenant=False,
    )


def downgrade() -> None:
    op.drop_table("guess_window")
