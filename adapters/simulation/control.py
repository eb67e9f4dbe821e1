"""The control interface of every simulator (JSON over HTTP under /_sim), and how one is started from a command line."""

import asyncio
import json
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from adapters.simulation.doors import Clock, Doors
from adapters.simulation.faults import ANYWHERE, Faults

SAVE_SECONDS = 2.0


class World(Protocol):
    """What a simulator lets the control interface see and do."""

    clock: Clock
    doors: Doors
    faults: Faults

    def dump(self) -> dict[str, Any]:
        """Everything worth keeping over a restart, as JSON."""
        ...

    def load(self, kept: Mapping[str, Any]) -> None: ...

    def set_unit(self, bank: str, unit: str, changes: Mapping[str, Any]) -> None:
        """Force a unit into a state of the vendor's words. KeyError for unknown units, ValueError for unknown words."""
        ...


@runtime_checkable
class Powered(Protocol):
    """A world whose banks can lose power: what was under way there is over, and what is volatile is forgotten."""

    def lose_power(self, bank: str) -> None: ...


@runtime_checkable
class Tells(Protocol):
    """A world that counts more than doors do."""

    def told(self, bank: str | None) -> Mapping[str, Any]:
        """For `/_sim/state`; of all banks when none is named."""
        ...


@runtime_checkable
class Renumbers(Protocol):
    """A world whose units can come to be called otherwise, as after a tower was installed anew."""

    def renumber(self, bank: str, units: Mapping[str, str]) -> None:
        """Old id -> new id; what the books have of a unit goes with it. KeyError for unknown units."""
        ...


Handler = Callable[[dict[str, Any]], Any]


def routes(world: World) -> list[Route]:
    def doors(ask: dict[str, Any]) -> Any:
        acts = ask.get("acts") or [ask]
        done = [world.doors.act(act["bank"], act["unit"], act["act"], act.get("amount")) for act in acts]
        return {"doors": [{"open": door.is_open, "item": door.item, "openings": door.openings} for door in done]}

    def units(ask: dict[str, Any]) -> Any:
        for each in ask.get("units") or [ask]:
            changes = {name: value for name, value in each.items() if name not in {"bank", "unit"}}
            world.set_unit(each["bank"], each["unit"], changes)
        return {}

    def add_fault(ask: dict[str, Any]) -> Any:
        world.faults.add(ask)
        return world.faults.dump()

    def clear_faults(_: dict[str, Any]) -> Any:
        world.faults.clear()
        return world.faults.dump()

    def away(ask: dict[str, Any]) -> Any:
        _go_away(world, ask.get("bank", ANYWHERE), ask.get("how", "silent"))
        return world.faults.dump()

    def back(ask: dict[str, Any]) -> Any:
        world.faults.come_back(ask.get("bank", ANYWHERE))
        return world.faults.dump()

    def clock(ask: dict[str, Any]) -> Any:
        world.clock.advance(float(ask["advance"]))
        return {"now": world.clock.now().isoformat()}

    async def state(request: Request) -> Response:
        bank = request.query_params.get("bank")
        rows = [row for row in world.doors.dump() if bank in {None, row["bank"]}]
        more = world.told(bank) if isinstance(world, Tells) else {}
        return JSONResponse({"doors": rows, **world.faults.dump(), **more})

    return [
        Route("/_sim/state", state, methods=["GET"]),
        Route("/_sim/doors", _door_of(doors), methods=["POST"]),
        Route("/_sim/units", _door_of(units), methods=["POST"]),
        Route("/_sim/faults", _door_of(add_fault), methods=["POST"]),
        Route("/_sim/faults", _door_of(clear_faults), methods=["DELETE"]),
        Route("/_sim/away", _door_of(away), methods=["POST"]),
        Route("/_sim/back", _door_of(back), methods=["POST"]),
        Route("/_sim/renumber", _door_of(partial(_renumber, world)), methods=["POST"]),
        Route("/_sim/clock", _door_of(clock), methods=["POST"]),
    ]


def _go_away(world: World, bank: str, how: str) -> None:
    world.faults.go_away(bank, how)
    if how == "power" and isinstance(world, Powered):
        for each in {key[0] for key in world.doors} if bank == ANYWHERE else {bank}:
            world.lose_power(each)


def _renumber(world: World, ask: dict[str, Any]) -> Any:
    if not isinstance(world, Renumbers):
        raise TypeError("nothing can be renumbered here")
    world.renumber(ask["bank"], ask["units"])
    return {}


def _door_of(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            body = await request.body()
            return JSONResponse(handler(json.loads(body) if body else {}))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, status_code=400)

    return answer


class Server:
    """A uvicorn server on a port of its own choosing where 0 is asked; `async with` starts and stops it."""

    def __init__(self, app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._socket = socket.create_server((host, port))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{host}:{self.port}"
        # A long life of idle connections, so that it is the client who decides about them.
        config = uvicorn.Config(
            app, log_level="warning", lifespan="off", timeout_keep_alive=75, timeout_graceful_shutdown=1
        )
        self._server = _Quiet(config)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        await self._server.listening.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._server.ending.set()
        if self._task:
            await self._task
        self._socket.close()


class _Quiet(uvicorn.Server):
    """Leaves signals to whoever runs the process: several servers live in one. Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self.ending = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def main_loop(self) -> None:
        # The server's own loop looks ten times a second whether it should end.
        await self.ending.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def say(ready: Mapping[str, Any]) -> None:
    """One line of JSON on standard output says that the simulator is up and where."""
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()


async def stopped() -> None:
    """Returns when the process is asked to end."""
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    await asked.wait()


async def run(world: World, path: Path | None) -> None:
    """Keep going until the process is asked to end; write the world down every few seconds and once more at the end."""
    asked = asyncio.create_task(stopped())
    before = ""
    while not asked.done():
        await asyncio.wait([asked], timeout=SAVE_SECONDS)
        before = _save(world, path, before)


def restore(world: World, path: Path | None) -> None:
    if path is not None:
        with suppress(FileNotFoundError):
            world.load(json.loads(path.read_text()))


def _save(world: World, path: Path | None, before: str) -> str:
    if path is None:
        return before
    text = json.dumps(world.dump())
    if text != before:
        fresh = path.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(path)
    return text
