"""What a bank is known by, since when it is not as it was, and of which bank a survey tells."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "2026_12_01_0900"
down_revision = "2026_12_01_0140"


def upgrade() -> None:
    op.add_column("bank", sa.Column("likeness", JSONB(), nullable=True))
    op.add_column("bank", sa.Column("differs_since", sa.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("survey", sa.Column("revision", sa.Integer(), nullable=True))
    op.add_column("survey", sa.Column("capabilities", JSONB(), server_default=sa.text("'{}'"), nullable=False))


def downgrade() -> None:
    op.drop_column("survey", "capabilities")
    op.drop_column("survey", "revision")
    op.drop_column("bank", "differs_since")
    op.drop_column("bank", "likeness")
