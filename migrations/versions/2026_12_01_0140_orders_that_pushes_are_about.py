"""Which order of ours a vendor's push is about, where the vendor echoes it."""

import sqlalchemy as sa
from alembic import op

revision = "2026_12_01_0140"
down_revision = "2026_11_20_1640"


def upgrade() -> None:
    op.add_column("vendor_push", sa.Column("order_id", sa.UUID(), nullable=True))
    op.create_index(
        "ix_vendor_push_order",
        "vendor_push",
        ["tenant_id", "connection_id", "order_id"],
        unique=False,
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_vendor_push_order", table_name="vendor_push")
    op.drop_column("vendor_push", "order_id")
