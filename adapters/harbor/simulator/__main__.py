"""Command line of the simulator: serves until it is asked to end."""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from adapters.harbor.simulator.books import plain_towers
from adapters.harbor.simulator.cloud import CLIENT, HarborCloud
from adapters.harbor.simulator.world import HarborWorld
from adapters.simulation import control

MODULE = "adapters.harbor.simulator"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=f"python -m {MODULE}", description="Harbor's cloud, its towers and the phones between them."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--banks", default="2x20", help="how many towers of how many lockers, as 20x45")
    parser.add_argument("--prefix", default="0100000004", help="first ten digits of the towers' ids")
    parser.add_argument("--describe", help="JSON file (or - for standard input) of towers, in place of --banks")
    parser.add_argument("--client", default=":".join(CLIENT), help="client id and secret, as id:secret")
    parser.add_argument("--expires-in", type=int, default=300, help="life of a token in seconds")
    parser.add_argument("--close-after", type=float, help="seconds until an opened door is pushed shut; default: never")
    parser.add_argument("--hook", help="where events are posted to")
    parser.add_argument("--hook-secret", default="events of simulated towers", help="what signs the events")
    parser.add_argument("--state", type=Path, help="file to keep the world in over restarts")
    return parser.parse_args()


def described(given: argparse.Namespace) -> list[dict[str, Any]]:
    if given.describe:
        text = sys.stdin.read() if given.describe == "-" else Path(given.describe).read_text()
        return list(json.loads(text))
    count, _, units = given.banks.partition("x")
    return plain_towers(int(count), int(units), given.prefix)


async def main() -> None:
    given = arguments()
    world = HarborWorld(described(given), close_after=given.close_after)
    control.restore(world, given.state)
    name, _, secret = given.client.partition(":")
    hook = (given.hook, given.hook_secret) if given.hook else None
    cloud = HarborCloud(world, client=(name, secret), expires_in=given.expires_in, hook=hook)
    async with control.Server(cloud.app(), host=given.host, port=given.port) as server:
        control.say({"ready": "harbor", "url": server.url, "control": f"{server.url}/_sim", "banks": list(world.banks)})
        await control.run(world, given.state)


if __name__ == "__main__":
    asyncio.run(main())
