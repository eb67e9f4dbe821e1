"""Command line of the simulator: serves until it is asked to end."""

import argparse
import asyncio
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from adapters.harbor_gateway.simulator.box import Box
from adapters.harbor_gateway.simulator.cloud import KEY, GatewayCloud
from adapters.harbor_gateway.simulator.world import GatewayWorld, plain_banks
from adapters.simulation import control

MODULE = "adapters.harbor_gateway.simulator"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description="Gateways, and the cloud before them.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="of the cloud; 0 takes a free one")
    parser.add_argument(
        "--first-port", type=int, default=0, help="of the first box, the others follow; 0 takes free ones"
    )
    parser.add_argument("--banks", default="2x20", help="how many banks of how many lockers, as 20x45")
    parser.add_argument("--prefix", default="HG-", help="bank ids are this and a number of two digits")
    parser.add_argument("--describe", help="JSON file (or - for standard input) of banks, in place of --banks")
    parser.add_argument("--key", default=KEY, help="the cloud's API key")
    parser.add_argument("--close-after", type=float, help="seconds until an opened door is pushed shut; default: never")
    parser.add_argument("--state", type=Path, help="file to keep the world in over restarts")
    return parser.parse_args()


def described(given: argparse.Namespace) -> list[dict[str, Any]]:
    if given.describe:
        text = sys.stdin.read() if given.describe == "-" else Path(given.describe).read_text()
        return list(json.loads(text))
    count, _, lockers = given.banks.partition("x")
    return plain_banks(int(count), int(lockers), given.prefix)


async def main() -> None:
    given = arguments()
    world = GatewayWorld(described(given), close_after=given.close_after)
    control.restore(world, given.state)
    cloud = GatewayCloud(world, key=given.key)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(cloud.close)
        server = await stack.enter_async_context(control.Server(cloud.app(), host=given.host, port=given.port))
        boxes = {}
        for place, bank in enumerate(world.banks):
            port = given.first_port and given.first_port + place
            box = control.Server(Box(world, bank).app(), host=given.host, port=port)
            boxes[bank] = (await stack.enter_async_context(box)).url
        control.say({"ready": "harbor_gateway", "url": server.url, "control": f"{server.url}/_sim", "boxes": boxes})
        await control.run(world, given.state)


if __name__ == "__main__":
    asyncio.run(main())
