"""Kerong's column of the conformance matrix."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from adapters.conformance import Act, Bench, Cell, End, Fault, Rig, Seen, Strike, Truth
from adapters.conformance.faults import NO_BOOKS, NO_EVENTS, NO_HTTP, NO_TOKENS
from adapters.conformance.plays import Broken, check_reading
from adapters.conformance.strikes import FOR_EVER, act, away, calm, every, fault, pulses, skew
from adapters.generic.kerong_cu16.adapter import VENDOR
from adapters.generic.kerong_cu16.simulator.bus import LineServer
from adapters.generic.kerong_cu16.simulator.world import KerongWorld, Line
from app.devices.port import Connection, Door

BANK, UNIT = "KR-01", "1-3"
STATUS, UNLOCK = "30", "31"


@asynccontextmanager
async def start(*, acknowledges: bool = False, **settings: object) -> AsyncIterator[Bench]:
    line = Line(BANK, {0: 16, 1: 16}, acknowledges=acknowledges)
    world = KerongWorld([line])
    async with LineServer(world, line) as server:
        plain = {"bank": BANK, "boards": [0, 1], "item_sensors": True, "reply_seconds": 0.1}
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
                truth=lambda: {unit: _truth(world, unit) for _, unit in world.doors},
            )
        finally:
            await adapter.close()


def _truth(world: KerongWorld, unit: str) -> Truth:
    door = world.doors.at(BANK, unit)
    return Truth(Door.OPEN if door.is_open else Door.CLOSED, occupied=door.item)


async def _bounces(bench: Bench) -> Seen:
    """What was seen before stands until the switch is of one mind."""
    await bench.adapter.read_bank(bench.bank)
    bench.world.doors.act(bench.bank, bench.unit, "bounce", 1)
    check_reading(bench, await bench.adapter.read_bank(bench.bank))
    return Seen(End.READ)


async def _forced(bench: Bench) -> Seen:
    bench.world.doors.act(bench.bank, bench.unit, "force")
    unit = await bench.adapter.read_unit(bench.bank, bench.unit)
    if unit.door is not Door.OPEN:
        raise Broken(f"the door that was forced reads {unit.door}")
    return Seen(End.READ)


def order(what: Fault, end: End, effects: int, strike: Strike | None, how: str = "", **more: Any) -> Cell:
    return Cell(what, Act.ORDER, end, effects, strike, how, **more)


def read(what: Fault, end: End, strike: Strike, how: str = "") -> Cell:
    return Cell(what, Act.READ, end, 0, strike, how)


def asked(kind: str, **more: object) -> Strike:
    return fault(kind, STATUS, **more)


def told(kind: str, **more: object) -> Strike:
    return fault(kind, UNLOCK, **more)


def door(name: str, amount: float | None = None) -> Strike:
    return act(name, BANK, UNIT, amount)


ORDERS = (
    order(Fault.NOTHING_WRONG, End.OPENED, 1, None),
    order(Fault.NOTHING_WRONG, End.OPENED, 1, None, "acknowledging firmware", settings={"acknowledges": True}),
    order(Fault.OPEN_ALREADY, End.OPENED, 0, door("open")),
    order(Fault.JAMMED_DOOR, End.REFUSED, 1, door("jam")),
    # Three bounces: one at the look before the unlock, the rest after it.
    order(Fault.BOUNCING_SWITCH, End.REFUSED, 1, every(door("jam"), door("bounce", 3)), "jammed too"),
    order(Fault.HALF_OPEN, End.OPENED, 1, door("hold")),
    order(Fault.VENDOR_AWAY, End.UNREACHABLE, 0, away()),
    order(Fault.LINE_CUT, End.UNREACHABLE, 0, away("reset")),
    order(Fault.NO_ANSWER, End.UNREACHABLE, 0, asked("drop", times=FOR_EVER)),
    order(Fault.DROPPED_REPLY, End.OPENED, 1, asked("drop", times=2), "twice"),
    order(Fault.LATE_ANSWER, End.OPENED, 1, asked("delay", ms=130), "once"),
    order(Fault.LATE_ANSWER, End.UNREACHABLE, 0, asked("delay", ms=130, times=FOR_EVER), "for ever"),
    order(Fault.NOISE_BEFORE, End.OPENED, 1, asked("noise", times=FOR_EVER)),
    order(Fault.NOISE_AFTER, End.OPENED, 1, asked("semicolon", times=FOR_EVER)),
    order(Fault.SPLIT_FRAME, End.OPENED, 1, asked("split", ms=40, times=FOR_EVER)),
    order(Fault.SLOW_DRIP, End.UNREACHABLE, 0, asked("split", ms=400, times=FOR_EVER)),
    order(Fault.STALE_REPLY, End.OPENED, 1, asked("stale", times=3)),
    order(Fault.REPEATED_REPLY, End.OPENED, 1, asked("twice", times=FOR_EVER)),
    order(Fault.MALFORMED, End.OPENED, 1, asked("garbage"), "once"),
    order(Fault.MALFORMED, End.UNREACHABLE, 0, asked("garbage", times=FOR_EVER), "for ever"),
    order(Fault.TRUNCATED, End.OPENED, 1, asked("half"), "once"),
    order(Fault.TRUNCATED, End.UNREACHABLE, 0, asked("half", times=FOR_EVER), "for ever"),
    order(Fault.WRONG_SHAPE, End.UNREACHABLE, 0, asked("other_word", times=FOR_EVER)),
    order(Fault.HUGE, End.UNREACHABLE, 0, asked("flood", times=FOR_EVER)),
    order(Fault.BAD_CHECKSUM, End.OPENED, 1, asked("checksum"), "once"),
    order(Fault.BAD_CHECKSUM, End.UNREACHABLE, 0, asked("checksum", times=FOR_EVER), "for ever"),
    order(Fault.WRONG_ADDRESS, End.OPENED, 1, asked("address"), "once"),
    order(Fault.WRONG_ADDRESS, End.UNREACHABLE, 0, asked("address", times=FOR_EVER), "for ever"),
    order(Fault.RESET_BEFORE, End.OPENED, 1, asked("cut")),
    order(Fault.RESET_AFTER, End.OPENED, 1, told("cut")),
    order(Fault.LOST_COMMAND, End.REFUSED, 0, told("ignore")),
    order(Fault.ANSWER_LOST, End.OPENED, 1, told("busy", ms=500)),
    order(Fault.QUIET_SPELL, End.UNCONFIRMED, 1, told("busy", ms=5000)),
    order(Fault.QUIET_SPELL, End.OPENED, 1, told("hang"), "and hears on another connection"),
    order(Fault.EFFECT_LATE, End.REFUSED, 1, told("late", ms=2300), after=1.0),
    order(Fault.WRONG_DOOR, End.REFUSED, 0, told("neighbour"), elsewhere=1),
    order(Fault.CLOCK_SKEW, End.OPENED, 1, skew(2)),
    Cell(Fault.SAME_ORDER_TWICE, Act.TWICE, End.OPENED, 1),
    Cell(Fault.POWER_LOSS, Act.POWER, End.UNREACHABLE, 1, away()),
)
READS = (
    read(Fault.VENDOR_AWAY, End.UNREACHABLE, away()),
    read(Fault.LINE_CUT, End.UNREACHABLE, away("reset")),
    read(Fault.DROPPED_REPLY, End.READ, asked("drop", times=2)),
    read(Fault.MALFORMED, End.READ, asked("garbage", times=2)),
    read(Fault.BAD_CHECKSUM, End.READ, asked("checksum", times=2), "twice"),
    read(Fault.BAD_CHECKSUM, End.UNREACHABLE, asked("checksum", times=FOR_EVER), "for ever"),
    read(Fault.WRONG_ADDRESS, End.READ, asked("address", times=2)),
    read(Fault.RESET_MID, End.READ, asked("cut", times=2)),
    read(Fault.QUIET_SPELL, End.READ, asked("hang"), "and hears on another connection"),
    read(Fault.NOISE_BEFORE, End.READ, asked("noise", times=FOR_EVER)),
    read(Fault.NOISE_AFTER, End.READ, asked("semicolon", times=FOR_EVER)),
    read(Fault.STALE_REPLY, End.READ, asked("stale", times=FOR_EVER)),
    read(Fault.HALF_OPEN, End.READ, every(door("open"), door("hold"))),
    Cell(Fault.BOUNCING_SWITCH, Act.READ, End.READ, play=_bounces),
    Cell(Fault.FORCED_OPEN, Act.READ, End.READ, play=_forced),
)

LUCK = tuple(
    fault(kind, where, ms=150)
    for where in (STATUS, UNLOCK)
    for kind in ("drop", "noise", "split", "checksum", "address", "garbage", "stale", "cut", "delay")
)

RIG = Rig(
    vendor=VENDOR.name,
    start=start,
    cells=(*ORDERS, *READS),
    impossible={
        **NO_BOOKS,
        **NO_EVENTS,
        **NO_HTTP,
        **NO_TOKENS,
        Fault.REFUSED: "a board never says no",
        Fault.NOT_FOUND: "a board never says no",
        Fault.OUT_OF_SERVICE: "a board never says no",
        Fault.UNKNOWN_STATUS: "its replies hold bits only",
    },
    luck=LUCK,
    calm=calm,
)
