"""No solenoid is under current for more than two seconds, whatever ends early: told by the simulator's own clock."""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from adapters.conformance import Bench
from adapters.generic.modbus_io import wire
from adapters.generic.modbus_io.adapter import ON_WAIT_OFF, VENDOR
from adapters.generic.modbus_io.simulator import rig
from app.devices.port import DeviceError

LIMIT_SECONDS = 2.0
OURS: dict[str, Any] = {"pulse": ON_WAIT_OFF, "flashes": False, "pulse_seconds": 0.5, "watchdog": True}
# A jammed door is pulsed to the end; another one's pulse ends when it is seen open.
JAM = "jam"


async def until(so: Callable[[], bool], seconds: float = 4.0) -> None:
    ends = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < ends, "it never came"
        await asyncio.sleep(0.02)


def energised(bench: Bench) -> bool:
    return any(output["on"] for output in bench.world.outputs.told(None))


async def settled(bench: Bench) -> float:
    """Longest time under current, once nothing is any more."""
    await until(lambda: not energised(bench))
    await asyncio.sleep(0.2)
    assert not energised(bench)
    longest: float = bench.world.outputs.longest()
    return longest


async def attempt(bench: Bench) -> None:
    with suppress(DeviceError):
        await bench.adapter.send(bench.order())


@pytest.mark.parametrize(
    "faults",
    [
        [],
        [{"kind": "drop", "where": "on"}],
        [{"kind": "delay", "where": "on", "ms": 400}],
        [{"kind": "ignore", "where": "off", "times": 2}],
        [{"kind": "drop", "where": "off", "times": 4}],
        [{"kind": "cut", "where": "on"}],
        [{"kind": "garbage", "where": "off", "times": 3}],
        [{"kind": "exception", "where": "off", "status": 6, "times": 2}],
    ],
    ids=str,
)
async def test_a_pulse_that_we_time_ends_through_every_fault(faults: list[dict[str, object]]) -> None:
    async with rig.start(**OURS) as bench:
        await bench.adapter.read_bank(bench.bank)
        bench.world.doors.act(bench.bank, bench.unit, JAM)
        for fault in faults:
            bench.world.faults.add(fault)
        sending = asyncio.create_task(attempt(bench))
        await until(lambda: bench.here() == 1)

        assert await settled(bench) < LIMIT_SECONDS
        assert (bench.here(), bench.elsewhere()) == (1, 0)
        sending.cancel()


@pytest.mark.parametrize("kind", ["cut", "drop"])
async def test_a_pulse_ends_though_the_doors_can_no_longer_be_read(kind: str) -> None:
    async with rig.start(**OURS) as bench:
        bench.world.doors.act(bench.bank, bench.unit, JAM)
        sending = asyncio.create_task(attempt(bench))
        await until(lambda: energised(bench))
        bench.world.faults.add({"kind": kind, "where": "02", "times": 8})

        assert await settled(bench) < LIMIT_SECONDS
        await sending


async def test_a_caller_that_gives_up_does_not_leave_the_current_on() -> None:
    async with rig.start(**OURS) as bench:
        bench.world.doors.act(bench.bank, bench.unit, JAM)
        sending = asyncio.create_task(attempt(bench))
        await until(lambda: energised(bench))
        sending.cancel()

        assert await settled(bench) < LIMIT_SECONDS


async def test_closing_the_connection_waits_for_the_end_of_a_pulse() -> None:
    async with rig.start(**OURS) as bench:
        bench.world.doors.act(bench.bank, bench.unit, JAM)
        sending = asyncio.create_task(attempt(bench))
        await until(lambda: energised(bench))
        await bench.adapter.close()

        assert not energised(bench)
        assert bench.world.outputs.longest() < LIMIT_SECONDS
        await sending


async def test_a_process_that_ends_switches_off_on_its_way_out() -> None:
    async with rig.start(**OURS) as bench:
        bench.world.doors.act(bench.bank, bench.unit, JAM)

        def process() -> None:
            """A loop of its own, which ends in the middle of the pulse as a stopped process does."""

            async def main() -> None:
                adapter = VENDOR.connect(replace(bench.connection, id=uuid4()))
                task = asyncio.create_task(adapter.send(bench.order()))
                await asyncio.sleep(0.35)
                assert not task.done()

            asyncio.run(main())

        await asyncio.to_thread(process)

        assert bench.here() == 1
        assert await settled(bench) < LIMIT_SECONDS


