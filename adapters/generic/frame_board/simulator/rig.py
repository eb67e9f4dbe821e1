"""The column of framed boards in the conformance matrix: WKLY in full, the others where they differ."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

from adapters.conformance import Act, Bench, Cell, End, Fault, Rig, Seen
from adapters.conformance.faults import NO_BOOKS, NO_HTTP, NO_TOKENS
from adapters.conformance.plays import Broken, check_reading
from adapters.conformance.strikes import calm, fault, pulses
from adapters.generic.columns import Column, truths
from adapters.generic.frame_board.adapter import VENDOR
from adapters.generic.frame_board.simulator.bus import FrameLineServer
from adapters.generic.frame_board.simulator.world import FrameLine, FrameWorld
from app.devices.port import Connection, Door

BANK, UNIT = "FB-01", "2-3"
HINT_SECONDS = 3.0


@asynccontextmanager
async def start(*, profile: str = "wkly", locks: int = 8, **settings: object) -> AsyncIterator[Bench]:
    line = FrameLine(BANK, {1: locks, 2: locks}, profile=profile)
    world = FrameWorld([line])
    async with FrameLineServer(world, line) as server:
        boards = [{"board": board, "locks": locks} for board in line.boards]
        plain = {"bank": BANK, "profile": profile, "boards": boards, "reply_seconds": 0.1, "unproven": True}
        connection = Connection(uuid4(), VENDOR.name, server.url, {**plain, **settings})
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


async def heard(bench: Bench) -> Seen:
    """A door is opened by hand: how many different hints come of it, and that they change nothing that is read."""
    hints: set[tuple[str, Door]] = set()

    async def listen() -> None:
        async for hint in bench.adapter.hints():
            hints.add((hint.unit, hint.door))

    await bench.adapter.read_bank(bench.bank)
    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    bench.world.doors.act(bench.bank, bench.unit, "open")
    await asyncio.sleep(0.4)
    listening.cancel()
    state = await bench.adapter.read_bank(bench.bank)
    check_reading(bench, state)
    if next(unit for unit in state.units if unit.id == bench.unit).door is not Door.OPEN:
        raise Broken("the open door is not seen")
    return Seen(End.HEARD, heard=len(hints))


WKLY = Column(BANK, UNIT, status="all", unlock="open")
XOR = Column(BANK, UNIT, status="all", unlock="open", settings={"profile": "xor5_8a80"}, how="8A/80")
WINNSEN = Column(BANK, UNIT, status="one", unlock="open", settings={"profile": "winnsen90", "locks": 4}, how="Winnsen")
# Where the families differ: their frames, their words, their sums.
FRAMES = {
    Fault.NOTHING_WRONG,
    Fault.OPEN_ALREADY,
    Fault.JAMMED_DOOR,
    Fault.NOISE_BEFORE,
    Fault.NOISE_AFTER,
    Fault.SPLIT_FRAME,
    Fault.STALE_REPLY,
    Fault.WRONG_SHAPE,
    Fault.BAD_CHECKSUM,
    Fault.WRONG_ADDRESS,
}
# Of a family without checksums only what it can know.
KNOWN_WITHOUT_SUMS = {Fault.NOTHING_WRONG, Fault.JAMMED_DOOR, Fault.LOST_COMMAND, Fault.WRONG_ADDRESS}

RIG = Rig(
    vendor=VENDOR.name,
    start=start,
    cells=(
        *WKLY.orders(),
        *WKLY.reads(),
        *(cell for cell in XOR.orders() if cell.fault in FRAMES),
        *(cell for cell in WINNSEN.orders() if cell.fault in KNOWN_WITHOUT_SUMS),
        Cell(Fault.DUPLICATE_EVENT, Act.HEAR, End.HEARD, 1, fault("twice", "push", times=-1), play=heard),
        Cell(Fault.LOST_EVENT, Act.HEAR, End.HEARD, 0, fault("drop", "push", times=-1), play=heard),
    ),
    impossible={
        **NO_BOOKS,
        **NO_HTTP,
        **NO_TOKENS,
        Fault.EVENTS_OUT_OF_ORDER: "a push is a hint; the door is read again",
        Fault.LATE_EVENT: "a push carries no time",
        Fault.FORGED_EVENT: "nobody signs on a wire",
        Fault.REFUSED: "a board's no is not believed: the door is watched",
        Fault.NOT_FOUND: "a board never says no",
        Fault.OUT_OF_SERVICE: "a board never says no",
        Fault.UNKNOWN_STATUS: "a reply with another word is no reply",
    },
    luck=WKLY.luck(),
    calm=calm,
)
