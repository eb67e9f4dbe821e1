"""Passes that people carry, what vendors post, and the alarm when something called off is used."""

import sqlalchemy as sa
from alembic import op

from migrations.walls import past_the_wall, wall

revision = "2026_11_20_1530"
down_revision = "2026_11_20_1518"

_EVERYTHING = ("SELECT", "INSERT", "UPDATE", "DELETE")
_NEW = "REVOKED_CREDENTIAL_USED"
_KINDS = (
    "AUDIT_CHAIN_BROKEN",
    "BANK_UNREACHABLE",
    "CLOSED_WITHOUT_DEPOSIT",
    "CONTROLLER_FAULT",
    "FORCED_OPEN",
    "GHOST_PARCEL",
    "HELD_OPEN",
    "LATE_EVENT_AFTER_RELEASE",
    "MISSING_PARCEL",
    "OPENED_WRONG_DOOR",
    "OPEN_AFTER_RELEASE",
    "OPEN_FAILED",
    "UNMAPPED_STATUS",
)
_NAMED = "NULLIF(current_setting('app.organization_id', true), '')::uuid"


def upgrade() -> None:
    _allow((*_KINDS[:-1], _NEW, _KINDS[-1]))
    op.execute(f"CREATE POLICY named_reads ON vendor_connection FOR SELECT USING (id = {_NAMED})")
    op.create_table(
        "pass",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        *(
            sa.Column(name, sa.UUID(), nullable=False)
            for name in ("id", "stay_id", "site_id", "bank_id", "compartment_id", "command_id")
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("carrier_id", sa.UUID(), nullable=True),
        sa.Column("person_id", sa.UUID(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("issued_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("used_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('DEPOSIT', 'PICKUP')", name=op.f("ck_pass_kind")),
        sa.CheckConstraint(
            "state IN ('ISSUED', 'USED', 'EXPIRED', 'REVOKE_PENDING', 'REVOKED')", name=op.f("ck_pass_state")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "compartment_id"],
            ["compartment.tenant_id", "compartment.id"],
            name=op.f("fk_pass_tenant_id_compartment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "person_id"], ["person.tenant_id", "person.id"], name=op.f("fk_pass_tenant_id_person_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_pass")),
    )
    op.create_index("ix_pass_compartment", "pass", ["tenant_id", "compartment_id", "issued_at"], unique=False)
    op.create_index(
        "ix_pass_due",
        "pass",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('ISSUED', 'REVOKE_PENDING')"),
    )
    op.create_index("ix_pass_stay", "pass", ["tenant_id", "stay_id", "issued_at", "id"], unique=False)
    op.create_index("uq_pass_command", "pass", ["tenant_id", "command_id"], unique=True)
    wall("pass", app=_EVERYTHING, worker=_EVERYTHING, scanned=True)
    _pushes()


def _pushes() -> None:
    op.create_table(
        "vendor_push",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("connection_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("bank", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("word", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('ACCESS_ISSUED', 'ACCESS_USED', 'ASSIGNED', 'OTHER')", name=op.f("ck_vendor_push_kind")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_vendor_push")),
    )
    op.create_index("ix_vendor_push_received", "vendor_push", ["received_at"], unique=False)
    op.create_index(
        "ix_vendor_push_reference", "vendor_push", ["tenant_id", "connection_id", "reference"], unique=False
    )
    op.create_index("uq_vendor_push_key", "vendor_push", ["tenant_id", "connection_id", "key"], unique=True)
    wall("vendor_push", app=_EVERYTHING, worker=_EVERYTHING, scanned=True)


def downgrade() -> None:
    op.drop_table("vendor_push")
    op.drop_table("pass")
    op.execute("DROP POLICY named_reads ON vendor_connection")
    past_the_wall(
        "DELETE FROM alarm_handling h USING alarm a WHERE a.id = h.alarm_id AND a.kind = 'REVOKED_CREDENTIAL_USED'"
    )
    past_the_wall("DELETE FROM alarm WHERE kind = 'REVOKED_CREDENTIAL_USED'")
    _allow(_KINDS)


def _allow(kinds: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_alarm_kind"), "alarm")
    op.create_check_constraint(op.f("ck_alarm_kind"), "alarm", f"kind IN {kinds}")
