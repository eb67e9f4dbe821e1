"""Command line shared by the simulators of boards: many lines and one control interface, until asked to end."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from adapters.simulation import control
from adapters.simulation.lines import Line, LineServer, LineWorld


def parser(module: str, what: str, prefix: str) -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog=f"python -m {module}", description=what)
    found.add_argument("--host", default="127.0.0.1")
    found.add_argument("--lines", default="2x1", help="how many lines of how many boards, as 15x3")
    found.add_argument("--prefix", default=prefix, help="bank ids are this and a number of two digits")
    found.add_argument(
        "--first-port", type=int, default=0, help="of the first line, the others follow; 0 takes free ones"
    )
    found.add_argument("--describe", help="JSON file (or - for standard input) of lines, in place of --lines")
    found.add_argument("--control-port", type=int, default=0, help="0 takes a free one")
    found.add_argument("--close-after", type=float, help="seconds until an opened door is pushed shut; default: never")
    found.add_argument("--state", type=Path, help="file to keep doors and items in over restarts")
    return found


def described(given: argparse.Namespace) -> Sequence[Any] | None:
    """What --describe says, or None without one."""
    if not given.describe:
        return None
    found = json.loads(sys.stdin.read() if given.describe == "-" else Path(given.describe).read_text())
    assert isinstance(found, list), "a list of lines"
    return found


def counted(given: argparse.Namespace) -> tuple[int, int]:
    """--lines as how many lines, and of how many boards."""
    count, _, boards = given.lines.partition("x")
    return int(count), int(boards)


async def serve(
    vendor: str,
    world: LineWorld,
    given: argparse.Namespace,
    *,
    server: Callable[[LineWorld, Line, str], LineServer] = LineServer,
) -> None:
    control.restore(world, given.state)
    async with AsyncExitStack() as stack:
        app = Starlette(routes=control.routes(world))
        controls = await stack.enter_async_context(control.Server(app, host=given.host, port=given.control_port))
        addresses = {}
        for line in world.lines:
            addresses[line.bank] = (await stack.enter_async_context(server(world, line, given.host))).url
        control.say({"ready": vendor, "control": f"{controls.url}/_sim", "lines": addresses})
        await control.run(world, given.state)
