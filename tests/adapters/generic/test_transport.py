import asyncio
import os
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from adapters import registry
from adapters.generic import transport
from adapters.generic.transport import NoAnswer
from app.devices.port import Door, Outcome, Refused, Unreachable
from tests.adapters.rigs import Rig


@asynccontextmanager
async def serial_device(rig: Rig) -> AsyncIterator[str]:
    """A pseudo-terminal whose other end is wired to the rig's line: a serial device as far as any program can see."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    host, _, port = rig.connection.base_url.removeprefix("socket://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, lambda: writer.write(os.read(ours, 256)))

    async def back() -> None:
        while data := await reader.read(256):
            os.write(ours, data)

    task = asyncio.create_task(back())
    try:
        yield os.ttyname(theirs)
    finally:
        loop.remove_reader(ours)
        task.cancel()
        writer.transport.abort()
        os.close(ours)
        os.close(theirs)


async def test_a_serial_device_carries_the_same_orders(kerong: Rig) -> None:
    async with serial_device(kerong) as path:
        adapter = registry.connect(replace(kerong.connection, base_url=path))
        receipt = await adapter.send(kerong.order())
        unit = await adapter.read_unit(kerong.bank, kerong.unit)
        await adapter.close()

    assert receipt.outcome is Outcome.OPENED
    assert unit.door is Door.OPEN
    assert (kerong.pulses(), kerong.others()) == (1, 0)


async def test_a_serial_device_that_is_not_there_is_unreachable(kerong: Rig) -> None:
    adapter = registry.connect(replace(kerong.connection, base_url="/dev/nothing-here"))
    with pytest.raises(Unreachable):
        await adapter.read_bank(kerong.bank)
    await adapter.close()


async def test_frames_keep_their_distance(kerong: Rig) -> None:
    bus = transport.shared(kerong.connection.base_url, 19200)
    loop = asyncio.get_running_loop()
    async with bus.turn():
        ended = loop.time()
    async with bus.turn():
        assert loop.time() - ended >= transport.GAP_SECONDS - 0.002
    transport.leave(bus)


async def test_what_came_before_a_question_is_no_answer_to_it(kerong: Rig) -> None:
    bus = transport.shared(kerong.connection.base_url, 19200)
    async with bus.turn():
        bus.write(bytes.fromhex("02 00 30 03 35"))
        assert await bus.answer(lambda received: len(received) >= 9 or None, 1.0)
    async with bus.turn():
        with pytest.raises(NoAnswer):
            await bus.answer(lambda received: received or None, 0.05)
    transport.leave(bus)


def test_one_address_is_one_bus_for_all_who_use_it() -> None:
    first, second = transport.shared("socket://h:1", 19200), transport.shared("socket://h:1", 19200)
    assert first is second
    with pytest.raises(Refused):
        transport.shared("socket://h:1", 9600)

    transport.leave(first)
    assert transport.shared("socket://h:1", 19200) is second
    transport.leave(first)
    transport.leave(second)
    fresh = transport.shared("socket://h:1", 9600)
    assert fresh is not second
    transport.leave(fresh)
