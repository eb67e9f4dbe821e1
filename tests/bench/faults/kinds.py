"""The vendors as they are tried: how banks of each are simulated, what moves something on their lines, what is known."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from adapters.generic.frame_board import wire as frames
from adapters.generic.frame_board.simulator.bus import FrameLineServer
from adapters.generic.frame_board.simulator.world import FrameWorld
from adapters.generic.frame_board.simulator.world import plain_lines as frame_lines
from adapters.generic.kerong_cu16 import wire as kerong_wire
from adapters.generic.kerong_cu16.simulator.world import KerongWorld
from adapters.generic.kerong_cu16.simulator.world import plain_lines as kerong_lines
from adapters.generic.modbus_io.simulator import frames as modbus_frames
from adapters.generic.modbus_io.simulator.world import ModbusWorld
from adapters.generic.modbus_io.simulator.world import plain_lines as modbus_lines
from adapters.generic.mqtt.simulator.agents import PREFIX
from adapters.generic.mqtt.simulator.site import Site
from adapters.generic.mqtt.simulator.world import MqttWorld
from adapters.generic.mqtt.simulator.world import plain_banks as mqtt_banks
from adapters.harbor.simulator import cloud as harbor_cloud
from adapters.harbor.simulator.books import plain_towers
from adapters.harbor.simulator.world import HarborWorld
from adapters.harbor_gateway.simulator.box import Box
from adapters.harbor_gateway.simulator.box import operation as gateway_operation
from adapters.harbor_gateway.simulator.world import GatewayWorld
from adapters.pitney.simulator import cloud as pitney_cloud
from adapters.pitney.simulator.world import PitneyWorld, plain_banks
from adapters.simulation import control
from adapters.simulation.control import World
from adapters.simulation.lines import Line, LineServer, LineWorld
from tests.app.handover.towers import PHONES
from tests.app.placing.rig import CHOOSES
from tests.app.rig import BOOKS, SENSOR
from tests.bench.faults.proxy import Moves

# Doors fall shut by themselves, later than anybody's look at them on a machine that does other things too.
SHUT_SECONDS = 12.0
BOARDS = 2
# Of a Waveshare flash order; modules time the pulse themselves.
_FLASH = 0x0200

Settings = dict[str, dict[str, object]]


@dataclass(frozen=True, slots=True)
class Stand:
    """A simulator that runs. `ports`: bank -> where it is reached; banks behind one address have the same."""

    world: World
    scheme: str
    ports: dict[str, int]
    settings: Settings


Start = Callable[[AsyncExitStack, int, int], Awaitable[Stand]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One vendor. `late`: order -> seconds, longer than the adapter waits, so that the effect comes when nobody waits
    for it any more. `slow`: seconds until reading back can decide: as long as the adapter listens, and as the
    hardware itself may still act afterwards. `waits`:
    on a connection nothing overtakes what is held back. `inside`: faults that a line cannot make and the simulator
    does. `crowd`: how many times as many banks work side by side, because each of them is held up long. `gathers`:
    seconds in which all banks have been looked at once, so that those that come to a step die together."""

    start: Start
    moves: Moves
    abilities: Mapping[str, str]
    late: Mapping[str, float]
    slow: float = 0.0
    waits: bool = False
    poll_seconds: int = 1
    secret: Mapping[str, str] = field(default_factory=dict)
    inside: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    crowd: int = 1
    gathers: float = 1.5


def _oauth(client: tuple[str, str]) -> Mapping[str, str]:
    return {"client_id": client[0], "client_secret": client[1]}


# --- clouds and boxes --------------------------------------------------------------------------------------------------


def _asks(chunk: bytes) -> tuple[str, str]:
    """Method and path of an HTTP request that begins here."""
    method, _, rest = chunk[:400].partition(b" ")
    return method.decode("ascii", "replace"), rest.partition(b" ")[0].decode("ascii", "replace")


async def _pitney(stack: AsyncExitStack, banks: int, units: int) -> Stand:
    world = PitneyWorld(plain_banks(banks, units), close_after=SHUT_SECONDS)
    server = await stack.enter_async_context(control.Server(pitney_cloud.PitneyCloud(world).app()))
    return Stand(world, "http", dict.fromkeys(world.banks, server.port), {bank: _poll(2.0) for bank in world.banks})


def _moves_pitney(chunk: bytes) -> bool:
    method, path = _asks(chunk)
    return method in {"POST", "PATCH"} and pitney_cloud.operation(method, path)[0] in {"open", "reserve"}


async def _harbor(stack: AsyncExitStack, banks: int, units: int) -> Stand:
    world = HarborWorld(plain_towers(banks, units), close_after=SHUT_SECONDS)
    server = await stack.enter_async_context(control.Server(harbor_cloud.HarborCloud(world).app()))
    settings: Settings = {bank: {**_poll(2.0), "environment": "sandbox"} for bank in world.banks}
    return Stand(world, "http", dict.fromkeys(world.banks, server.port), settings)


def _moves_harbor(chunk: bytes) -> bool:
    method, path = _asks(chunk)
    return method == "POST" and harbor_cloud.operation(method, path)[0] == "dropoff-locker-tokens"


