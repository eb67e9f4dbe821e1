import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from app.kit.server import Server
from schema.transport.access import Settings
from tests.schema.transport.toy import toy_server


@dataclass
class Toy:
    """The toy world on a real socket."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def sockets_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/graphql"

    def client(self, token: str | None = "token-a") -> httpx.Client:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=10)

    def ask(self, query: str, token: str | None = "token-a", **more: object) -> httpx.Response:
        with self.client(token) as client:
            return client.post("/graphql", json={"query": query, **more})

    def facts(self) -> tuple[int, int, int]:
        """Open sockets, subscriptions the engine has seen closed, open event streams."""
        with self.client() as client:
            sockets, closed, streams, _ = client.get("/facts").text.split()
        return int(sockets), int(closed), int(streams)

    def peak_memory(self) -> int:
        """Bytes, the most this process ever held."""
        with self.client() as client:
            return int(client.get("/facts").text.split()[3]) * 1024


Start = Callable[..., Toy]
QUICK = Settings(init_seconds=0.6, watch_seconds=0.1, heartbeat_seconds=0.2)


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """Starts toys with settings of their own; all stop with the module."""
    running: list[tuple[Server, threading.Thread]] = []

    def go(**changed: object) -> Toy:
        listening = socket.create_server(("127.0.0.1", 0))
        server = toy_server(settings=replace(QUICK, **changed))  # type: ignore[arg-type]
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
        thread.start()
        running.append((server, thread))
        return Toy(listening.getsockname()[1])

    yield go
    for server, thread in running:
        server.should_exit = True
        thread.join(15)
        assert not thread.is_alive(), "the server does not stop"


@pytest.fixture
def toy_apart() -> Iterator[Toy]:
    """A toy in a process of its own: what it lets its neighbours wait is not the tests' own doing."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        toy = Toy(free.getsockname()[1])
    command = [sys.executable, "-m", "tests.schema.transport.toy", str(toy.port)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[3], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                toy.ask("{ __typename }")
                break
            except httpx.ConnectError:
                time.sleep(0.1)
        yield toy
    finally:
        process.terminate()
        process.wait(12)


@pytest.fixture(scope="module")
def toy(start: Start) -> Toy:
    return start()
