"""A broker with all simulated controllers behind it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Self
from urllib.parse import urlsplit

from adapters.generic.mqtt.simulator.agents import Agent, HaAgent, NativeAgent
from adapters.generic.mqtt.simulator.broker import EmbeddedBroker
from adapters.generic.mqtt.simulator.mosquitto import Mosquitto, program
from adapters.generic.mqtt.simulator.tasmota import TasmotaAgent
from adapters.generic.mqtt.simulator.world import MqttBank, MqttWorld
from adapters.simulation.faults import ANYWHERE

LOOK_SECONDS = 0.02
BROKERS = ("auto", "embedded", "mosquitto")
AGENTS: Mapping[str, Callable[[MqttWorld, MqttBank], Agent]] = {
    "ha_lock": HaAgent,
    "native_json": NativeAgent,
    "tasmota": TasmotaAgent,
}


class Site:
    """`async with` starts and stops it. `broker`: auto takes mosquitto where it is installed."""

    def __init__(
        self,
        world: MqttWorld,
        *,
        broker: str = "embedded",
        host: str = "127.0.0.1",
        port: int = 0,
        users: dict[str, str] | None = None,
    ) -> None:
        real = broker == "mosquitto" or (broker == "auto" and program() is not None)
        self.world = world
        self.broker = Mosquitto(port, host=host, users=users) if real else EmbeddedBroker(port, host=host, users=users)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def url(self) -> str:
        return self.broker.url

    async def __aenter__(self) -> Self:
        await self.broker.__aenter__()
        agents = [AGENTS[bank.profile](self.world, bank) for bank in self.world.banks]
        self._tasks = [asyncio.create_task(agent.run(self._address)) for agent in agents]
        if isinstance(self.broker, EmbeddedBroker):
            self._tasks.append(asyncio.create_task(self._mind(self.broker)))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.broker.__aexit__()

    def _address(self) -> tuple[str, int]:
        parts = urlsplit(self.broker.url)
        return str(parts.hostname), int(parts.port or 0)

    async def _mind(self, broker: EmbeddedBroker) -> None:
        """With everything away by `reset` it is the broker that is gone."""
        gone = False
        while True:
            now = self.world.faults.away(ANYWHERE) == "reset"
            if now is not gone:
                gone = now
                broker.shut(gone)
            await asyncio.sleep(LOOK_SECONDS)
