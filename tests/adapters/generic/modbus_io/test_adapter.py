import asyncio
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient

from adapters.generic.modbus_io.adapter import ON_WAIT_OFF, VENDOR
from adapters.generic.modbus_io.simulator import rig
from adapters.generic.modbus_io.simulator.world import ModbusLine, ModbusWorld
from adapters.simulation.lines import LineServer
from app.devices.port import (
    Ability,
    Ambiguous,
    Capability,
    Checkable,
    Connection,
    ContractBroken,
    DeviceError,
    Door,
    Evidence,
    Order,
    OrderKind,
    Outcome,
    Refused,
    Unreachable,
)

SETTINGS: list[dict[str, Any]] = [
    {"framing": "tcp"},
    {"framing": "rtu"},
    {"framing": "tcp", "pulse": ON_WAIT_OFF, "flashes": False, "watchdog": True},
    {"framing": "rtu", "pulse": ON_WAIT_OFF, "watchdog": True},
]
OURS: dict[str, Any] = {"pulse": ON_WAIT_OFF, "flashes": False, "watchdog": True}


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
async def test_one_door_opens_and_is_seen(settings: dict[str, Any]) -> None:
    async with rig.start(**settings) as bench:
        before = await bench.adapter.read_bank(bench.bank)
        receipt = await bench.adapter.send(bench.order())
        after = await bench.adapter.read_bank(bench.bank)

        assert receipt.outcome is Outcome.OPENED
        assert {unit.door for unit in before.units} == {Door.CLOSED}
        assert [unit.id for unit in after.units if unit.door is Door.OPEN] == [bench.unit]
        assert (bench.here(), bench.elsewhere()) == (1, 0)
        assert bench.world.outputs.longest() < 1.0


@pytest.mark.parametrize("framing", ["tcp", "rtu"])
async def test_the_simulated_module_speaks_with_a_stranger(framing: str) -> None:
    async with rig.start(framing=framing) as bench:
        host, _, port = bench.connection.base_url.removeprefix("socket://").partition(":")
        kind = FramerType.SOCKET if framing == "tcp" else FramerType.RTU
        client = AsyncModbusTcpClient(host, port=int(port), framer=kind, timeout=1, retries=0)
        await client.connect()
        assert (await client.write_coil(4, True, device_id=2)).isError() is False
        outputs = await client.read_coils(0, count=8, device_id=2)
        inputs = await client.read_discrete_inputs(0, count=8, device_id=2)
        modes = await client.read_holding_registers(0x1000, count=8, device_id=2)
        missing = await client.read_coils(4, count=8, device_id=2)
        await client.write_coil(4, False, device_id=2)
        client.close()

        assert outputs.bits == [False] * 4 + [True] + [False] * 3
        # Input 5 has lost its shut door; input 3 reads the other way round.
        assert inputs.bits == [True, True, False, True, False, True, True, True]
        assert modes.registers == [0] * 8
        assert (missing.isError(), missing.exception_code) == (True, 2)


@pytest.mark.parametrize("tcp", [True, False])
async def test_a_module_may_have_any_id_that_its_maker_allows(*, tcp: bool) -> None:
    """Above 247 too: 255 is what many a module on Modbus TCP is called."""
    line = ModbusLine("B", {255: 8}, tcp=tcp)
    async with LineServer(world := ModbusWorld([line]), line) as server:
        settings = {"bank": "B", "modules": [255], "pulse": "waveshare_flash", "framing": "tcp" if tcp else "rtu"}
        adapter = VENDOR.connect(Connection(uuid4(), VENDOR.name, server.url, settings))
        receipt = await adapter.send(Order(uuid4(), OrderKind.OPEN, "B", "255-2", timedelta(seconds=5)))
        await adapter.close()

    assert receipt.outcome is Outcome.OPENED
    assert world.doors.at("B", "255-2").pulses == 1


async def test_an_output_in_another_mode_is_not_ordered() -> None:
    async with rig.start() as bench:
        bench.world.set_unit(bench.bank, bench.unit, {"mode": 1})
        with pytest.raises(Refused, match="mode 0"):
            await bench.adapter.send(bench.order())

        assert bench.here() == 0


@pytest.mark.parametrize(("code", "end"), [(2, Refused), (4, Unreachable), (6, Unreachable)])
async def test_a_module_that_will_not_tell_its_mode_now_may_be_asked_again(code: int, end: type[DeviceError]) -> None:
    async with rig.start() as bench:
        bench.world.faults.add({"kind": "exception", "where": "03", "status": code})
        with pytest.raises(end):
            await bench.adapter.send(bench.order())

        assert bench.here() == 0


