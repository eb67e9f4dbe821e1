"""The column of MQTT controllers in the conformance matrix: our own JSON in full, the others where they differ."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from adapters.conformance import Act, Bench, Cell, End, Fault, Rig, Seen, Strike, Truth
from adapters.conformance.faults import NO_BOOKS, NO_HTTP
from adapters.conformance.plays import Broken, check_reading, read, sent
from adapters.conformance.strikes import FOR_EVER, act, away, calm, fault, pulses, skew
from adapters.generic.mqtt.adapter import VENDOR
from adapters.generic.mqtt.simulator.agents import PREFIX
from adapters.generic.mqtt.simulator.site import Site
from adapters.generic.mqtt.simulator.world import MqttBank, MqttWorld
from app.devices.port import Connection, DeviceError, Door

BANK, UNIT = "MQ-01", "3"
UNITS = tuple(str(number) for number in range(1, 9))
# Until a last will has come round.
NEWS_SECONDS = 0.4


@asynccontextmanager
async def start(
    *,
    profile: str = "native_json",
    sensors: bool = True,
    broker: str = "embedded",
    users: dict[str, str] | None = None,
    secret: dict[str, str] | None = None,
    **settings: object,
) -> AsyncIterator[Bench]:
    world = MqttWorld([MqttBank(BANK, UNITS, profile, sensors), MqttBank("MQ-02", ("1", "2"))])
    async with Site(world, broker=broker, users=users) as site:
        plain = {"profile": profile, "bank": BANK, "watch_seconds": 1.5, "pulse_seconds": 0.3, "keepalive_seconds": 5}
        connection = Connection(
            uuid4(), VENDOR.name, site.url, {**plain, **spoken(profile, sensors=sensors), **settings}, secret or {}
        )
        adapter = VENDOR.connect(connection)
        try:
            await _there(adapter.read_bank, expected=users is None)
            yield Bench(
                adapter=adapter,
                connection=connection,
                world=world,
                bank=BANK,
                unit=UNIT,
                deadline=timedelta(seconds=3),
                effects=pulses(world),
                truth=lambda: {unit: _truth(world, unit, profile=profile, sensors=sensors) for unit in UNITS},
            )
        finally:
            await adapter.close()


async def _there(read_bank: Any, *, expected: bool) -> None:
    """Controllers take a moment to come; a connection that is let in hears of all of them."""
    for _ in range(100 if expected else 0):
        try:
            if len((await read_bank(BANK)).units) == len(UNITS):
                return
        except DeviceError:
            await asyncio.sleep(0.05)


def spoken(profile: str, *, sensors: bool) -> dict[str, object]:
    """What a connection has to know of simulated controllers of this profile."""
    if profile == "native_json":
        return {"prefix": PREFIX, "item_sensors": True}
    if profile == "tasmota":
        switches = [{"switch": at} if sensors else {} for at in range(1, len(UNITS) + 1)]
        return {"units": {unit: {"device": BANK, "relay": int(unit), **switches[int(unit) - 1]} for unit in UNITS}}
    units = {
        unit: {
            "command": f"{BANK}/lock/{unit}/command",
            "state": f"{BANK}/lock/{unit}/state",
            **({"door": f"{BANK}/door/{unit}/state"} if sensors else {}),
        }
        for unit in UNITS
    }
    return {"units": units, "availability": f"{BANK}/status"}


def _truth(world: MqttWorld, unit: str, *, profile: str, sensors: bool) -> Truth:
    door = world.doors.at(BANK, unit)
    items = door.item if profile == "native_json" else None
    return Truth((Door.OPEN if door.is_open else Door.CLOSED) if sensors else None, occupied=items)


async def order_after_news(bench: Bench) -> Seen:
    await asyncio.sleep(NEWS_SECONDS)
    return await sent(bench, bench.order())


async def read_after_news(bench: Bench) -> Seen:
    await asyncio.sleep(NEWS_SECONDS)
    return await read(bench)


async def back_after_power(bench: Bench) -> Seen:
    """Gone by its last will, then back: nothing has to be started anew, and the next order acts."""
    seen = await order_after_news(bench)
    calm(bench.world)
    await _there(bench.adapter.read_bank, expected=True)
    after = await sent(bench, bench.order())
    if after.end is not End.OPENED:
        raise Broken(f"after the power came back an order ended {after.end}")
    return Seen(seen.end, seen.texts + after.texts)


async def heard(bench: Bench) -> Seen:
    """A door is opened by hand: how many different hints come of it, and what is read in the end."""
    hints: set[tuple[str, Door]] = set()

    async def listen() -> None:
        async for hint in bench.adapter.hints():
            hints.add((hint.unit, hint.door))

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    bench.world.doors.act(bench.bank, bench.unit, "open")
    await asyncio.sleep(NEWS_SECONDS)
    soon = len(hints)
    # A word that was lost is made good when states are repeated.
    await asyncio.sleep(1.0)
    listening.cancel()
    state = await bench.adapter.read_bank(bench.bank)
    check_reading(bench, state)
    if next(unit for unit in state.units if unit.id == bench.unit).door is not Door.OPEN:
        raise Broken("the open door is not seen")
    return Seen(End.HEARD, heard=soon)


async def strange(bench: Bench) -> Seen:
    bench.world.doors.act(bench.bank, bench.unit, "open")
    await asyncio.sleep(NEWS_SECONDS)
    return await read(bench)


def order(what: Fault, end: End, effects: int, strike: Strike | None, how: str = "", **more: Any) -> Cell:
    return Cell(what, Act.ORDER, end, effects, strike, how, **more)


def told(kind: str, **more: object) -> Strike:
    return fault(kind, "cmd", **more)


def door(name: str, amount: float | None = None) -> Strike:
    return act(name, BANK, UNIT, amount)


def state(kind: str, **more: object) -> Strike:
    return fault(kind, "state", **more)


HA: dict[str, object] = {"profile": "ha_lock"}
TASMOTA: dict[str, object] = {"profile": "tasmota"}
BLIND: dict[str, object] = {"profile": "ha_lock", "sensors": False}

ORDERS = (
    order(Fault.NOTHING_WRONG, End.OPENED, 1, None),
    order(Fault.NOTHING_WRONG, End.OPENED, 1, None, "ha_lock", settings=HA),
    order(Fault.NOTHING_WRONG, End.OPENED, 1, None, "tasmota", settings=TASMOTA),
    order(Fault.NOTHING_WRONG, End.ACCEPTED, 1, None, "no door contact", settings=BLIND),
    order(Fault.OPEN_ALREADY, End.OPENED, 0, door("open"), play=order_after_news),
    order(Fault.JAMMED_DOOR, End.REFUSED, 1, door("jam")),
    order(Fault.JAMMED_DOOR, End.REFUSED, 1, door("jam"), "ha_lock", settings=HA),
    order(Fault.JAMMED_DOOR, End.REFUSED, 1, door("jam"), "tasmota", settings=TASMOTA),
    order(Fault.HALF_OPEN, End.OPENED, 1, door("hold")),
    order(Fault.VENDOR_AWAY, End.UNCONFIRMED, 0, away(), "the controller hangs"),
    order(Fault.LINE_CUT, End.UNREACHABLE, 0, away("reset"), "the broker is gone", play=order_after_news),
    order(Fault.NO_ANSWER, End.UNCONFIRMED, 0, told("ignore")),
    order(Fault.LOST_COMMAND, End.UNCONFIRMED, 0, told("ignore"), "ha_lock", settings=HA),
    order(Fault.LOST_COMMAND, End.UNCONFIRMED, 0, told("ignore"), "tasmota", settings=TASMOTA),
    order(Fault.ANSWER_LOST, End.OPENED, 1, told("drop"), "the door tells"),
    order(Fault.ANSWER_LOST, End.UNCONFIRMED, 1, told("drop"), "no door contact", settings=BLIND),
    order(Fault.LATE_ANSWER, End.OPENED, 1, told("delay", ms=500)),
    order(Fault.QUIET_SPELL, End.UNCONFIRMED, 1, told("mute", ms=4000)),
    order(Fault.EFFECT_LATE, End.REFUSED, 1, told("late", ms=1500), after=1.2),
    order(Fault.REPEATED_REPLY, End.OPENED, 1, told("twice")),
    order(Fault.MALFORMED, End.OPENED, 1, told("malformed"), "the door tells"),
    order(Fault.TRUNCATED, End.OPENED, 1, told("half"), "the door tells"),
    order(Fault.WRONG_ADDRESS, End.OPENED, 1, told("other_order"), "the door tells"),
    order(Fault.REFUSED, End.REFUSED, 0, told("refuse")),
    order(Fault.REFUSED, End.REFUSED, 0, told("refuse"), "ha_lock", settings=HA),
    order(Fault.WRONG_DOOR, End.REFUSED, 0, told("neighbour"), elsewhere=1),
    order(Fault.CLOCK_SKEW, End.REFUSED, 0, skew(2), "the order has run out"),
    order(Fault.RESET_AFTER, End.OPENED, 1, told("again", ms=600), "the broker delivers it twice", after=1.0),
    order(Fault.RESET_AFTER, End.OPENED, 1, told("again", ms=600), "twice, ha_lock", after=1.0, settings=HA),
    order(Fault.RESET_AFTER, End.OPENED, 1, told("again", ms=600), "twice, tasmota", after=1.0, settings=TASMOTA),
    order(Fault.EFFECT_LATE, End.UNCONFIRMED, 0, told("asleep", ms=3300), "the controller slept", after=2.5),
    order(Fault.EFFECT_LATE, End.UNCONFIRMED, 0, told("asleep", ms=1800), "slept, ha_lock", after=1.0, settings=HA),
    order(
        Fault.EFFECT_LATE, End.UNCONFIRMED, 0, told("asleep", ms=1800), "slept, tasmota", after=1.0, settings=TASMOTA
    ),
    Cell(Fault.SAME_ORDER_TWICE, Act.TWICE, End.OPENED, 1),
    Cell(Fault.POWER_LOSS, Act.POWER, End.UNREACHABLE, 1, away("power"), play=back_after_power),
)
READS = (
    Cell(Fault.VENDOR_AWAY, Act.READ, End.UNREACHABLE, 0, away("power"), "last will", play=read_after_news),
    Cell(Fault.LINE_CUT, Act.READ, End.UNREACHABLE, 0, away("reset"), "the broker is gone", play=read_after_news),
    Cell(Fault.BOUNCING_SWITCH, Act.READ, End.READ, 0, door("bounce", 3), play=read_after_news),
    Cell(Fault.FORCED_OPEN, Act.READ, End.READ, 0, door("force"), play=read_after_news),
    Cell(Fault.UNKNOWN_STATUS, Act.READ, End.UNMAPPED, 0, state("unknown_word", times=FOR_EVER), play=strange),
    Cell(Fault.WRONG_SHAPE, Act.READ, End.UNMAPPED, 0, state("malformed", times=FOR_EVER), play=strange),
)
EVENTS = (
    Cell(Fault.DUPLICATE_EVENT, Act.HEAR, End.HEARD, 1, state("twice"), play=heard),
    Cell(Fault.EVENTS_OUT_OF_ORDER, Act.HEAR, End.HEARD, 1, state("stale"), play=heard),
    Cell(Fault.LOST_EVENT, Act.HEAR, End.HEARD, 0, state("drop"), play=heard),
)

RIG = Rig(
    vendor=VENDOR.name,
    start=start,
    cells=(*ORDERS, *READS, *EVENTS),
    impossible={
        **NO_BOOKS,
        **NO_HTTP,
        Fault.TOKEN_REFUSED_ONCE: "no tokens",
        Fault.TOKEN_REFUSED: "no tokens",
        Fault.TOKEN_EXPIRED: "no tokens",
        Fault.TOKEN_SERVICE_DOWN: "no tokens",
        Fault.RESET_BEFORE: "a broker stands between: the order is in it or not",
        Fault.RESET_MID: "a broker stands between: the order is in it or not",
        Fault.SLOW_DRIP: "whole messages, no frames",
        Fault.HUGE: "the broker holds messages to their limit",
        Fault.NOISE_BEFORE: "whole messages, no frames",
        Fault.NOISE_AFTER: "whole messages, no frames",
        Fault.SPLIT_FRAME: "whole messages, no frames",
        Fault.BAD_CHECKSUM: "whole messages, no frames",
        Fault.STALE_REPLY: "answers name their order",
        Fault.DROPPED_REPLY: "an answer is not asked for again: see the lost answer",
        Fault.NOT_FOUND: "nobody answers where nobody listens",
        Fault.OUT_OF_SERVICE: "controllers know no service",
        Fault.FORGED_EVENT: "who may speak is the broker's to say",
        Fault.LATE_EVENT: "states are taken by their number, not by their time",
        Fault.CREDENTIALS_REFUSED: "tried beside the kit, with brokers that ask",
    },
    luck=tuple(
        told(kind, ms=300) for kind in ("drop", "delay", "twice", "again", "malformed", "other_order", "ignore")
    ),
    calm=calm,
)
