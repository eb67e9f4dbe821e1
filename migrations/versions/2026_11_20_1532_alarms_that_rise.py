"""Since when an alarm is graver than it was."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_20_1532"
down_revision = "2026_11_20_1530"


def upgrade() -> None:
    op.add_column("alarm", sa.Column("risen_at", sa.TIMESTAMP(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("alarm", "risen_at")
