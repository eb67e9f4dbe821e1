"""A name at a broker proves something only where a stranger's name does not do as well."""

from dataclasses import replace

import pytest

from adapters.generic.mqtt import client as client_of
from adapters.generic.mqtt import connecting
from adapters.generic.mqtt.client import MqttClient
from adapters.generic.mqtt.dialects import NativeJson
from adapters.generic.mqtt.settings import Broker
from adapters.generic.mqtt.simulator import rig
from adapters.generic.mqtt.simulator.agents import PREFIX
from adapters.generic.mqtt.simulator.broker import EmbeddedBroker
from adapters.generic.mqtt.simulator.mosquitto import Mosquitto
from app.devices.port import AuthFailed
from tests.adapters.generic.brokers import BROKERS
from tests.adapters.generic.mqtt.test_client import until

USER, WORD = "locker", "a-word-of-passing"


@pytest.mark.parametrize("broker", BROKERS)
async def test_a_name_at_a_broker_that_takes_any_name_opens_nothing(broker: str) -> None:
    async with rig.start(broker=broker, secret={"username": "whoever", "password": "whatever"}) as bench:
        with pytest.raises(AuthFailed, match="lets in whoever comes"):
            await bench.adapter.list_banks()
        with pytest.raises(AuthFailed):
            await bench.adapter.send(bench.order())

        assert bench.world.doors.at(bench.bank, bench.unit).pulses == 0


async def test_a_broker_that_turns_strangers_away_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool | None] = []

    async def counted(broker: Broker) -> bool | None:
        told.append(await connecting.lets_everybody_in(broker))
        return told[-1]

    monkeypatch.setattr(client_of, "lets_everybody_in", counted)
    async with EmbeddedBroker(users={USER: WORD}) as broker:
        made = MqttClient(Broker("127.0.0.1", broker.port, False, USER, WORD), NativeJson(PREFIX, "MQ-01", 0.3))
        await made.ready(5)
        broker.shut(deaf=True)
        await until(lambda: made.failing)
        broker.shut(deaf=False)
        await until(lambda: not made.failing)
        await made.close()

    assert made.losses
    assert told == [False]


@pytest.mark.parametrize("kind", BROKERS)
async def test_who_is_turned_away_by_name_is_a_stranger(kind: str) -> None:
    async with Mosquitto(users={USER: WORD}) if kind == "mosquitto" else EmbeddedBroker(users={USER: WORD}) as broker:
        known = Broker("127.0.0.1", broker.port, False, USER, WORD)
        assert await connecting.lets_everybody_in(known) is False
        if kind == "mosquitto":
            # The small broker speaks 3.1.1 only.
            assert await connecting.lets_everybody_in(replace(known, five=True)) is False
    assert await connecting.lets_everybody_in(known) is None
