"""The compiled statement: one round trip that names tenant and actor and answers with one value."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Text, bindparam, func, select, true
from sqlalchemy.dialects.postgresql.asyncpg import PGCompiler_asyncpg
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.sql import ClauseElement

from app.kit.db import Conn
from app.kit.reading.json import constant

TENANTS = "ctx_wall_tenants"
ORGANIZATION = "ctx_wall_organization"


class _Compiler(PGCompiler_asyncpg):
    """Constants of our own code stand in the text: a planner that sees `state = $7` cannot use a partial index."""

    def visit_bindparam(self, bindparam: BindParameter[Any], *args: Any, **options: Any) -> str:
        if bindparam.unique and bindparam.value is not None:
            options["literal_binds"] = True
        return super().visit_bindparam(bindparam, *args, **options)  # type: ignore[no-any-return, no-untyped-call]


_DIALECT = asyncpg_dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
_DIALECT.statement_compiler = _Compiler


class Compiled:
    """`$n` text with the names of its parameters in their order."""

    def __init__(self, clause: ClauseElement) -> None:
        self._clause = clause

    @cached_property
    def _made(self) -> tuple[str, tuple[str, ...]]:
        compiled = self._clause.compile(dialect=_DIALECT)
        del self._clause  # the tree weighs many times what the text does
        return str(compiled), tuple(compiled.positiontup or ())  # type: ignore[attr-defined]

    @property
    def text(self) -> str:
        return self._made[0]

    def ready(self) -> "Compiled":
        """Do the work now."""
        assert self.text
        return self

    def arguments(self, given: Mapping[str, Any]) -> list[Any]:
        return [given[name] for name in self._made[1]]

    async def rows(self, conn: Conn, given: Mapping[str, Any]) -> list[Any]:
        return list(await conn.fetch(self.text, *self.arguments(given)))


def reading(value: ColumnElement[str]) -> Compiled:
    """SELECT tenant, actor, value. It needs the list to be evaluated from left to right: `self_test` watches it.

    Were that ever to fail, the wall would see no tenant and the answer would be empty; the predicate of the scope
    stands in the statement besides, so nothing could leak.
    """
    return Compiled(
        select(
            func.set_config(constant("app.tenant_id"), bindparam(TENANTS, type_=Text), true()),
            func.set_config(constant("app.organization_id"), bindparam(ORGANIZATION, type_=Text), true()),
            value.label("data"),
        )
    )


_SELF_TEST = """
SELECT set_config('app.tenant_id', $1, true), set_config('app.organization_id', $2, true),
       '{' || (SELECT string_agg(current_setting('app.tenant_id') || current_setting('app.organization_id'), ',')
               FROM generate_series(1, 2)) || '}'
"""


async def self_test(conn: Conn) -> None:
    """Refuse to start on a server that would read before it has set who reads."""
    for _ in range(8):  # past the custom plans, so that the generic one is tried too
        row = await conn.fetchrow(_SELF_TEST, "tenant", "actor")
        if row[2] != "{tenantactor,tenantactor}":
            raise RuntimeError("this PostgreSQL does not evaluate a select list from left to right")
    if await conn.fetchval("SELECT current_setting('app.tenant_id', true)"):
        raise RuntimeError("this PostgreSQL keeps a local setting beyond its transaction")
