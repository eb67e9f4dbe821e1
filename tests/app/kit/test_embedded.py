import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from app.kit.embedded import EmbeddedPostgres
from app.kit.pgtools import free_port


@pytest.fixture(scope="module")
def server(make_folder: Callable[[str], Path]) -> Iterator[EmbeddedPostgres]:
    made = EmbeddedPostgres(make_folder("pg"))
    made.start()
    yield made
    made.stop()


async def _as(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_starting_twice_attaches_to_the_same_server(server: EmbeddedPostgres) -> None:
    first, pid = server.start(), server.pid()
    assert EmbeddedPostgres(server.folder).start() == first
    assert server.pid() == pid
    assert str(await _as(first.app, "SHOW server_version")).startswith("18.")


async def test_a_wrong_password_is_refused_over_tcp(server: EmbeddedPostgres) -> None:
    wrong = server.start().app.replace(":", ":not-", 2).replace("not-//", "//")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await _as(wrong, "SELECT 1")


@pytest.mark.parametrize("role", ["owner", "app", "worker"])
async def test_no_role_of_ours_has_powers_over_the_server(server: EmbeddedPostgres, role: str) -> None:
    powers = "rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication"
    assert (
        await _as(getattr(server.start(), role), f"SELECT {powers} FROM pg_roles WHERE rolname = current_user") is False
    )


@pytest.mark.parametrize("role", ["app", "worker"])
async def test_the_serving_roles_cannot_create_anything(server: EmbeddedPostgres, role: str) -> None:
    dsn = getattr(server.start(), role)
    for statement in ("CREATE TABLE mine (id int)", "CREATE SCHEMA mine", "CREATE TEMP TABLE mine (id int)"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _as(dsn, statement)
    assert await _as(dsn, "SHOW max_parallel_workers_per_gather") == "0"


async def test_data_survives_a_killed_server(server: EmbeddedPostgres) -> None:
    await _as(server.start().owner, "CREATE TABLE kept AS SELECT 42 AS answer")
    pid = server.pid()
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert await _as(server.start().owner, "SELECT answer FROM kept") == 42


def test_a_pid_file_that_names_a_stranger_is_no_obstacle(server: EmbeddedPostgres) -> None:
    server.stop()
    (server.cluster / "postmaster.pid").write_text(f"{os.getpid()}\n")
    assert not server.running()
    server.start()
    assert server.running()


def test_a_taken_port_moves_the_server_to_another_and_it_stays_there(server: EmbeddedPostgres) -> None:
    before = server.start().app
    server.stop()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", int(before.rsplit(":", 1)[-1].split("/")[0])))
        taken.listen()
        moved = server.start().app
    assert moved != before
    server.stop()
    assert server.start().app == moved


def test_stopping_twice_and_stopping_nothing_are_no_errors(server: EmbeddedPostgres, tmp_path: Path) -> None:
    server.stop()
    server.stop()
    assert not server.running()
    EmbeddedPostgres(tmp_path / "never").stop()
    assert not (tmp_path / "never").exists()


def test_two_processes_that_start_at_once_share_one_server(make_folder: Callable[[str], Path]) -> None:
    folder = make_folder("race")
    code = (
        "import sys; from pathlib import Path; from app.kit.embedded import EmbeddedPostgres as P;"
        "s = P(Path(sys.argv[1]), durable=False); print(s.start().app, s.pid())"
    )
    words = [sys.executable, "-c", code, str(folder)]
    running = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    try:
        assert len({process.communicate()[0] for process in running}) == 1
        assert [process.returncode for process in running] == [0, 0, 0]
    finally:
        EmbeddedPostgres(folder).stop()


def test_free_ports_are_free() -> None:
    with socket.socket() as mine:
        mine.bind(("127.0.0.1", free_port()))
