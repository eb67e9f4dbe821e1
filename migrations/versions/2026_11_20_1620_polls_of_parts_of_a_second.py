"""A bank may be looked at more often than once a second."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_20_1620"
down_revision = "2026_11_20_1532"


def upgrade() -> None:
    op.alter_column("bank", "poll_seconds", type_=sa.Double(), server_default=sa.text("5"))


def downgrade() -> None:
    op.alter_column(
        "bank",
        "poll_seconds",
        type_=sa.Integer(),
        server_default=sa.text("5"),
        postgresql_using="greatest(1, round(poll_seconds))",
    )
