"""One demo world for a whole test run: asked through its public API, watched over its sockets, touched at its doors."""

import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from app.seed_world import banks

T = TypeVar("T")
Json = dict[str, Any]


class World:
    """Started by `lockyard demo` without people and with little history; ended by its process id."""

    def __init__(self, folder: Path, said: Json | None = None) -> None:
        self.folder = folder
        self.process: subprocess.Popen[str] | None = None
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("LOCKYARD_")}
        self.env["LOCKYARD_DATA_DIR"] = str(folder)
        self.said: Json = said or self._start()
        self.client = httpx.Client(timeout=20)
        self._units = {(bank.external_id, door.label): door.external_id for bank in banks() for door in bank.doors()}

    def _start(self) -> Json:
        words = ["app.cli", "demo", "--print-json", "--pace", "0", "--port", "0", "--days", "3"]
        with (self.folder / "demo.err").open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *words],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=self.env,
                start_new_session=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            raise AssertionError((self.folder / "demo.err").read_text())
        said: Json = json.loads(line)
        return said

    def end(self) -> None:
        self.client.close()
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def pids(self) -> dict[str, int]:
        """Who runs now: a child that was killed has a new number."""
        kept: dict[str, int] = json.loads((self.folder / "demo.json").read_text())["pids"]
        return kept

    def headers(self, who: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.said['tokens'].get(who, who)}", "accept": "application/json"}

    def post(self, query: str, variables: Mapping[str, Any] | None = None, who: str = "owner") -> httpx.Response:
        body = {"query": query, "variables": dict(variables or {})}
        return self.client.post(self.said["graphql"], json=body, headers=self.headers(who))

    def ask(self, query: str, variables: Mapping[str, Any] | None = None, who: str = "owner") -> Any:
        """`data` of an answer without errors. `who`: a word of the demo's tokens, or a token."""
        said = self.post(query, variables, who).json()
        assert "errors" not in said, said["errors"]
        return said["data"]

    def act(self, mutation: str, selection: str, who: str = "owner", key: str | None = None, **given: Any) -> Json:
        """One mutation with a fresh key; whatever it answers, refusals included."""
        result: Json = self.ask(act_text(mutation, selection), {"input": keyed(key) | given}, who)[mutation]
        return result

    def door(self, bank: Mapping[str, Any], label: str, act: str) -> Json:
        """A hand at a door, by the simulator: open, close, put, take, force …; the door afterwards."""
        ask = {"bank": bank["externalId"], "unit": self._units[bank["externalId"], label], "act": act}
        door: Json = self.simulator(bank["vendor"], "doors", ask)["doors"][0]
        return door

    def openings(self, vendor: str) -> dict[tuple[str, str], Json]:
        """By bank and unit, what the hardware itself has counted."""
        state = self.client.get(f"{self.said['simulators']['controls'][vendor]}/state").raise_for_status().json()
        return {(row["bank"], row["unit"]): row for row in state["doors"]}

    def unit(self, bank: Mapping[str, Any], label: str) -> tuple[str, str]:
        return bank["externalId"], self._units[bank["externalId"], label]

    def simulator(self, vendor: str, path: str, ask: Mapping[str, Any]) -> Json:
        said = self.client.post(f"{self.said['simulators']['controls'][vendor]}/{path}", json=dict(ask))
        answer: Json = said.raise_for_status().json()
        return answer

    def banks(self, vendor: str, who: str = "owner") -> list[Json]:
        """Those that answer now, the fullest choice of free doors first."""
        query = """{ banks(first: 200) { edges { node { id label vendor externalId unreachableSince
          site { id } occupancy { size state count } } } } }"""
        found = [edge["node"] for edge in self.ask(query, who=who)["banks"]["edges"]]
        wanted = [one for one in found if one["vendor"] == vendor and not one["unreachableSince"]]
        return sorted(wanted, key=lambda one: -sum(free_of(one).values()))

    def head(self, who: str = "owner") -> str:
        """The cursor of the newest fact: what is watched after it misses nothing that follows."""
        edges = self.ask("{ events(last: 1) { edges { node { cursor } } } }", who=who)["events"]["edges"]
        return str(edges[0]["node"]["cursor"])

    @contextmanager
    def watch(
        self, query: str, variables: Mapping[str, Any] | None = None, who: str = "owner"
    ) -> Iterator["Subscription"]:
        address, protocol = self.said["websocket"], Subprotocol("graphql-transport-ws")
        with connect(address, subprotocols=[protocol], open_timeout=10) as socket:
            socket.send(json.dumps({"type": "connection_init", "payload": {"Authorization": self.bearer(who)}}))
            assert json.loads(socket.recv(10))["type"] == "connection_ack"
            payload = {"query": query, "variables": dict(variables or {})}
            socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            yield Subscription(socket)

    def bearer(self, who: str) -> str:
        return self.headers(who)["authorization"]


