import asyncio
import fcntl
import os
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from serialx import descriptor_transport

from adapters import registry
from adapters.conformance import Bench
from adapters.generic import bank, transport
from adapters.generic.frame_board.simulator import rig as frame_board
from adapters.generic.kerong_cu16.simulator import rig as kerong_cu16
from adapters.generic.modbus_io.simulator import rig as modbus_io
from adapters.generic.transport import NoAnswer
from app.devices.port import Connection, Door, Outcome, Refused, Unreachable
from tests.adapters.generic.converters import serial_device, terminal_server
from tests.adapters.rigs import Rig

RTU: dict[str, Any] = {"framing": "rtu"}
LINES: dict[str, Callable[[], Any]] = {
    "kerong_cu16": kerong_cu16.start,
    "wkly": frame_board.start,
    "xor5_8a80": lambda: frame_board.start(profile="xor5_8a80"),
    "modbus_rtu": lambda: modbus_io.start(**RTU),
    "modbus_rtu_on_wait_off": lambda: modbus_io.start(**RTU, pulse="on_wait_off", watchdog=True),
}


async def one_door_opens(bench: Bench, address: str) -> None:
    adapter = registry.connect(replace(bench.connection, base_url=address))
    receipt = await adapter.send(bench.order())
    unit = await adapter.read_unit(bench.bank, bench.unit)
    await adapter.close()

    assert receipt.outcome is Outcome.OPENED
    assert unit.door is Door.OPEN
    assert (bench.here(), bench.elsewhere()) == (1, 0)


@pytest.mark.parametrize("line", LINES)
async def test_a_serial_device_carries_the_same_orders(line: str) -> None:
    async with LINES[line]() as bench, serial_device(bench.connection.base_url) as path:
        await one_door_opens(bench, path)


@pytest.mark.parametrize("line", LINES)
async def test_a_terminal_server_carries_the_same_orders(line: str) -> None:
    async with LINES[line]() as bench, terminal_server(bench.connection.base_url) as server:
        await one_door_opens(bench, server.url)

        assert server.baudrate == (19200 if line == "kerong_cu16" else 9600)


async def test_speed_and_parity_are_set_at_the_terminal_server() -> None:
    async with (
        modbus_io.start(**RTU, parity="E", baudrate=38400) as bench,
        terminal_server(bench.connection.base_url) as server,
    ):
        await one_door_opens(bench, server.url)

        assert (server.baudrate, server.parity) == (38400, 3)


async def test_a_terminal_server_that_is_not_there_is_unreachable(kerong: Rig) -> None:
    adapter = registry.connect(replace(kerong.connection, base_url="rfc2217://127.0.0.1:1"))
    with pytest.raises(Unreachable):
        await adapter.read_bank(kerong.bank)
    await adapter.close()


async def test_a_serial_device_that_is_not_there_is_unreachable(kerong: Rig) -> None:
    adapter = registry.connect(replace(kerong.connection, base_url="/dev/nothing-here"))
    with pytest.raises(Unreachable):
        await adapter.read_bank(kerong.bank)
    await adapter.close()


@pytest.mark.parametrize("where", ["socket", "rfc2217"])
async def test_a_name_that_no_name_can_be_is_unreachable(where: str, kerong: Rig) -> None:
    adapter = registry.connect(replace(kerong.connection, base_url=f"{where}://{'a' * 70}.example:4001"))
    with pytest.raises(Unreachable):
        await adapter.read_bank(kerong.bank)
    await adapter.close()


@pytest.mark.parametrize("said", ["FF FA 2C 69 FF F0", "FF FA 2C 67 77 FF F0"])
async def test_what_a_terminal_server_says_out_of_turn_is_borne(said: str, kerong: Rig) -> None:
    async def server(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes.fromhex(said))

    listening = await asyncio.start_server(server, "127.0.0.1", 0)
    address = f"rfc2217://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    adapter = registry.connect(replace(kerong.connection, base_url=address))
    loop = asyncio.get_running_loop()
    # The library stumbles over it, which the loop tells besides.
    before, told = loop.get_exception_handler(), list[dict[str, Any]]()
    loop.set_exception_handler(lambda _, what: told.append(what))
    with pytest.raises(Unreachable):
        await adapter.read_bank(kerong.bank)
    await adapter.close()
    loop.set_exception_handler(before)
    listening.close()
    assert told


