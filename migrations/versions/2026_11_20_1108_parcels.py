"""Parcel."""

import sqlalchemy as sa
from alembic import op

from migrations.walls import wall

revision = "2026_11_20_1108"
down_revision = "2026_11_20_1107"


def upgrade() -> None:
    _parcel()


def downgrade() -> None:
    op.drop_table("parcel")


def _parcel() -> None:
    op.create_table(
        "parcel",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("site_id", sa.UUID(), nullable=False),
        sa.Column("stay_id", sa.UUID(), nullable=True),
        sa.Column("carrier_id", sa.UUID(), nullable=True),
        sa.Column("person_id", sa.UUID(), nullable=True),
        sa.Column("tracking", sa.Text(), nullable=False),
        sa.Column("secondary_tracking", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deposited_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("collected_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('ANNOUNCED', 'ALLOCATED', 'IN_LOCKER', 'COLLECTED', 'RETURNED', 'REMOVED', 'MISSING')",
            name=op.f("ck_parcel_state"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "person_id"], ["person.tenant_id", "person.id"], name=op.f("fk_parcel_tenant_id_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "site_id"], ["site.tenant_id", "site.id"], name=op.f("fk_parcel_tenant_id_site_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_parcel")),
    )
    op.create_index("ix_parcel_created", "parcel", ["tenant_id", "created_at", "id"], unique=False)
    op.create_index("ix_parcel_secondary", "parcel", ["tenant_id", "secondary_tracking"], unique=False)
    op.create_index("ix_parcel_stay", "parcel", ["tenant_id", "stay_id"], unique=False)
    op.create_index("ix_parcel_tracking", "parcel", ["tenant_id", "tracking"], unique=False)
    op.create_index(
        "uq_parcel_open_tracking",
        "parcel",
        ["tenant_id", "carrier_id", "tracking"],
        unique=True,
        postgresql_where=sa.text("state IN ('ANNOUNCED', 'ALLOCATED', 'IN_LOCKER')"),
        postgresql_nulls_not_distinct=True,
    )
    wall("parcel", app=("SELECT", "INSERT", "UPDATE", "DELETE"), worker=("SELECT", "INSERT", "UPDATE", "DELETE"))