class Subscription:
    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def message(self, seconds: float) -> Json:
        """The next one that is about the subscription. TimeoutError, ConnectionClosed."""
        deadline = time.monotonic() + seconds
        while True:
            said: Json = json.loads(self.socket.recv(max(0.0, deadline - time.monotonic())))
            if said["type"] == "ping":
                self.socket.send(json.dumps({"type": "pong"}))
            else:
                return said

    def next(self, seconds: float = 10.0) -> Json:
        said = self.message(seconds)
        assert said["type"] == "next", said
        assert "errors" not in said["payload"], said["payload"]
        data: Json = said["payload"]["data"]
        message: Json = next(iter(data.values()))
        return message

    def until(self, wanted: Callable[[Json], bool], seconds: float = 15.0) -> Json:
        """The first that is wanted; the others before it are dropped."""
        deadline = time.monotonic() + seconds
        while True:
            said = self.next(max(0.05, deadline - time.monotonic()))
            if wanted(said):
                return said


def act_text(mutation: str, selection: str) -> str:
    kind = INPUTS.get(mutation) or mutation[0].upper() + mutation[1:]
    return f"""mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{
      __typename {selection} ... on Error {{ code message }} }} }}"""


INPUTS = {
    "suspendGrant": "ChangeGrant",
    "resumeGrant": "ChangeGrant",
    "revokeGrant": "ChangeGrant",
    "deleteSite": "DeleteNode",
    "deleteBank": "DeleteNode",
    "deletePerson": "DeleteNode",
}


def keyed(key: str | None = None) -> dict[str, str]:
    return {"idempotencyKey": key or uuid.uuid4().hex}


def free_of(bank: Mapping[str, Any]) -> dict[str, int]:
    return {one["size"]: one["count"] for one in bank["occupancy"] if one["state"] == "AVAILABLE"}


def wait_for(look: Callable[[], T], seconds: float = 15.0, pause: float = 0.1) -> T:
    """Look again and again until there is something true to see; then that. Fails with what was seen last."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"after {seconds} s still {seen!r}"
        time.sleep(pause)
    return seen


@functools.cache
def _started() -> list[tuple[World, "tempfile.TemporaryDirectory[str]"]]:
    return []


def shared() -> World:
    """The one world of this test run; the first who asks starts it.

    LOCKYARD_E2E_WORLD names a file with what a running demo printed: then that one is used, and left running.
    """
    given = os.environ.get("LOCKYARD_E2E_WORLD")
    if not _started():
        folder = tempfile.TemporaryDirectory(prefix="lockyard-e2e-", ignore_cleanup_errors=True)
        said = json.loads(Path(given).read_text()) if given else None
        _started().append((World(Path(said["data"] if said else folder.name), said), folder))
    return _started()[0][0]


def end_shared() -> None:
    while _started():
        world, folder = _started().pop()
        world.end()
        folder.cleanup()
