"""No relay stays on, whatever becomes of the word that switches it off: told by the simulator's own clock."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import uuid4

import aiomqtt
import pytest

from adapters.conformance import Bench
from adapters.generic.mqtt.adapter import VENDOR
from adapters.generic.mqtt.simulator import rig
from adapters.simulation.outputs import Output
from app.devices.port import DeviceError, Door

LIMIT_SECONDS = 2.0


async def until(so: Callable[[], bool], seconds: float = 3.0) -> None:
    ends = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < ends, "it never came"
        await asyncio.sleep(0.01)


async def attempt(bench: Bench) -> None:
    with suppress(DeviceError):
        await bench.adapter.send(bench.order())


def output_of(bench: Bench) -> Output:
    """Of a lock that is jammed: nothing but off ends its pulse."""
    bench.world.doors.act(bench.bank, bench.unit, "jam")
    output: Output = bench.world.outputs.at(bench.bank, bench.unit)
    return output


@pytest.mark.parametrize("close", [False, True])
async def test_a_relay_goes_off_though_the_caller_has_given_up(*, close: bool) -> None:
    async with rig.start(profile="tasmota") as bench:
        output = output_of(bench)
        bench.world.faults.add({"kind": "drop", "where": "cmd"})
        sending = asyncio.create_task(attempt(bench))
        await until(lambda: output.on_since is not None)
        sending.cancel()
        if close:
            await bench.adapter.close()
        await until(lambda: output.on_since is None, 1.0)

        assert bench.world.outputs.longest() < LIMIT_SECONDS


async def test_off_is_said_again_until_the_device_says_that_it_is_so() -> None:
    async with rig.start(profile="tasmota") as bench:
        output = output_of(bench)
        await asyncio.sleep(0.3)
        bench.world.faults.add({"kind": "ignore", "where": "off", "times": -1})
        sending = asyncio.create_task(attempt(bench))
        await until(lambda: output.on_since is not None)
        await asyncio.sleep(0.7)
        assert output.on_since is not None, "its pulse is over, and every off was lost"
        bench.world.faults.clear()
        await until(lambda: output.on_since is None)

        assert bench.world.outputs.longest() < LIMIT_SECONDS
        assert bench.here() == 1
        await sending


async def test_off_is_not_said_for_ever_once_the_device_says_that_it_is_so() -> None:
    async with rig.start(profile="tasmota") as bench:
        await attempt(bench)
        await asyncio.sleep(0.3)
        calls = bench.world.faults.calls
        await asyncio.sleep(1.0)

        assert bench.world.faults.calls == calls


async def test_a_device_that_comes_back_is_switched_off_and_asked_for_its_doors() -> None:
    """It keeps its relays as they are while it is off the network, and tells of its switches when they change."""
    async with rig.start(profile="tasmota") as bench:
        output = output_of(bench)
        sending = asyncio.create_task(attempt(bench))
        await until(lambda: output.on_since is not None)
        bench.world.faults.go_away(bench.bank, "reset")
        bench.world.doors.act(bench.bank, "5", "force")
        await asyncio.sleep(0.6)
        assert output.on_since is not None, "nothing can reach it"
        bench.world.faults.add({"kind": "ignore", "where": "off", "times": 3})
        bench.world.faults.come_back(bench.bank)
        await until(lambda: output.on_since is None)
        await asyncio.sleep(0.3)
        doors = {unit.id: unit.door for unit in (await bench.adapter.read_bank(bench.bank)).units}

        assert bench.world.outputs.longest() < LIMIT_SECONDS
        assert doors == {unit: Door.OPEN if unit == "5" else Door.CLOSED for unit in rig.UNITS}
        await sending


async def test_a_relay_that_was_left_on_goes_off_with_the_next_connection() -> None:
    async with rig.start(profile="tasmota") as bench:
        bench.world.outputs.switch(bench.bank, "7", on=True)
        bench.world.faults.add({"kind": "ignore", "where": "off", "times": 8})
        again = VENDOR.connect(replace(bench.connection, id=uuid4()))
        await again.read_bank(bench.bank)
        await until(lambda: bench.world.outputs.at(bench.bank, "7").on_since is None)
        await again.close()

        assert bench.world.outputs.longest() < LIMIT_SECONDS


@pytest.mark.parametrize(
    ("said", "words"),
    [("stat/MQ-01/STATUS11", {"StatusSTS": {"POWER7": "ON"}}), ("stat/MQ-01/RESULT", {"POWER7": "ON"})],
)
async def test_a_relay_that_is_found_on_goes_off(said: str, words: dict[str, Any]) -> None:
    async with rig.start(profile="tasmota") as bench:
        await asyncio.sleep(0.3)
        bench.world.outputs.switch(bench.bank, "7", on=True)
        host, _, port = bench.connection.base_url.removeprefix("mqtt://").partition(":")
        async with aiomqtt.Client(host, int(port)) as device:
            await device.publish(said, json.dumps(words), qos=1)
        await until(lambda: bench.world.outputs.at(bench.bank, "7").on_since is None)

        assert bench.world.outputs.longest() < LIMIT_SECONDS


UNLOCKS: dict[str, Any] = {"profile": "ha_lock", "open_payload": "UNLOCK", "lock_payload": "LOCK"}


async def test_a_lock_that_stays_unlocked_is_locked_again_and_told_so_until_it_says_that_it_is() -> None:
    async with rig.start(**UNLOCKS) as bench:
        output = output_of(bench)
        bench.world.faults.add({"kind": "ignore", "where": "off", "times": 2})
        await attempt(bench)
        await until(lambda: output.on_since is None)
        calls = bench.world.faults.calls
        await asyncio.sleep(0.8)

        assert 0.2 < bench.world.outputs.longest() < LIMIT_SECONDS
        assert bench.here() == 1
        assert bench.world.faults.calls == calls


async def test_a_lock_whose_node_was_gone_is_locked_when_the_node_comes_back() -> None:
    async with rig.start(**UNLOCKS) as bench:
        output = output_of(bench)
        sending = asyncio.create_task(attempt(bench))
        await until(lambda: output.on_since is not None)
        bench.world.faults.go_away(bench.bank, "reset")
        await asyncio.sleep(0.6)
        assert output.on_since is not None, "nothing can reach it"
        bench.world.faults.come_back(bench.bank)
        await until(lambda: output.on_since is None)
        await sending


MUTE = {unit: {"command": f"{rig.BANK}/lock/{unit}/command"} for unit in rig.UNITS}


async def test_a_lock_that_says_nothing_is_told_a_few_times_to_lock_again() -> None:
    """One word may be lost between broker and lock, and nobody would know."""
    async with rig.start(**UNLOCKS, sensors=False, units=MUTE) as bench:
        output = output_of(bench)
        bench.world.faults.add({"kind": "ignore", "where": "off", "times": 2})
        await attempt(bench)
        await until(lambda: output.on_since is None)
        await asyncio.sleep(1.5)
        calls = bench.world.faults.calls
        await asyncio.sleep(1.0)

        assert bench.world.outputs.longest() < LIMIT_SECONDS
        assert bench.world.faults.calls == calls, "not for ever"


async def test_an_order_to_a_lock_that_says_nothing_waits_until_the_last_was_told_to_lock() -> None:
    async with rig.start(**UNLOCKS, sensors=False, units=MUTE) as bench:
        output = output_of(bench)
        await attempt(bench)
        await attempt(bench)
        assert output.on_since is not None
        await until(lambda: output.on_since is None)

        assert output.times == 2
        assert bench.world.outputs.longest() >= 0.28, "no late LOCK of the first cut the second short"


def own(unit: str) -> str:
    return f"{rig.BANK}/lock/{unit}/status"


COMINGS: dict[str, Any] = {
    "availability": f"{rig.BANK}/status",
    "units": {
        unit: {
            "command": f"{rig.BANK}/lock/{unit}/command",
            "state": f"{rig.BANK}/lock/{unit}/state",
            "availability": own(unit),
        }
        for unit in rig.UNITS
    },
}


@pytest.mark.parametrize("comings", [[("1", "offline"), (None, "online")], [(None, "online"), ("1", "online")]])
async def test_what_one_lock_says_of_itself_keeps_no_other_from_being_locked(
    comings: list[tuple[str | None, str]],
) -> None:
    async with rig.start(**UNLOCKS, sensors=False, **COMINGS) as bench:
        await asyncio.sleep(0.4)
        bench.world.outputs.switch(bench.bank, "7", on=True)
        bench.world.faults.add({"kind": "ignore", "where": "off", "times": -1})
        host, _, port = bench.connection.base_url.removeprefix("mqtt://").partition(":")
        async with aiomqtt.Client(host, int(port)) as node:
            for unit, word in comings:
                await node.publish(own(unit) if unit else f"{rig.BANK}/status", word, qos=1)
                await asyncio.sleep(0.2)
        bench.world.faults.clear()
        await until(lambda: bench.world.outputs.at(bench.bank, "7").on_since is None)

        assert bench.world.outputs.longest() < LIMIT_SECONDS


async def test_the_end_of_an_earlier_pulse_does_not_cut_the_next_one_short() -> None:
    async with rig.start(profile="tasmota", watch_seconds=0.4) as bench:
        output = output_of(bench)
        bench.world.faults.add({"kind": "ignore", "where": "off", "times": -1})
        await attempt(bench)
        bench.world.faults.clear()
        bench.world.outputs.switch(bench.bank, bench.unit, on=False)
        began = time.monotonic()
        sending = asyncio.create_task(attempt(bench))
        await until(lambda: output.on_since is not None)
        await until(lambda: output.on_since is None)

        assert time.monotonic() - began >= 0.28
        await sending


async def test_a_longer_pulse_of_former_days_is_not_longer_than_we_can_end_in_time() -> None:
    async with rig.start(profile="tasmota", pulse_seconds=2.0) as bench:
        output = output_of(bench)
        sending = asyncio.create_task(attempt(bench))
        await until(lambda: output.on_since is not None)
        await until(lambda: output.on_since is None)
        await sending

        assert bench.world.outputs.longest() < LIMIT_SECONDS - 0.2


async def test_orders_to_a_door_without_a_sensor_make_no_long_pulse_of_short_ones() -> None:
    async with rig.start(profile="tasmota", pulse_seconds=0.5, sensors=False) as bench:
        output = output_of(bench)
        for _ in range(3):
            await attempt(bench)
        await until(lambda: output.on_since is None)

        assert output.times == 3
        assert bench.world.outputs.longest() < 0.5 * 2
