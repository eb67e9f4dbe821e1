"""What each role sees of each shape, as the SQL it becomes: a change of sight is a difference that a person reads."""

from pathlib import Path

from sqlalchemy import select

from app.kit.reading.shape import on
from app.kit.reading.statement import Compiled
from schema.catalogue import CATALOGUE
from tenants.model import Role
from tenants.policy import ROLES
from tenants.scope import Scope

CARRIERS = (Role.CARRIER_ADMIN, Role.COURIER)


def file_of(role: Role) -> Path:
    return Path(__file__).parent / f"sees_{role.value.lower()}.sql"


def sight_of(role: Role) -> str:
    """The whole file of one role: with all sites, then with some."""
    parts: list[str] = []
    for all_sites in (True, False):
        scope = Scope(role in CARRIERS, role is Role.RECIPIENT, all_sites, ROLES[role.value])
        parts.append(f"-- {role.value}, {'all' if all_sites else 'some'} sites\n")
        for name, shape in sorted(CATALOGUE.shapes.items()):
            row = shape.table.alias("it")
            text = Compiled(select(1).select_from(row).where(on(shape.visible(scope), shape.table, row))).text
            hidden = sorted(key for key, field in shape.fields.items() if field.shown and not field.shown(scope))
            without = f"\n    without {', '.join(hidden)}" if hidden else ""
            parts.append(f"{name}: {' '.join(text.partition('WHERE')[2].split())}{without}\n")
    return "".join(parts)
