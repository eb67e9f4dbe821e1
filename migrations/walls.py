"""Alembic operations that put a table behind the tenant wall and grant the roles what they need, and nothing more."""

from collections.abc import Iterable, Mapping
from typing import Any

from alembic import op
from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, Operations

from app.kit.roles import APP, WORKER

# A list, because a carrier works for many owners at once; unset or empty means no row at all.
# The inner select is computed once a statement; without it the text would be split again for every row.
TENANT_WALL = "tenant_id = ANY ((SELECT string_to_array(current_setting('app.tenant_id', true), ','))::uuid[])"
# The worker finds what is due in all tenants; it writes behind the wall like everyone.
WORKER_SCAN = f"current_user = '{WORKER}'"
# An organization named by a row may read that row, whoever owns it.
NAMED_READS = "{column} = NULLIF(current_setting('app.organization_id', true), '')::uuid"


class Wall(MigrateOperation):
    """Row-level security, enabled and forced, with its policies; and grants. Dropping the table undoes it all.

    `tenant=False`: grants only, for a table above the tenants. `named`: a column that holds an organization.
    """

    def __init__(
        self,
        table: str,
        app: Iterable[str],
        worker: Iterable[str],
        *,
        tenant: bool = True,
        scanned: bool = False,
        named: str | None = None,
    ) -> None:
        self.table, self.app, self.worker = table, tuple(app), tuple(worker)
        self.tenant, self.scanned, self.named = tenant, scanned, named

    @classmethod
    def of(cls, name: str, info: Mapping[str, Any]) -> "Wall":
        """From what the table's declaration says."""
        named = info.get("also_visible_to")
        return cls(name, info["grants"], info["worker"], tenant=info["tenant"], scanned=info["scanned"], named=named)

    def policies(self) -> dict[str, str]:
        """Name -> the rest of CREATE POLICY … ON <table>."""
        if not self.tenant:
            return {}
        found = {"tenant_wall": f"USING ({TENANT_WALL}) WITH CHECK ({TENANT_WALL})"}
        if self.scanned:
            found["worker_scan"] = f"FOR SELECT TO {WORKER} USING ({WORKER_SCAN})"
        if self.named:
            found["named_reads"] = f"FOR SELECT USING ({NAMED_READS.format(column=self.named)})"
        return found


def past_the_wall(statement: str) -> None:
    """For steps that touch rows of every tenant: the wall holds for the owner too, who names them all."""
    op.execute("SELECT set_config('app.tenant_id', (SELECT string_agg(id::text, ',') FROM organization), true)")
    op.execute(statement)
    op.execute("SELECT set_config('app.tenant_id', '', true)")


def wall(
    table: str,
    *,
    app: Iterable[str],
    worker: Iterable[str],
    tenant: bool = True,
    scanned: bool = False,
    named: str | None = None,
) -> None:
    """For steps: see `Wall`."""
    op.invoke(Wall(table, app, worker, tenant=tenant, scanned=scanned, named=named))


@Operations.implementation_for(Wall)
def _build(operations: Operations, made: Wall) -> None:
    if made.tenant:
        operations.execute(f"ALTER TABLE {made.table} ENABLE ROW LEVEL SECURITY")
        operations.execute(f"ALTER TABLE {made.table} FORCE ROW LEVEL SECURITY")
    for name, rule in made.policies().items():
        operations.execute(f"CREATE POLICY {name} ON {made.table} {rule}")
    for role, rights in ((APP, made.app), (WORKER, made.worker)):
        if rights:
            operations.execute(f"GRANT {', '.join(rights)} ON {made.table} TO {role}")


@renderers.dispatch_for(Wall)
def _render_wall(_context: AutogenContext, made: Wall) -> str:
    words = f"wall({made.table!r}, app={made.app!r}, worker={made.worker!r}"
    words += "" if made.tenant else ", tenant=False"
    words += ", scanned=True" if made.scanned else ""
    return words + (f", named={made.named!r})" if made.named else ")")
