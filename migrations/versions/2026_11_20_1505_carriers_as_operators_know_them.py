"""Carriers as operators know them."""

import sqlalchemy as sa
from alembic import op

from migrations.walls import past_the_wall, wall

revision = "2026_11_20_1505"
down_revision = "2026_11_20_1500"

# Whoever brought a parcel had been granted something before, and no grant is ever deleted.
MEET = """
    INSERT INTO carrier (tenant_id, id, carrier_id, name, created_at)
    SELECT g.tenant_id, gen_random_uuid(), g.carrier_id, o.name, min(g.created_at)
    FROM carrier_grant g JOIN organization o ON o.id = g.carrier_id
    GROUP BY g.tenant_id, g.carrier_id, o.name"""


def upgrade() -> None:
    op.create_table(
        "carrier",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("carrier_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["carrier_id"], ["organization.id"], name=op.f("fk_carrier_carrier_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_carrier")),
        sa.UniqueConstraint("tenant_id", "carrier_id", name=op.f("uq_carrier_tenant_id_carrier_id")),
    )
    op.create_index("ix_carrier_name", "carrier", ["tenant_id", "name", "id"], unique=False)
    wall(
        "carrier",
        app=("SELECT", "INSERT", "UPDATE", "DELETE"),
        worker=("SELECT", "INSERT", "UPDATE", "DELETE"),
        scanned=True,
        named="carrier_id",
    )
    past_the_wall(MEET)
    op.create_foreign_key(
        op.f("fk_carrier_grant_tenant_id_carrier_id"),
        "carrier_grant",
        "carrier",
        ["tenant_id", "carrier_id"],
        ["tenant_id", "carrier_id"],
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_carrier_grant_tenant_id_carrier_id"), "carrier_grant", type_="foreignkey")
    op.drop_table("carrier")
