"""Command line of the simulator: serves many lines and one control interface until it is asked to end."""

import argparse
import asyncio
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from starlette.applications import Starlette

from adapters.generic.kerong_cu16.simulator.bus import LineServer
from adapters.generic.kerong_cu16.simulator.world import KerongWorld, Line, described_line, plain_lines
from adapters.simulation import control

MODULE = "adapters.generic.kerong_cu16.simulator"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description="Lines of CU16 lock boards over TCP.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--lines", default="2x1", help="how many lines of how many boards, as 15x3")
    parser.add_argument("--prefix", default="KR-", help="bank ids are this and a number of two digits")
    parser.add_argument(
        "--first-port", type=int, default=0, help="of the first line, the others follow; 0 takes free ones"
    )
    parser.add_argument("--describe", help="JSON file (or - for standard input) of lines, in place of --lines")
    parser.add_argument("--control-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--close-after", type=float, help="seconds until an opened door is pushed shut; default: never")
    parser.add_argument("--state", type=Path, help="file to keep doors and items in over restarts")
    return parser.parse_args()


def described(given: argparse.Namespace) -> list[Line]:
    if given.describe:
        text = sys.stdin.read() if given.describe == "-" else Path(given.describe).read_text()
        return [described_line(each) for each in json.loads(text)]
    count, _, boards = given.lines.partition("x")
    return plain_lines(int(count), int(boards), given.prefix, given.first_port)


async def main() -> None:
    given = arguments()
    world = KerongWorld(described(given), close_after=given.close_after)
    control.restore(world, given.state)
    async with AsyncExitStack() as stack:
        app = Starlette(routes=control.routes(world))
        server = await stack.enter_async_context(control.Server(app, host=given.host, port=given.control_port))
        addresses = {}
        for line in world.lines:
            addresses[line.bank] = (await stack.enter_async_context(LineServer(world, line, given.host))).url
        control.say({"ready": "kerong_cu16", "control": f"{server.url}/_sim", "lines": addresses})
        await control.run(world, given.state)


if __name__ == "__main__":
    asyncio.run(main())
