"""The record of a site, in its order."""

from alembic import op

revision = "2026_11_20_1506"
down_revision = "2026_11_20_1505"

NAME, TABLE = "ix_audit_entry_site", "audit_entry"


def upgrade() -> None:
    # Every act writes an entry: nobody may wait while the index of a long record is made.
    with op.get_context().autocommit_block():
        usual = op.get_bind().exec_driver_sql("SHOW statement_timeout").scalar_one()
        op.execute("SET statement_timeout = 0")
        op.create_index(
            NAME, TABLE, ["tenant_id", "site_id", "occurred_at", "id"], if_not_exists=True, postgresql_concurrently=True
        )
        op.execute(f"SET statement_timeout = '{usual}'")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(NAME, TABLE, if_exists=True, postgresql_concurrently=True)