async def _gateway(stack: AsyncExitStack, banks: int, units: int) -> Stand:
    """A box in each bank, and all its lockers alike: which one it gives out is its own choice."""
    lockers = [{"id": number, "type": "medium"} for number in range(1, units + 1)]
    described = [{"id": f"HG-{number:02}", "lockers": lockers} for number in range(1, banks + 1)]
    world = GatewayWorld(described, close_after=SHUT_SECONDS)
    servers = [await stack.enter_async_context(control.Server(Box(world, bank).app())) for bank in world.banks]
    ports = {bank: server.port for bank, server in zip(world.banks, servers, strict=True)}
    # Asked as often as a bank of this make is asked by itself.
    return Stand(world, "http", ports, {bank: {"bank": bank} for bank in ports})


def _moves_gateway(chunk: bytes) -> bool:
    method, path = _asks(chunk)
    return method == "POST" and gateway_operation(method, path, "")[0] in {"open", "locker_open", "create"}


def _poll(seconds: float) -> dict[str, object]:
    return {"poll_seconds": seconds}


# --- lines -------------------------------------------------------------------------------------------------------------


async def _lines(
    stack: AsyncExitStack, world: LineWorld, settings: dict[str, object], server: type[LineServer] = LineServer
) -> Stand:
    ports = {line.bank: (await stack.enter_async_context(server(world, line))).port for line in world.lines}
    return Stand(world, "socket", ports, {bank: {"bank": bank, **settings} for bank in ports})


def _wide(lines: list[Line], units: int) -> list[Line]:
    assert units <= min(sum(line.boards.values()) for line in lines), "a bank has that many locks"
    return lines


async def _kerong(stack: AsyncExitStack, banks: int, units: int) -> Stand:
    world = KerongWorld(_wide(kerong_lines(banks, BOARDS), units), close_after=SHUT_SECONDS)
    return await _lines(stack, world, {"boards": list(range(BOARDS))})


def _moves_kerong(chunk: bytes) -> bool:
    found = kerong_wire.find_command(chunk)
    return found is not None and found[1] == kerong_wire.UNLOCK


async def _modbus(stack: AsyncExitStack, banks: int, units: int) -> Stand:
    modules = max(BOARDS, -(-units // 8))
    world = ModbusWorld(_wide([*modbus_lines(banks, modules, "MB-")], units), close_after=SHUT_SECONDS)
    numbers = list(range(1, modules + 1))
    return await _lines(stack, world, {"modules": numbers, "pulse": "waveshare_flash", "pulse_seconds": 0.3})


def _moves_modbus(chunk: bytes) -> bool:
    found = modbus_frames.find_request(True, chunk)
    return found is not None and found.function == 5 and found.address & 0xFF00 == _FLASH


async def _frame(stack: AsyncExitStack, banks: int, units: int) -> Stand:
    world = FrameWorld(_wide([*frame_lines(banks, BOARDS, "FB-", "wkly")], units), close_after=SHUT_SECONDS)
    return await _lines(stack, world, {"profile": "wkly", "boards": list(range(BOARDS))}, FrameLineServer)


def _moves_frame(chunk: bytes) -> bool:
    return frames.find(frames.PROFILES["wkly"].unlock, chunk) is not None


# --- a broker ----------------------------------------------------------------------------------------------------------


async def _mqtt(stack: AsyncExitStack, banks: int, units: int) -> Stand:
    """One broker; each bank is a connection of its own to it, and a controller of its own behind it."""
    # A thousand doors told of each second keep one core busy, and a late word looks like a lost one.
    world = MqttWorld(mqtt_banks(banks, units), close_after=SHUT_SECONDS, repeat_seconds=15.0)
    site = await stack.enter_async_context(Site(world, broker="embedded"))
    given = {**_poll(1.0), "profile": "native_json", "prefix": PREFIX, "keepalive_seconds": 5, "pulse_seconds": 0.3}
    names = [bank.id for bank in world.banks]
    return Stand(
        world, "mqtt", dict.fromkeys(names, site.broker.port), {name: {**given, "bank": name} for name in names}
    )


def _moves_mqtt(chunk: bytes) -> bool:
    """An order, on its topic."""
    return b"/cmd" in chunk and b'"op"' in chunk


KINDS: Mapping[str, Kind] = {
    "frame_board": Kind(_frame, _moves_frame, {**SENSOR, "PUSH_EVENTS": "WORKS"}, {"OPEN": 4.0}),
    "harbor": Kind(
        _harbor,
        _moves_harbor,
        PHONES,
        {"ISSUE_ACCESS": 12.0},
        waits=True,
        poll_seconds=2,
        secret=_oauth(harbor_cloud.CLIENT),
    ),
    "harbor_gateway": Kind(
        _gateway, _moves_gateway, CHOOSES, {"OPEN": 80.0, "RESERVE": 25.0}, slow=139.0, waits=True, crowd=2, gathers=6.0
    ),
    "kerong_cu16": Kind(_kerong, _moves_kerong, SENSOR, {"OPEN": 4.0}),
    "modbus_io": Kind(_modbus, _moves_modbus, SENSOR, {"OPEN": 4.0}),
    "mqtt": Kind(
        _mqtt,
        _moves_mqtt,
        {**SENSOR, "PUSH_EVENTS": "WORKS", "IDEMPOTENT_OPEN": "WORKS"},
        {"OPEN": 8.0},
        # A packet on a connection that has not introduced itself is thrown away: it is brokers that deliver twice.
        inside={"twice": {"kind": "again", "where": "cmd", "times": -1}},
    ),
    "pitney": Kind(
        _pitney,
        _moves_pitney,
        BOOKS,
        {"OPEN": 12.0, "RESERVE": 12.0},
        waits=True,
        poll_seconds=2,
        secret=_oauth(pitney_cloud.CLIENT),
        crowd=2,
    ),
}
