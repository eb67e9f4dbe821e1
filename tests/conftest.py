"""One embedded PostgreSQL for a test run, migrated once; every test module gets a fresh copy of it."""

import asyncio
import fcntl
import hashlib
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import asyncpg
import hypothesis.internal.conjecture.optimiser  # noqa: F401 - read here: read within a drawn example, its parsing can fail
import pytest

from app.kit.db import Database
from app.kit.embedded import Dsns, EmbeddedPostgres
from app.kit.roles import OWNER, RolePasswords, database_statements, role_statements
from migrations import run

ROOT = Path(__file__).resolve().parent.parent
CLUSTER = ROOT / "var" / "test-pg"
T = TypeVar("T")
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def make_folder() -> Iterator[Callable[[str], Path]]:
    """Folders for servers of their own. Not pytest's temporary ones: a second test run closes those to other users."""
    made: list[Path] = []

    def make(name: str) -> Path:
        (ROOT / "var").mkdir(exist_ok=True)
        made.append(Path(tempfile.mkdtemp(prefix=f"test-{name}-", dir=ROOT / "var")))
        return made[-1]

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Dsns]:
    """The server, as strings for its first database. LOCKYARD_TEST_DATABASE_URL (an administrator's) replaces it."""
    given = os.environ.get("LOCKYARD_TEST_DATABASE_URL")
    if given:
        yield _prepare_given_server(given)
        return
    CLUSTER.mkdir(parents=True, exist_ok=True)
    server = EmbeddedPostgres(CLUSTER, durable=False)
    with (CLUSTER / "users").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        dsns = server.start()
        yield dsns
        try:
            # Whoever is last turns off the light; another test run on the same tree may still be reading.
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        server.stop()


@pytest.fixture(scope="session")
def template(cluster: Dsns) -> str:
    """The name of a migrated, empty database. It is made once for each state of the migrations, and kept."""
    name = f"template_{_fingerprint()}"
    with _one_at_a_time():
        if not _ask(cluster.admin, lambda c: c.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name)):
            _remove_leftovers(cluster)
            draft = f"draft_{os.getpid()}"
            _create(cluster, draft)
            run.upgrade(cluster.of(draft).owner)
            _execute(cluster.admin, f"ALTER DATABASE {draft} RENAME TO {name}")
    return name


@pytest.fixture(scope="session")
def make_database(cluster: Dsns, template: str) -> Callable[[], Dsns]:
    """For a test that must have a database to itself: each call makes one."""

    def make() -> Dsns:
        name = f"test_{os.getpid()}_{next(_numbers)}"
        _create(cluster, name, template)
        return cluster.of(name)

    return make


@pytest.fixture(scope="module")
def dsns(make_database: Callable[[], Dsns]) -> Iterator[Dsns]:
    """A fresh migrated database for this module: `.owner`, `.app`, `.worker`, `.admin`."""
    made = make_database()
    yield made
    drop_database(made)


@pytest.fixture(scope="module")
async def app_db(dsns: Dsns, anyio_backend: object) -> AsyncIterator[Database]:
    """The product's own view: the application role, behind the tenant wall."""
    database = await Database.connect(dsns.app, size=10, name="test app")
    yield database
    await database.close()


@pytest.fixture(scope="module")
async def worker_db(dsns: Dsns, anyio_backend: object) -> AsyncIterator[Database]:
    """The background process's view."""
    database = await Database.connect(dsns.worker, size=5, name="test worker")
    yield database
    await database.close()


@pytest.fixture(scope="module")
async def admin_db(dsns: Dsns, anyio_backend: object) -> AsyncIterator[Database]:
    """An administrator's view, past every wall: to prepare rows and to look at what really happened."""
    database = await Database.connect(dsns.admin, size=3, name="test admin")
    yield database
    await database.close()


def drop_database(made: Dsns) -> None:
    name = made.admin.rsplit("/", 1)[-1]
    _execute(_server(made), f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _server(dsns: Dsns) -> str:
    return dsns.of("postgres").admin


def _create(cluster: Dsns, name: str, template: str = "template1") -> None:
    _execute(_server(cluster), f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template} STRATEGY file_copy")
    _execute(cluster.of(name).admin, *database_statements(name))


def _execute(dsn: str, *statements: str) -> None:
    async def run_all(connection: asyncpg.Connection) -> None:
        for statement in statements:
            await connection.execute(statement)

    _ask(dsn, run_all)


def _ask(dsn: str, work: Callable[[asyncpg.Connection], T]) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            return await work(connection)  # type: ignore[misc]
        finally:
            await connection.close()

    # In a thread of its own, so that a test with a running event loop may ask for a database too.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, ask()).result()


def _prepare_given_server(admin: str) -> Dsns:
    # The same passwords in every run, so that two runs at once do not lock each other out.
    seed = hashlib.sha256(admin.encode()).hexdigest()[:32]
    _execute(admin, *role_statements(RolePasswords(seed, seed, seed)))
    host = admin.rsplit("@", 1)[-1]
    owner, app, worker = (f"postgresql://lockyard_{role}:{seed}@{host}" for role in ("owner", "app", "worker"))
    return Dsns(owner, app, worker, admin)


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for file in [*sorted((ROOT / "migrations").rglob("*.py")), ROOT / "app/kit/roles.py"]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _remove_leftovers(cluster: Dsns) -> None:
    """Databases of test runs that were killed, and templates of migrations that are no more."""
    query = "SELECT datname FROM pg_database WHERE datname ~ '^(test|draft)_[0-9]+'"
    for (name,) in _ask(_server(cluster), lambda c: c.fetch(query)):  # type: ignore[attr-defined]
        try:
            os.kill(int(name.split("_")[1]), 0)
        except ProcessLookupError:
            _execute(_server(cluster), f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    CLUSTER.mkdir(parents=True, exist_ok=True)
    with (CLUSTER / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
