"""Site."""

import sqlalchemy as sa
from alembic import op

from migrations.walls import wall

revision = "2026_11_20_1104"
down_revision = "2026_11_20_1103"


def upgrade() -> None:
    _site()


def downgrade() -> None:
    op.drop_table("site")


def _site() -> None:
    op.create_table(
        "site",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address_line", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_site")),
    )
    op.create_index("ix_site_name", "site", ["tenant_id", "name", "id"], unique=False)
    wall(
        "site",
        app=("SELECT", "INSERT", "UPDATE", "DELETE"),
        worker=("SELECT", "INSERT", "UPDATE", "DELETE"),
        scanned=True,
    )