@pytest.mark.parametrize("reply", ["01 03", "01 03 01 00", "01 03 00", "01 03 FF 00 00"])
async def test_a_mode_that_makes_no_sense_is_none(reply: str) -> None:
    """A TCP frame has no sum: whatever is in it has to be borne."""
    said, inputs = bytes.fromhex(reply), bytes.fromhex("01 02 01 FF")

    async def module(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await reader.read(64):
            body = said if asked[7] == 3 else inputs
            writer.write(asked[:4] + len(body).to_bytes(2, "big") + body)

    server = await asyncio.start_server(module, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    settings = {"bank": "B", "modules": [1], "pulse": "waveshare_flash"}
    adapter = VENDOR.connect(Connection(uuid4(), VENDOR.name, f"socket://{host}:{port}", settings))
    with pytest.raises(DeviceError):
        await adapter.send(Order(uuid4(), OrderKind.OPEN, "B", "1-1", timedelta(seconds=3)))
    assert isinstance(adapter, Checkable)
    with pytest.raises(DeviceError):
        await {check.name: check for check in adapter.checks(None)}["module 1 has its outputs in mode 0"].run()
    await adapter.close()
    server.close()


async def test_a_module_of_another_brand_refuses_a_flash() -> None:
    async with rig.start(flashes=False, output_modes=False) as bench:
        with pytest.raises(Refused, match="exception 2"):
            await bench.adapter.send(bench.order())

        assert bench.here() == 0


async def test_without_door_inputs_an_order_is_taken_and_nothing_more_is_said() -> None:
    async with rig.start(door_inputs=False) as bench:
        receipt = await bench.adapter.send(bench.order())
        state = await bench.adapter.read_bank(bench.bank)

        assert receipt.outcome is Outcome.ACCEPTED
        assert {unit.door for unit in state.units} == {Door.UNKNOWN}
        assert bench.adapter.capabilities[Capability.DOOR_SENSOR] is Ability.ABSENT
        assert bench.adapter.evidence_ceiling is Evidence.E1
        assert bench.here() == 1


async def test_without_door_inputs_a_lost_answer_leaves_nobody_the_wiser() -> None:
    async with rig.start(door_inputs=False) as bench:
        bench.world.faults.add({"kind": "drop", "where": "flash"})
        with pytest.raises(Ambiguous):
            await bench.adapter.send(bench.order())

        assert bench.here() == 1


async def test_more_channels_than_the_module_has_breaks_the_contract_and_nothing_is_sent() -> None:
    async with rig.start(modules=[{"module": 1, "channels": 16}], closed_when={}) as bench:
        with pytest.raises(ContractBroken):
            await bench.adapter.read_bank(bench.bank)
        order = bench.order(unit="1-3")
        for _ in range(2):
            with pytest.raises(Unreachable, match="nothing was sent"):
                await bench.adapter.send(order)

        assert bench.elsewhere() == 0


@pytest.mark.parametrize(
    ("settings", "order"),
    [({"reply_seconds": 0.4}, "flash"), ({**OURS, "pulse_seconds": 0.5}, "on")],
    ids=["the module times it", "we time it"],
)
async def test_a_door_that_nobody_could_see_for_a_while_is_not_said_to_have_stayed_closed(
    settings: dict[str, Any], order: str
) -> None:
    async with rig.start(**settings) as bench:
        bench.world.doors.close_after = 0.6
        bench.world.faults.add({"kind": "busy", "where": order, "ms": 1400})
        with pytest.raises(Ambiguous):
            await bench.adapter.send(bench.order())

        assert bench.world.doors.at(bench.bank, bench.unit).openings == 1


async def test_a_door_that_is_seen_open_during_its_pulse_has_opened_whatever_is_seen_later() -> None:
    async with rig.start(**OURS, pulse_seconds=0.5) as bench:
        await bench.adapter.read_bank(bench.bank)
        bench.world.doors.close_after = 0.4
        bench.world.faults.add({"kind": "drop", "where": "off", "times": 4})
        receipt = await bench.adapter.send(bench.order())
        unit = await bench.adapter.read_unit(bench.bank, bench.unit)

        assert receipt.outcome is Outcome.OPENED
        assert unit.door is Door.CLOSED
        assert unit.flags["openings_seen"] == 1


async def test_looks_during_a_long_pulse_show_that_the_door_stayed_closed() -> None:
    async with rig.start(**OURS, pulse_seconds=1.5) as bench:
        bench.world.doors.act(bench.bank, bench.unit, "jam")
        with pytest.raises(Refused, match="stayed closed"):
            await bench.adapter.send(bench.order())


@pytest.mark.parametrize(
    "settings",
    [
        {"pulse": "kick"},
        {"pulse_seconds": 2.1},
        {"pulse": ON_WAIT_OFF, "watchdog": True, "pulse_seconds": 1.6},
        {"modules": [0]},
        {"modules": [256]},
        {"modules": [1, 1]},
        {"framing": "morse"},
        {"closed_when": {"9-9": 1}},
        {"closed_when": {"*": "shut"}},
        {"parity": "X"},
        {"first_output": -1},
        {"first_input": 0xFFFF},
        {"first_output": 0xF8},
        {"first_output": 0x100},
        {"pulse": ON_WAIT_OFF, "watchdog": True, "first_output": 0xF8},
    ],
    ids=str,
)
async def test_settings_that_would_harm_or_mislead_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        async with rig.start(**settings):
            pytest.fail("it took the settings")

    assert refused.value.reason == "BAD_SETTINGS"


async def test_a_check_names_the_outputs_that_do_not_obey() -> None:
    async with rig.start() as bench:
        bench.world.set_unit(bench.bank, "2-5", {"mode": 2})
        assert isinstance(bench.adapter, Checkable)
        checks = {check.name: check for check in bench.adapter.checks(None)}

        assert "8 closed" in await checks["board 1 tells its doors"].run()
        assert await checks["module 1 has its outputs in mode 0"].run() == "all outputs obey plain orders"
        with pytest.raises(Refused, match="outputs 5 are not in mode 0"):
            await checks["module 2 has its outputs in mode 0"].run()
        assert [name for name, check in checks.items() if check.writes] == ["open a door"]


async def test_a_babbling_line_does_not_stop_everything_else() -> None:
    async with rig.start(framing="rtu") as bench:
        bench.world.faults.add({"kind": "flood", "where": "02", "times": -1})
        longest, before, reading = 0.0, time.monotonic(), asyncio.create_task(bench.adapter.read_bank(bench.bank))
        while not reading.done():
            await asyncio.sleep(0.005)
            longest, before = max(longest, time.monotonic() - before), time.monotonic()

        assert isinstance(reading.exception(), Unreachable)
        assert longest < 0.5
