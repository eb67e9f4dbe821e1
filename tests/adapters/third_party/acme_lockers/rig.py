"""Its simulator and its column of the matrix."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from adapters.conformance import Act, Bench, Cell, End, Fault, Rig, Strike, Truth
from adapters.conformance.faults import NO_BOOKS, NO_EVENTS, NO_FRAMES, NO_HTTP, NO_SENSOR, NO_TOKENS
from app.devices.port import Connection, Door, Vendor

from .adapter import BANK, CARELESS, VENDOR

UNITS = ("1", "2", "3")


@dataclass
class Box:
    """Doors that shut at once; `luck`: what happens to the next questions."""

    opened: Counter[tuple[str, str]] = field(default_factory=Counter)
    luck: list[str] = field(default_factory=list)
    away: bool = False

    def answer(self, line: str) -> str:
        verb, _, unit = line.partition(" ")
        if verb == "read":
            return " ".join(f"{each}=closed" for each in UNITS)
        if unit not in UNITS:
            return "unknown"
        self.opened[BANK, unit] += 1
        return "jammed" if "jam" in self.luck else f"opened {unit}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readline()).decode().strip()
        luck = self.luck[0] if self.luck else ""
        if line and not self.away and luck != "cut":
            answer = self.answer(line)
            if self.luck and luck != "jam":
                self.luck.pop(0)
            await asyncio.sleep({"late": 0.05, "lost": 2.0}.get(luck, 0))
            spoiled = {
                "nonsense": "%&$\n",
                "half": answer[:3],
                "other": "opened 9\n",
                "long": "x" * 100_000,
                "lost": "",
            }
            writer.write(spoiled.get(luck, f"{answer}\n").encode())
        elif luck == "cut":
            self.luck.pop(0)
        writer.close()


def start_of(vendor: Vendor) -> Callable[..., AbstractAsyncContextManager[Bench]]:
    @asynccontextmanager
    async def start() -> AsyncIterator[Bench]:
        box = Box()
        server = await asyncio.start_server(box.serve, "127.0.0.1", 0)
        async with server:
            connection = Connection(uuid4(), vendor.name, f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            adapter = vendor.connect(connection)
            yield Bench(
                adapter=adapter,
                connection=connection,
                world=box,
                bank=BANK,
                unit="2",
                deadline=timedelta(seconds=0.4),
                effects=lambda: dict(box.opened),
                truth=lambda: dict.fromkeys(UNITS, Truth(door=Door.CLOSED)),
            )

    return start


def luck(*words: str) -> Strike:
    return lambda box: box.luck.extend(words)


def gone(box: Box) -> None:
    box.away = True


def calm(box: Box) -> None:
    box.away = False
    box.luck.clear()


def order(fault: Fault, end: End, effects: int, strike: Strike | None = None) -> Cell:
    return Cell(fault, Act.ORDER, end, effects, strike)


CELLS = (
    order(Fault.NOTHING_WRONG, End.OPENED, 1),
    order(Fault.VENDOR_AWAY, End.UNCONFIRMED, 0, gone),
    order(Fault.NO_ANSWER, End.UNCONFIRMED, 0, luck("cut")),
    order(Fault.ANSWER_LOST, End.UNCONFIRMED, 1, luck("lost")),
    order(Fault.LATE_ANSWER, End.OPENED, 1, luck("late")),
    order(Fault.TRUNCATED, End.UNCONFIRMED, 1, luck("half")),
    order(Fault.MALFORMED, End.UNCONFIRMED, 1, luck("nonsense")),
    order(Fault.HUGE, End.UNCONFIRMED, 1, luck("long")),
    order(Fault.WRONG_DOOR, End.UNCONFIRMED, 1, luck("other")),
    order(Fault.JAMMED_DOOR, End.REFUSED, 1, luck("jam")),
    Cell(Fault.MALFORMED, Act.READ, End.CONTRACT_BROKEN, strike=luck("nonsense")),
    Cell(Fault.ANSWER_LOST, Act.READ, End.UNREACHABLE, strike=luck("lost")),
    Cell(Fault.SAME_ORDER_TWICE, Act.TWICE, End.OPENED, 1),
    Cell(Fault.POWER_LOSS, Act.POWER, End.UNCONFIRMED, 1, gone),
)
TRIED = {cell.fault for cell in CELLS}
SHARED = {**NO_BOOKS, **NO_EVENTS, **NO_FRAMES, **NO_HTTP, **NO_SENSOR, **NO_TOKENS}
EVERYWHERE = {Fault.UNKNOWN_UNIT, Fault.UNKNOWN_BANK, Fault.NOBODY_LISTENS}
REST = {fault: "the box is too simple" for fault in Fault if fault not in TRIED | EVERYWHERE | SHARED.keys()}


def rig_of(vendor: Vendor) -> Rig:
    bad = tuple(luck(word) for word in ("late", "half", "nonsense", "lost", "cut"))
    return Rig(vendor.name, start_of(vendor), CELLS, {**SHARED, **REST}, luck=bad, calm=calm)


RIG, CARELESS_RIG = rig_of(VENDOR), rig_of(CARELESS)
