"""Commands that hand out a way in."""

from alembic import op

from migrations.walls import past_the_wall

revision = "2026_11_20_1500"
down_revision = "2026_11_20_1111"

KINDS = ("OPEN", "RESERVE", "DEPOSIT", "EXTEND", "RELEASE", "SET_SERVICE")


def upgrade() -> None:
    _allow(("OPEN", "RESERVE", "DEPOSIT", "EXTEND", "ISSUE_ACCESS", "RELEASE", "SET_SERVICE"))


def downgrade() -> None:
    past_the_wall("DELETE FROM command WHERE kind = 'ISSUE_ACCESS'")
    _allow(KINDS)


def _allow(kinds: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_command_kind"), "command")
    op.create_check_constraint(op.f("ck_command_kind"), "command", f"kind IN {kinds}")
