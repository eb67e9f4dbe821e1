"""Command line of the simulator: serves until it is asked to end."""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from adapters.pitney.simulator.cloud import CLIENT, PitneyCloud
from adapters.pitney.simulator.world import PitneyWorld, plain_banks
from adapters.simulation import control

MODULE = "adapters.pitney.simulator"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description="Pitney's cloud with kiosks and doors.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--banks", default="2x20", help="how many banks of how many units, as 20x45")
    parser.add_argument("--prefix", default="PB-", help="bank ids are this and a number of two digits")
    parser.add_argument("--describe", help="JSON file (or - for standard input) of banks, in place of --banks")
    parser.add_argument("--client", default=":".join(CLIENT), help="client id and secret, as id:secret")
    parser.add_argument("--expires-in", type=int, default=600, help="life of a token in seconds")
    parser.add_argument("--product-prefix", default="", help="where the products stand on the host, as /lockers")
    parser.add_argument("--close-after", type=float, help="seconds until an opened door is pushed shut; default: never")
    parser.add_argument("--state", type=Path, help="file to keep the world in over restarts")
    return parser.parse_args()


def described(given: argparse.Namespace) -> list[dict[str, Any]]:
    if given.describe:
        text = sys.stdin.read() if given.describe == "-" else Path(given.describe).read_text()
        return list(json.loads(text))
    count, _, units = given.banks.partition("x")
    return plain_banks(int(count), int(units), given.prefix)


async def main() -> None:
    given = arguments()
    world = PitneyWorld(described(given), close_after=given.close_after)
    control.restore(world, given.state)
    name, _, secret = given.client.partition(":")
    prefix = given.product_prefix
    cloud = PitneyCloud(world, client=(name, secret), expires_in=given.expires_in, prefix=prefix)
    async with control.Server(cloud.app(), host=given.host, port=given.port) as server:
        where = {"url": server.url + prefix, "control": f"{server.url}/_sim"}
        control.say({"ready": "pitney", **where, "banks": list(world.banks)})
        await control.run(world, given.state)


if __name__ == "__main__":
    asyncio.run(main())
