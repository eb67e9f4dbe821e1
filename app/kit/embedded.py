"""A PostgreSQL 18 of our own for demo, tests and first runs: same SQL as production, nothing to install."""

import fcntl
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from app.kit.pgtools import EmbeddedError, free_port, hand_over, port_is_free, run_tool
from app.kit.roles import APP, OWNER, WORKER, RolePasswords, database_statements, role_statements

DATABASE = "lockyard"
ADMIN = "postgres"
START_SECONDS = 60

# For two cores shared with everything else of a demo. Values of a real server belong to its own administrator.
_SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "max_connections": "120",
    "shared_buffers": "'256MB'",
    "work_mem": "'16MB'",
    "maintenance_work_mem": "'128MB'",
    "effective_cache_size": "'1GB'",
    "random_page_cost": "1.1",
    "jit": "off",
    "wal_compression": "on",
    "max_wal_size": "'2GB'",
    "checkpoint_timeout": "'15min'",
    "io_workers": "1",
    "max_parallel_workers": "2",
    "password_encryption": "'scram-sha-256'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_min_messages": "warning",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
}
# Only where the data may vanish with the machine: test runs, several of them side by side.
_FLEETING = {"max_connections": "300", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class Dsns:
    """Connection strings: `owner` migrates, `app` and `worker` serve, `admin` is for the server itself."""

    owner: str
    app: str
    worker: str
    admin: str

    def of(self, database: str) -> "Dsns":
        """The same roles in another database of the same server."""
        return Dsns(
            **{role: urlunsplit(urlsplit(dsn)._replace(path=f"/{database}")) for role, dsn in asdict(self).items()}
        )


@dataclass(slots=True)
class _State:
    port: int
    admin: str
    owner: str
    app: str
    worker: str
    ready: bool = False


class EmbeddedPostgres:
    """One cluster in one folder. Every method is safe to repeat and to race with another process."""

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.folder = data_dir.resolve()
        self.cluster = self.folder / "cluster"
        self.log = self.folder / "server.log"
        self._durable = durable
        self._state_file = self.folder / "state.json"

    def start(self) -> Dsns:
        """Make, mend, start or attach; about 1.5 s for a new folder, 0.2 s for an old one."""
        with self._locked():
            state = self._state()
            if not self._serving(state):
                self._make_cluster(state)
                self._launch(state)
            if not state.ready:
                self._make_database(state)
            return self._dsns(state)

    def stop(self) -> None:
        """End it, open connections included, losing nothing committed."""
        if not self.cluster.exists():
            return
        with self._locked():
            if self._running():
                run_tool(
                    self.folder, "pg_ctl", "-D", str(self.cluster), "-w", "-t", str(START_SECONDS), "-m", "fast", "stop"
                )

    def running(self) -> bool:
        return self.cluster.exists() and self._running()

    def pid(self) -> int | None:
        """The postmaster's process id, or None when it is not running."""
        return self._postmaster() if self.running() else None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _state(self) -> _State:
        if self._state_file.exists() and self.cluster.exists():
            return _State(**json.loads(self._state_file.read_text()))
        admin, owner, app, worker = (secrets.token_urlsafe(24) for _ in range(4))
        state = _State(free_port(), admin, owner, app, worker)
        self._keep(state)
        return state

    def _keep(self, state: _State) -> None:
        draft = self._state_file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(state)))
        draft.replace(self._state_file)

    def _dsns(self, state: _State) -> Dsns:
        def dsn(role: str, password: str) -> str:
            return f"postgresql://{role}:{password}@127.0.0.1:{state.port}/{DATABASE}"

        return Dsns(dsn(OWNER, state.owner), dsn(APP, state.app), dsn(WORKER, state.worker), dsn(ADMIN, state.admin))

    def _make_cluster(self, state: _State) -> None:
        if (self.cluster / "PG_VERSION").exists() and (self.cluster / "lockyard.conf").exists():
            return
        if self.cluster.exists() and any(self.cluster.iterdir()):
            # An initdb that was killed half way leaves a folder that no server starts from, and no data yet.
            aside = self.folder / f"unfinished-{secrets.token_hex(4)}"
            self.cluster.rename(aside)
        self.cluster.mkdir(mode=0o700, exist_ok=True)
        self.log.touch(mode=0o600)
        hand_over(self.cluster, self.log)
        password_file = self.folder / "initdb-password"
        password_file.touch(mode=0o600)
        password_file.write_text(state.admin)
        hand_over(password_file)
        try:
            # The built-in collation sorts alike on every system, and its comparisons are fast.
            words = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8"]
            words += ["--auth=scram-sha-256", f"--pwfile={password_file}", f"--username={ADMIN}"]
            run_tool(self.folder, "initdb", *words, *([] if self._durable else ["--no-sync"]), "-D", str(self.cluster))
        finally:
            password_file.unlink()
        self._write_settings(state)

    def _write_settings(self, state: _State) -> None:
        settings = _SETTINGS | {"port": str(state.port)} | ({} if self._durable else _FLEETING)
        own = self.cluster / "lockyard.conf"
        own.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        hand_over(own)
        main = self.cluster / "postgresql.conf"
        line = "include 'lockyard.conf'\n"
        if line not in main.read_text():
            main.write_text(main.read_text() + line)

    def _launch(self, state: _State) -> None:
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)
        deadline = time.monotonic() + START_SECONDS
        while True:
            if not port_is_free(state.port):
                state.port = free_port()
                self._keep(state)
            self._write_settings(state)
            try:
                words = ["-D", str(self.cluster), "-w", "-t", str(START_SECONDS), "-l", str(self.log), "start"]
                run_tool(self.folder, "pg_ctl", *words)
                return
            except EmbeddedError:
                # Children of a killed server hold its memory for a moment; somebody may take the port before us.
                if time.monotonic() > deadline - START_SECONDS + 10:
                    raise
                time.sleep(0.3)

    def _make_database(self, state: _State) -> None:
        self._sql(state, ADMIN, role_statements(RolePasswords(state.owner, state.app, state.worker)))
        if DATABASE not in self._sql(state, ADMIN, ["SELECT datname FROM pg_database"]).split():
            self._sql(state, ADMIN, [f"CREATE DATABASE {DATABASE} OWNER {OWNER}"])
        self._sql(state, DATABASE, database_statements(DATABASE))
        state.ready = True
        self._keep(state)

    def _sql(self, state: _State, database: str, statements: list[str]) -> str:
        words = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(state.port)]
        words += ["-U", ADMIN, "-d", database, "-f", "-"]
        script = ";\n".join(statements) + ";\n"
        return run_tool(self.folder, "psql", *words, stdin=script, env={"PGPASSWORD": state.admin})

    def _postmaster(self) -> int | None:
        try:
            return int((self.cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None

    def _serving(self, state: _State) -> bool:
        """Waits out a server that is coming up or going down."""
        deadline = time.monotonic() + START_SECONDS
        while self._running():
            try:
                run_tool(self.folder, "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(state.port))
            except EmbeddedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return True
        return False

    def _running(self) -> bool:
        # After a crash of the machine the process id in the file may belong to somebody else by now.
        import psutil

        pid = self._postmaster()
        if pid is None:
            return False
        try:
            process = psutil.Process(pid)
            return process.status() != psutil.STATUS_ZOMBIE and str(self.cluster) in process.cmdline()
        except psutil.Error:
            return False