async def test_a_process_that_ends_while_an_off_is_lost_says_it_once_more() -> None:
    async with rig.start(**OURS) as bench:
        bench.world.doors.act(bench.bank, bench.unit, JAM)
        lost = bench.world.faults.add({"kind": "ignore", "where": "off"})

        def process() -> None:
            async def main() -> None:
                adapter = VENDOR.connect(replace(bench.connection, id=uuid4()))
                task = asyncio.create_task(adapter.send(bench.order()))
                await until(lambda: lost.hits == 1)
                assert not task.done()

            asyncio.run(main())

        await asyncio.to_thread(process)

        assert bench.here() == 1
        assert await settled(bench) < LIMIT_SECONDS


@pytest.mark.parametrize("tells_outputs", [True, False])
async def test_what_an_earlier_process_left_on_goes_off_at_the_first_look(tells_outputs: bool) -> None:
    async with rig.start(**OURS) as bench:
        bench.world.outputs.switch(bench.bank, "1-7", on=True)
        if not tells_outputs:
            bench.world.faults.add({"kind": "exception", "where": "01", "status": 1, "times": -1})
        await bench.adapter.read_bank(bench.bank)

        assert not energised(bench)


async def test_what_is_found_on_at_any_look_goes_off() -> None:
    async with rig.start(**OURS) as bench:
        await bench.adapter.read_bank(bench.bank)
        bench.world.outputs.switch(bench.bank, "1-7", on=True)
        await bench.adapter.read_bank(bench.bank)

        assert not energised(bench)


# Opens one door, in a process of its own.
PROCESS = """
import asyncio, json, sys
from datetime import timedelta
from uuid import uuid4
from adapters import registry
from app.devices.port import Connection, Order, OrderKind

url, settings, bank, unit = json.loads(sys.argv[1])

async def main():
    adapter = registry.connect(Connection(uuid4(), "modbus_io", url, settings))
    await adapter.send(Order(uuid4(), OrderKind.OPEN, bank, unit, timedelta(seconds=6)))

asyncio.run(main())
"""


async def test_what_a_process_that_was_killed_left_on_goes_off_when_the_next_one_starts() -> None:
    async with rig.start(**{**OURS, "pulse_seconds": 1.5}) as bench:
        bench.world.doors.act(bench.bank, bench.unit, JAM)
        told = json.dumps([bench.connection.base_url, dict(bench.connection.settings), bench.bank, bench.unit])
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", PROCESS, told)
        await until(lambda: energised(bench), 20)
        process.kill()
        await process.wait()
        # Nobody is left to end the pulse: only the module's own watchdog, or the next start.
        await asyncio.sleep(1.6)
        assert energised(bench)

        next_one = VENDOR.connect(replace(bench.connection, id=uuid4()))
        await next_one.read_bank(bench.bank)
        await next_one.close()
        assert not energised(bench)
        assert bench.here() == 1


async def test_a_line_that_drops_for_a_while_gets_its_off_as_soon_as_it_is_back() -> None:
    async with rig.start(**OURS) as bench:
        await bench.adapter.read_bank(bench.bank)
        bench.world.doors.act(bench.bank, bench.unit, JAM)
        sending = asyncio.create_task(attempt(bench))
        await until(lambda: energised(bench))
        bench.world.faults.go_away(how="reset")
        await asyncio.sleep(1.0)
        assert energised(bench), "the line is down: nothing can reach the module"
        bench.world.faults.come_back()
        await until(lambda: not energised(bench), 1.0)

        assert bench.world.outputs.longest() < LIMIT_SECONDS
        await sending


async def test_a_flash_ends_by_itself_while_we_are_gone() -> None:
    async with rig.start() as bench:
        bench.world.faults.add({"kind": "cut", "where": "flash"})
        bench.world.doors.act(bench.bank, bench.unit, JAM)
        sending = asyncio.create_task(attempt(bench))
        await until(lambda: energised(bench))
        bench.world.faults.go_away()

        assert await settled(bench) < 0.5
        sending.cancel()


async def test_orders_to_a_door_without_a_sensor_make_no_long_pulse_of_short_ones() -> None:
    async with rig.start(pulse_seconds=0.8, door_inputs=False) as bench:
        await bench.adapter.read_bank(bench.bank)
        for _ in range(3):
            await attempt(bench)

        assert await settled(bench) < 0.8 * 1.5
        assert bench.world.outputs.at(bench.bank, bench.unit).times == 3


def test_a_pulse_that_the_module_times_is_never_longer_than_two_seconds() -> None:
    longest = [int.from_bytes(wire.body(wire.flash(0, hundredths / 100))[3:]) for hundredths in range(1, 201)]

    assert max(longest) * wire.FLASH_STEP_SECONDS <= 2.0
    assert all(steps >= hundredths / 10 for hundredths, steps in enumerate(longest, 1))