async def test_a_device_that_is_opened_afresh_is_not_taken_for_another_s(
    kerong: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = descriptor_transport._safe_close

    def slowly(device: int) -> None:
        time.sleep(0.1)
        close(device)

    monkeypatch.setattr(descriptor_transport, "_safe_close", slowly)
    async with serial_device(kerong.connection.base_url) as device:
        bus = transport.shared(device, 19200)
        for known in range(2):
            bus.renew()
            async with bus.turn():
                assert bus.generation == known + 1
        transport.leave(bus)


async def test_two_ways_to_name_a_device_are_one_bus(tmp_path: Path) -> None:
    device, link = tmp_path / "ttyUSB0", tmp_path / "usb-FTDI"
    device.touch()
    link.symlink_to(device)
    first, second = transport.shared(str(device), 9600), transport.shared(str(link), 9600)
    assert first is second
    transport.leave(first)
    transport.leave(second)


async def test_a_device_that_another_process_has_is_left_alone(kerong: Rig) -> None:
    async with serial_device(kerong.connection.base_url) as device:
        other = os.open(device, os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(other, fcntl.LOCK_EX)
        adapter = registry.connect(replace(kerong.connection, base_url=device))
        with pytest.raises(Unreachable, match="stop `lockyard worker` while you try"):
            await adapter.read_bank(kerong.bank)
        os.close(other)
        assert (await adapter.read_bank(kerong.bank)).units
        await adapter.close()


@pytest.mark.parametrize("vendor", ["kerong_cu16", "frame_board", "modbus_io"])
async def test_nobody_may_keep_a_line_waiting_for_long(vendor: str) -> None:
    own = {"frame_board": {"profile": "xor5_8a80"}, "modbus_io": {"pulse": "waveshare_flash"}}
    settings = {"bank": "B", "reply_seconds": 2.1, **own.get(vendor, {})}
    connection = Connection(uuid4(), vendor, "socket://h:1", settings)

    assert registry.problems(connection) == ("reply_seconds must be 2 at most",)
    assert not registry.problems(replace(connection, settings={**settings, "reply_seconds": 2}))
    # What is kept from a time when more was allowed counts as the most.
    await registry.connect(connection).close()
    assert bank.reply_seconds(connection.settings) == 2.0


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


async def test_a_line_that_is_renewed_does_not_disturb_the_turn_that_somebody_has(kerong: Rig) -> None:
    bus = transport.shared(kerong.connection.base_url, 19200)
    async with bus.turn():
        known = bus.generation
        bus.renew()
        assert await bus.ask(bytes.fromhex("02 00 30 03 35"), lambda received: received or None, 1.0)
    async with bus.turn():
        assert bus.generation == known + 1
    transport.leave(bus)


def deaf_converter() -> socket.socket:
    """Takes connections and reads nothing: what is sent waits in our own machine, as on a network that is cut."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    listening.setblocking(False)
    return listening


async def all_of(connection: socket.socket) -> bytes:
    """Until the other side is gone."""
    received = b""
    try:
        while chunk := await asyncio.wait_for(asyncio.get_running_loop().sock_recv(connection, 65536), 5):
            received += chunk
    except ConnectionResetError:
        return received
    return received


async def test_what_a_cut_network_kept_back_does_not_arrive_when_it_is_whole_again() -> None:
    unlock = bytes.fromhex("02 00 31 03 36")
    with deaf_converter() as listening:
        bus = transport.shared(f"socket://127.0.0.1:{listening.getsockname()[1]}", 19200)
        async with bus.turn():
            connection, _ = await asyncio.get_running_loop().sock_accept(listening)
            bus.write(bytes(30_000))
            bus.write(unlock)
            await asyncio.sleep(transport.DELIVERY_SECONDS + 1.0)
        transport.leave(bus)
        with connection:
            received = await all_of(connection)

    assert received
    assert unlock not in received


async def test_a_terminal_server_s_connection_is_as_impatient(kerong: Rig) -> None:
    async with terminal_server(kerong.connection.base_url) as server:
        bus = transport.shared(server.url, 19200)
        async with bus.turn():
            below: Any = getattr(bus._transport, "_tcp_transport", None)
            found = below.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        transport.leave(bus)

    assert found == transport.DELIVERY_SECONDS * 1000


async def test_a_line_that_was_given_back_is_not_opened_again() -> None:
    bus = transport.shared("socket://127.0.0.1:1", 19200)
    transport.leave(bus)
    with pytest.raises(Unreachable, match="closed"):
        async with bus.turn():
            pytest.fail("it was opened")


async def test_who_listens_hears_what_nobody_asked_for() -> None:
    masters: list[asyncio.StreamWriter] = []

    async def board(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        masters.append(writer)

    server = await asyncio.start_server(board, "127.0.0.1", 0)
    bus = transport.shared(f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}", 9600)
    heard: list[bytes] = []
    deafen = bus.listen(heard.append)
    async with bus.turn():
        await asyncio.sleep(0.05)
    masters[0].write(b"by itself")
    await asyncio.sleep(0.05)
    deafen()
    masters[0].write(b"too late")
    await asyncio.sleep(0.05)
    transport.leave(bus)
    server.close()

    assert b"".join(heard) == b"by itself"


def test_one_address_is_one_bus_for_all_who_use_it() -> None:
    first, second = transport.shared("socket://h:1", 19200), transport.shared("socket://h:1", 19200)
    assert first is second
    assert transport.shared("socket://H:1/", 19200) is first
    transport.leave(first)
    for speed, word in (((9600, "N"), "another baudrate"), ((19200, "E"), "another parity")):
        with pytest.raises(Refused, match=word) as refused:
            transport.shared("socket://h:1", *speed)
        # What somebody else entered is theirs.
        assert "19200" not in refused.value.detail

    transport.leave(first)
    assert transport.shared("socket://h:1", 19200) is second
    transport.leave(first)
    transport.leave(second)
    fresh = transport.shared("socket://h:1", 9600)
    assert fresh is not second
    transport.leave(fresh)


@pytest.mark.parametrize(
    "address",
    ["socket://[::1", "rfc2217://host:port", "socket://host", "/dev/../etc/shadow", "/etc/shadow", "file:///dev/x"],
)
def test_an_address_no_line_can_have_is_refused(address: str) -> None:
    with pytest.raises(Refused):
        transport.check_address(address)
