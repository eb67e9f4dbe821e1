"""Hardware that opens for whoever knows its address belongs to who connected it first."""

import sqlalchemy as sa
from alembic import op

from migrations.walls import wall

revision = "2026_12_01_1200"
down_revision = "2026_12_01_0900"

_RIGHTS = ("SELECT", "INSERT", "DELETE")


def upgrade() -> None:
    op.create_table(
        "owned_address",
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("connection_id", sa.UUID(), nullable=False),
        sa.Column("owner", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("address", "connection_id", name=op.f("pk_owned_address")),
    )
    op.create_index("ix_owned_address_connection", "owned_address", ["connection_id"], unique=False)
    wall("owned_address", app=_RIGHTS, worker=_RIGHTS, tenant=False)


def downgrade() -> None:
    op.drop_table("owned_address")
