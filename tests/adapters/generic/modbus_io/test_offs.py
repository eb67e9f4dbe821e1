"""What is said to an output until the module itself tells that it is off."""

import asyncio
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from adapters.generic import transport
from adapters.generic.modbus_io.adapter import VENDOR
from adapters.generic.modbus_io.simulator import rig
from adapters.generic.modbus_io.simulator.world import ModbusLine, ModbusWorld
from adapters.simulation.faults import Fault
from adapters.simulation.lines import Heard, Line, LineServer
from app.devices.port import Connection, Order, OrderKind, Refused, Unreachable
from tests.adapters.generic.modbus_io.test_solenoids import (
    JAM,
    LIMIT_SECONDS,
    OURS,
    attempt,
    energised,
    settled,
    until,
)


class Contrary(ModbusWorld):
    """Says no to an order to switch on, and does it all the same: the no was an earlier order's."""

    def __init__(self, line: ModbusLine, code: int) -> None:
        super().__init__([line])
        self.code = code

    def answer(self, line: Line, heard: Heard) -> bytes | None:
        if heard.name != "on":
            return super().answer(line, heard)
        return self.refuse(line, heard, Fault("exception", status=self.code))


@pytest.mark.parametrize("code", [1, 6])
async def test_an_output_that_went_on_behind_a_no_goes_off(code: int) -> None:
    line = ModbusLine("B", {1: 8}, tcp=False, flashes=False)
    world = Contrary(line, code)
    world.doors.act("B", "1-3", JAM)
    async with LineServer(world, line) as server:
        ours = {name: value for name, value in OURS.items() if name != "flashes"}
        settings = {**ours, "framing": "rtu", "bank": "B", "reply_seconds": 0.1}
        adapter = VENDOR.connect(Connection(uuid4(), VENDOR.name, server.url, settings))
        with pytest.raises((Refused, Unreachable)):
            await adapter.send(Order(uuid4(), OrderKind.OPEN, "B", "1-3", timedelta(seconds=5)))
        on = world.outputs.told(None)[2]["on"]
        await adapter.close()

    assert not on
    assert 0 < world.outputs.longest() < LIMIT_SECONDS


class Echoing(LineServer):
    """A converter that hears itself, as some on two wires do."""

    async def _carry_out(self, writer: asyncio.StreamWriter, heard: Heard) -> None:
        writer.write(heard.raw)
        await super()._carry_out(writer, heard)


async def test_an_off_is_not_believed_because_the_line_gives_it_back() -> None:
    line = ModbusLine("B", {1: 8}, tcp=False, flashes=False)
    world = ModbusWorld([line])
    async with Echoing(world, line) as server:
        ours = {name: value for name, value in OURS.items() if name != "flashes"}
        settings = {**ours, "framing": "rtu", "bank": "B", "reply_seconds": 0.1, "door_inputs": False}
        adapter = VENDOR.connect(Connection(uuid4(), VENDOR.name, server.url, settings))
        await adapter.read_bank("B")
        world.faults.add({"kind": "ignore", "where": "off", "times": 2})
        await adapter.send(Order(uuid4(), OrderKind.OPEN, "B", "1-3", timedelta(seconds=5)))
        on = world.outputs.told(None)[2]["on"]
        await adapter.close()

    assert not on
    assert world.outputs.longest() < LIMIT_SECONDS


async def test_a_module_that_will_not_switch_off_is_asked_again_without_cutting_the_line_for_others() -> None:
    async with rig.start(**OURS) as bench:
        await bench.adapter.read_bank(bench.bank)
        bench.world.doors.act(bench.bank, bench.unit, JAM)
        bench.world.faults.add({"kind": "exception", "where": "off", "status": 4, "times": 6})
        bus = transport.shared(bench.connection.base_url, 9600)
        known = bus.generation
        await attempt(bench)
        await settled(bench)
        transport.leave(bus)

        # Once, at the end of the pulse itself.
        assert bus.generation <= known + 1


@pytest.mark.parametrize(
    ("slow", "settings"),
    [
        # Further away than an off is waited for while it matters, and well within what the settings allow.
        ({"kind": "delay", "ms": 150}, {"reply_seconds": 0.4}),
        ({"kind": "delay", "ms": 150}, {"reply_seconds": 0.4, "door_inputs": False}),
        # An off is never answered, and the outputs are told as off.
        ({"kind": "drop", "where": "off"}, {}),
    ],
    ids=str,
)
async def test_a_line_is_left_alone_once_the_module_has_told_an_output_as_off(
    slow: dict[str, object], settings: dict[str, Any]
) -> None:
    async with rig.start(**OURS, **settings) as bench:
        await bench.adapter.read_bank(bench.bank)
        bench.world.doors.act(bench.bank, bench.unit, JAM)
        bench.world.faults.add({**slow, "times": -1})
        await attempt(bench)
        await asyncio.sleep(2.0)
        bus = transport.shared(bench.connection.base_url, 9600)
        known = bus.generation
        await asyncio.sleep(1.5)
        transport.leave(bus)

        assert bus.generation == known
        assert await settled(bench) < LIMIT_SECONDS


async def test_a_module_that_never_tells_its_outputs_as_off_leaves_half_of_the_line_to_the_others() -> None:
    async with rig.start(**OURS, reply_seconds=0.4) as bench:
        await bench.adapter.read_bank(bench.bank)
        bench.world.doors.act(bench.bank, bench.unit, JAM)
        sending = asyncio.create_task(attempt(bench))
        await until(lambda: energised(bench))
        bench.world.faults.add({"kind": "drop", "where": "off", "times": -1})
        bench.world.faults.add({"kind": "drop", "where": "01", "times": -1})
        await sending
        # What was asked last of the door has still to come to its end.
        await asyncio.sleep(1.5)
        bus = transport.shared(bench.connection.base_url, 9600)
        ends, free, tried = time.monotonic() + 2.8, 0, 0
        while time.monotonic() < ends:
            await asyncio.sleep(0.05)
            free, tried = free + (not bus._lock.locked()), tried + 1
        transport.leave(bus)
        bench.world.faults.clear()

        assert free > tried / 3
        assert await settled(bench) < LIMIT_SECONDS
