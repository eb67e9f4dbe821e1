"""Why a compartment is given to nobody though its bank answers; the board counts by it too."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_20_1640"
down_revision = "2026_11_20_1620"

_INDEX = "ix_compartment_occupancy"
_COUNTED = ["tenant_id", "site_id", "bank_id", "size", "use", "service", "door"]


def upgrade() -> None:
    op.add_column("compartment", sa.Column("withheld", sa.Text(), nullable=True))
    op.add_column("compartment", sa.Column("withheld_since", sa.TIMESTAMP(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_compartment_withheld"), "compartment", "withheld IN ('SILENT', 'TAKEN')")
    op.drop_index(_INDEX, table_name="compartment")
    op.create_index(_INDEX, "compartment", [*_COUNTED, "withheld"])


def downgrade() -> None:
    op.drop_index(_INDEX, table_name="compartment")
    op.create_index(_INDEX, "compartment", _COUNTED)
    op.drop_constraint(op.f("ck_compartment_withheld"), "compartment")
    op.drop_column("compartment", "withheld_since")
    op.drop_column("compartment", "withheld")
