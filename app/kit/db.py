"""The database: statements built once with SQLAlchemy Core, run as prepared `$n` text on an asyncpg pool."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import cached_property, lru_cache
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.sql import ClauseElement

from app.kit.ahead import Ahead, plain
from app.kit.pool import light_pool

log = logging.getLogger("lockyard.database")

T = TypeVar("T")
Row: TypeAlias = asyncpg.Record
Conn: TypeAlias = Any  # asyncpg's pool proxy and connection share no base class

_DIALECT = asyncpg_dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]

# Row-level security reads these. `true` = local to the transaction, so a pooled connection cannot carry them over.
SET_TENANT = "SELECT set_config('app.tenant_id', $1, true), set_config('app.organization_id', $2, true)"


# Statements are few, fixed, and walk along the keys of one tenant whatever their values are; planning one anew costs
# as much as a small read. Left to itself the server plans anew for ever: a limit it can see always looks cheaper.
_PLANNED_ONCE = {"plan_cache_mode": "force_generic_plan"}
# asyncpg's own bounds, 100 and 15 kB, would have a dashboard's larger questions prepared each time.
_STATEMENTS, _LONGEST = 250, 100_000


class Statement:
    """A Core statement compiled once. Parameters are its named `bindparam`s: `await SQL.rows(conn, bank_id=…)`."""

    def __init__(self, clause: ClauseElement) -> None:
        self._clause = clause

    @cached_property
    def _compiled(self) -> tuple[str, tuple[str, ...], dict[str, Any]]:
        compiled = self._clause.compile(dialect=_DIALECT)
        names = tuple(compiled.positiontup or ())  # type: ignore[attr-defined]
        fixed = {name: value for name, value in compiled.params.items() if value is not None}
        return str(compiled), names, fixed

    @property
    def text(self) -> str:
        return self._compiled[0]

    def arguments(self, given: dict[str, Any]) -> list[Any]:
        """Values in `$n` order. A missing one is a KeyError: NULL must be said, not forgotten."""
        _, names, fixed = self._compiled
        return [given[name] if name in given else fixed[name] for name in names]

    async def rows(self, conn: Conn, /, **given: Any) -> list[Row]:
        return list(await conn.fetch(self.text, *self.arguments(given)))

    async def row(self, conn: Conn, /, **given: Any) -> Row | None:
        """The only or first row, None when there is none."""
        return await conn.fetchrow(self.text, *self.arguments(given))

    async def value(self, conn: Conn, /, **given: Any) -> Any:
        return await conn.fetchval(self.text, *self.arguments(given))

    async def run(self, conn: Conn, /, **given: Any) -> int:
        """Execute; the number of rows it touched."""
        tag: str = await conn.execute(self.text, *self.arguments(given))
        last = tag.rsplit(" ", 1)[-1]
        return int(last) if last.isdigit() else 0


async def _set_codecs(conn: asyncpg.Connection) -> None:
    for kind in ("json", "jsonb"):
        await conn.set_type_codec(
            kind, encoder=lambda v: orjson.dumps(v, default=plain).decode(), decoder=orjson.loads, schema="pg_catalog"
        )


# Two acts waited for each other, and this one was ended for the other's sake. Nothing of it was done: it may be again.
Deadlock: type[Exception] = asyncpg.DeadlockDetectedError
# How often an act is tried that another one stands crosswise to.
TRIES = 3
_LOST = (TimeoutError, OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError)


async def begun_anew(act: Callable[[], Awaitable[T]], name: str) -> T:
    """Where somebody else's act stood crosswise, once more from the start. Raises Deadlock after TRIES."""
    for _ in range(TRIES - 1):
        try:
            return await act()
        except Deadlock:
            log.warning("%s stood crosswise to another act, and is begun anew", name)
    return await act()


