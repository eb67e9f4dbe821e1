"""Vendors' address books: under which id a vendor knows a person."""

import sqlalchemy as sa
from alembic import op

from migrations.walls import wall

revision = "2026_11_20_1518"
down_revision = "2026_11_20_1515"


def upgrade() -> None:
    op.create_table(
        "vendor_contact",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("connection_id", sa.UUID(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["vendor_connection.tenant_id", "vendor_connection.id"],
            name=op.f("fk_vendor_contact_tenant_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "person_id"],
            ["person.tenant_id", "person.id"],
            name=op.f("fk_vendor_contact_tenant_id_person_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "connection_id", "person_id", name=op.f("pk_vendor_contact")),
    )
    wall(
        "vendor_contact",
        app=("SELECT", "INSERT", "UPDATE", "DELETE"),
        worker=("SELECT", "INSERT", "UPDATE", "DELETE"),
        scanned=False,
    )


def downgrade() -> None:
    op.drop_table("vendor_contact")
