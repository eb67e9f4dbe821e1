"""The column of Modbus modules in the conformance matrix: TCP with flash in full, the others where they differ."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

from adapters.conformance import Act, Bench, Cell, End, Fault, Rig
from adapters.conformance.faults import NO_BOOKS, NO_EVENTS, NO_HTTP, NO_TOKENS
from adapters.conformance.strikes import calm, fault, pulses
from adapters.generic.columns import Column, truths
from adapters.generic.modbus_io.adapter import FLASH, ON_WAIT_OFF, VENDOR
from adapters.generic.modbus_io.simulator.world import ModbusLine, ModbusWorld
from adapters.simulation.lines import LineServer
from app.devices.port import Connection

BANK, UNIT = "MB-01", "2-3"


@asynccontextmanager
async def start(
    *, pulse: str = FLASH, framing: str = "tcp", flashes: bool = True, **settings: object
) -> AsyncIterator[Bench]:
    line = ModbusLine(BANK, {1: 8, 2: 8}, tcp=framing == "tcp", flashes=flashes, open_when=frozenset({"1-2", "2-3"}))
    world = ModbusWorld([line])
    async with LineServer(world, line) as server:
        plain = {"bank": BANK, "modules": [1, 2], "pulse": pulse, "framing": framing, "reply_seconds": 0.1}
        polarity = {"closed_when": {"1-2": 0, "2-3": 0}, "pulse_seconds": 0.3}
        connection = Connection(uuid4(), VENDOR.name, server.url, {**plain, **polarity, **settings})
        adapter = VENDOR.connect(connection)
        try:
            yield Bench(
                adapter=adapter,
                connection=connection,
                world=world,
                bank=BANK,
                unit=UNIT,
                deadline=timedelta(seconds=6),
                effects=pulses(world),
                truth=lambda: truths(world, BANK),
            )
        finally:
            await adapter.close()


TCP = Column(BANK, UNIT, status="02", unlock="flash")
RTU = Column(BANK, UNIT, status="02", unlock="flash", settings={"framing": "rtu"}, how="RTU")
OURS = Column(
    BANK,
    UNIT,
    status="02",
    unlock="on",
    settings={"pulse": ON_WAIT_OFF, "flashes": False, "watchdog": True},
    how="we time it",
)
FRAMES = {
    Fault.NOTHING_WRONG,
    Fault.NOISE_BEFORE,
    Fault.NOISE_AFTER,
    Fault.SPLIT_FRAME,
    Fault.STALE_REPLY,
    Fault.BAD_CHECKSUM,
    Fault.WRONG_ADDRESS,
    Fault.WRONG_SHAPE,
}
TIMED = {
    Fault.NOTHING_WRONG,
    Fault.JAMMED_DOOR,
    Fault.RESET_AFTER,
    Fault.LOST_COMMAND,
    Fault.ANSWER_LOST,
    Fault.SAME_ORDER_TWICE,
    Fault.POWER_LOSS,
}


def refused(code: int, end: End, effects: int = 0) -> Cell:
    strike = fault("exception", "flash", status=code)
    return Cell(Fault.REFUSED, Act.ORDER, end, effects, strike, f"exception {code}")


RIG = Rig(
    vendor=VENDOR.name,
    start=start,
    cells=(
        *TCP.orders(),
        *TCP.reads(),
        *(cell for cell in RTU.orders() if cell.fault in FRAMES),
        *(cell for cell in OURS.orders() if cell.fault in TIMED),
        refused(1, End.REFUSED),
        refused(2, End.REFUSED),
        refused(3, End.REFUSED),
        refused(6, End.UNREACHABLE),
        # May have acted: the door decides.
        refused(4, End.REFUSED),
        Cell(
            Fault.NOT_FOUND,
            Act.READ,
            End.CONTRACT_BROKEN,
            strike=fault("exception", "02", status=2, times=-1),
            how="fewer inputs than channels",
        ),
    ),
    impossible={
        **NO_BOOKS,
        **NO_EVENTS,
        **NO_HTTP,
        **NO_TOKENS,
        Fault.OUT_OF_SERVICE: "a module knows no service",
        Fault.UNKNOWN_STATUS: "its replies hold bits only",
    },
    luck=TCP.luck(),
    calm=calm,
)