class Act:
    """A transaction behind the wall that has begun when its first statement has. Ended by `commit`, or rolled back."""

    def __init__(self, conn: Conn) -> None:
        self._conn, self.ahead, self.ended = conn, Ahead(conn), False

    @property
    def conn(self) -> Conn:
        """The connection; what is to be said ahead is said first."""
        self.ahead.send()
        return self._conn

    async def commit(self) -> None:
        """Raises what went wrong with anything said ahead; then nothing was done."""
        await self.conn.fetch("COMMIT")
        self.ended = True

    async def commit_and_read(self, text: str, arguments: Iterable[Any]) -> Row | None:
        """Commit, and read what there is then, in one round trip. Where the reading alone fails, the act stands."""
        self.ahead.say("COMMIT")
        found: Row | None = await self.conn.fetchrow(text, *arguments)
        self.ended = True
        return found

    async def give_up(self, error: BaseException) -> None:
        """Roll back. Nobody waits for a server that may be silent: it forgets what it hears no more of."""
        self.ahead.failed()
        # Twice: what was said ahead may have failed unheard, and then the first ROLLBACK is what tells.
        for _ in range(2):
            if not isinstance(error, Exception) or isinstance(error, _LOST) or self._conn.is_closed():
                break
            try:
                await self._conn.fetch("ROLLBACK")
                return
            except (asyncpg.PostgresError, *_LOST) as another:
                error = another
        self._conn.terminate()


@lru_cache(maxsize=4096)
def _wall(tenants: tuple[UUID, ...], organization: UUID | None) -> tuple[str, str]:
    """SET_TENANT as texts. Values may stand in them: they are made UUIDs here, whatever they came from."""
    named = ",".join(str(UUID(str(tenant))) for tenant in tenants)
    asking = "" if organization is None else str(UUID(str(organization)))
    return f"SET LOCAL app.tenant_id = '{named}'", f"SET LOCAL app.organization_id = '{asking}'"


@asynccontextmanager
async def savepoint(conn: Conn) -> AsyncIterator[None]:
    """What fails inside undoes itself and no more. In a transaction, however it was begun; not within another one."""
    # Prepared, not as plain text: something may have been sent ahead.
    await conn.fetch("SAVEPOINT inside")
    try:
        yield
    except Exception:  # not a cancellation: the act cuts the connection then, and asks a silent server nothing
        await conn.fetch("ROLLBACK TO SAVEPOINT inside")
        raise
    await conn.fetch("RELEASE SAVEPOINT inside")


class Database:
    """A pool for one role. `tenant()` gives a connection inside a transaction that sees those tenants only."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    @classmethod
    async def connect(cls, dsn: str, *, size: int = 10, name: str = "lockyard", light: bool = False) -> "Database":
        """`light`: connections go back to the pool without a question to the server, which would cost as much as a
        small read. For a process that leaves nothing in a session: no SET but a local one, no advisory lock but a
        transaction's."""
        make = light_pool if light else asyncpg.create_pool
        pool = make(
            dsn, min_size=min(2, size), max_size=size, init=_set_codecs,
            server_settings={"application_name": name, **_PLANNED_ONCE}, command_timeout=30,
            statement_cache_size=_STATEMENTS, max_cacheable_statement_size=_LONGEST,
        )  # fmt: skip
        return cls(await pool)

    @asynccontextmanager
    async def tenant(self, tenants: Iterable[UUID], organization: UUID | None = None) -> AsyncIterator[Conn]:
        """A transaction behind the wall of `tenants`; commits at the end, rolls back on an exception."""
        async with self.pool.acquire() as conn, conn.transaction():
            await conn.execute(SET_TENANT, ",".join(map(str, tenants)), str(organization or ""))
            yield conn

    @asynccontextmanager
    async def act(self, tenants: Iterable[UUID], organization: UUID | None = None) -> AsyncIterator[Act]:
        """As `tenant`, without round trips for BEGIN and the wall. Commits at the end unless the caller has."""
        async with self.pool.acquire() as conn:
            act = Act(conn)
            try:
                act.ahead.say("BEGIN", *_wall(tuple(tenants), organization))
                yield act
                if not act.ended:
                    await act.commit()
            except BaseException as error:
                await act.give_up(error)
                raise

    @asynccontextmanager
    async def plain(self) -> AsyncIterator[Conn]:
        """A transaction with no tenant: sees global tables only."""
        async with self.pool.acquire() as conn, conn.transaction():
            yield conn

    async def close(self) -> None:
        await self.pool.close()
