"""Person."""

import sqlalchemy as sa
from alembic import op

from migrations.walls import wall

revision = "2026_11_20_1107"
down_revision = "2026_11_20_1106"


def upgrade() -> None:
    _person()


def downgrade() -> None:
    op.drop_table("person")


def _person() -> None:
    op.create_table(
        "person",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("personal_id", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), server_default=sa.text("'en'"), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('RECIPIENT', 'DEPARTMENT', 'DEPOSITOR', 'SENDER')", name=op.f("ck_person_kind")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_person")),
    )
    op.create_index("ix_person_account", "person", ["tenant_id", "account_id"], unique=False)
    op.create_index("ix_person_name", "person", ["tenant_id", "name", "id"], unique=False)
    wall("person", app=("SELECT", "INSERT", "UPDATE", "DELETE"), worker=("SELECT", "INSERT", "UPDATE", "DELETE"))
