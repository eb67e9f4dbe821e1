"""Command line of the simulator: a broker, banks behind it, one control interface, until it is asked to end."""

import argparse
import asyncio
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from starlette.applications import Starlette

from adapters.generic.mqtt.simulator.agents import PREFIX
from adapters.generic.mqtt.simulator.broker import EmbeddedBroker
from adapters.generic.mqtt.simulator.site import BROKERS, Site
from adapters.generic.mqtt.simulator.world import PROFILES, MqttBank, MqttWorld, described_bank, plain_banks
from adapters.simulation import control

MODULE = "adapters.generic.mqtt.simulator"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description="Lock controllers behind an MQTT broker.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="of the broker; 0 takes a free one")
    parser.add_argument("--broker", choices=BROKERS, default="auto", help="auto: mosquitto where it is installed")
    parser.add_argument("--banks", default="2x16", help="how many banks of how many units, as 2x16")
    parser.add_argument("--prefix", default="MQ-", help="bank ids are this and a number of two digits")
    parser.add_argument("--profile", choices=PROFILES, default=PROFILES[0], help="of --banks")
    parser.add_argument("--describe", help="JSON file (or - for standard input) of banks, in place of --banks")
    parser.add_argument("--control-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--close-after", type=float, help="seconds until an opened door is pushed shut; default: never")
    parser.add_argument("--state", type=Path, help="file to keep doors and items in over restarts")
    return parser.parse_args()


def banks(given: argparse.Namespace) -> list[MqttBank]:
    if given.describe:
        text = sys.stdin.read() if given.describe == "-" else Path(given.describe).read_text()
        return [described_bank(each) for each in json.loads(text)]
    count, _, units = given.banks.partition("x")
    return plain_banks(int(count), int(units), given.prefix, given.profile)


async def main() -> None:
    given = arguments()
    world = MqttWorld(banks(given), close_after=given.close_after)
    control.restore(world, given.state)
    async with AsyncExitStack() as stack:
        app = Starlette(routes=control.routes(world))
        controls = await stack.enter_async_context(control.Server(app, host=given.host, port=given.control_port))
        site = await stack.enter_async_context(Site(world, broker=given.broker, host=given.host, port=given.port))
        kind = "embedded" if isinstance(site.broker, EmbeddedBroker) else "mosquitto"
        said = {"ready": "mqtt", "control": f"{controls.url}/_sim", "url": site.url, "topics": PREFIX, "broker": kind}
        control.say(said)
        await control.run(world, given.state)


if __name__ == "__main__":
    asyncio.run(main())
