"""Pitney's column of the conformance matrix."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from adapters.conformance import Act, Bench, Cell, End, Fault, Rig, Seen, Strike, Truth
from adapters.conformance.faults import NO_EVENTS, NO_FRAMES, NO_SENSOR
from adapters.conformance.plays import Broken, sent
from adapters.conformance.strikes import FOR_EVER, act, away, calm, fault, pulses, skew
from adapters.pitney.adapter import VENDOR
from adapters.pitney.simulator.cloud import CLIENT, PitneyCloud
from adapters.pitney.simulator.world import PitneyWorld, plain_banks
from adapters.simulation import control
from app.devices.port import Connection, OrderKind, ParcelRef

BANK, UNIT = "PB-01", "3"


@asynccontextmanager
async def start(*, units: int = 8, expires_in: int = 600, **settings: object) -> AsyncIterator[Bench]:
    world = PitneyWorld(plain_banks(2, units))
    async with control.Server(PitneyCloud(world, expires_in=expires_in).app()) as server:
        connection = Connection(
            id=uuid4(),
            vendor=VENDOR.name,
            base_url=server.url,
            settings={"read_seconds": 1.0, **settings},
            secret={"client_id": CLIENT[0], "client_secret": CLIENT[1]},
        )
        adapter = VENDOR.connect(connection)
        try:
            yield Bench(
                adapter=adapter,
                connection=connection,
                world=world,
                bank=BANK,
                unit=UNIT,
                deadline=timedelta(seconds=0.5),
                effects=pulses(world),
                truth=lambda: {unit.id: _truth(world, unit.id) for unit in world.of(BANK)},
            )
        finally:
            await adapter.close()


def _truth(world: PitneyWorld, unit: str) -> Truth:
    flags = world.units[BANK, unit].flags()
    return Truth(reserved=flags["unitReserved"], occupied=flags["unitOccupied"])


async def _token_runs_out(bench: Bench) -> Seen:
    await bench.adapter.read_bank(bench.bank)
    bench.world.clock.advance(3600)
    return await sent(bench, bench.order())


async def _partly_taken(bench: Bench) -> Seen:
    """Two parcels in, one out: the unit stays reserved for the other."""
    first, second = ParcelRef("T-1"), ParcelRef("T-2")
    await bench.adapter.send(bench.order(OrderKind.RESERVE, parcels=(first,)))
    await bench.adapter.send(bench.order(OrderKind.EXTEND, parcels=(second,)))
    await bench.adapter.send(bench.order(OrderKind.DEPOSIT, parcels=(first, second)))
    receipt = await bench.adapter.send(bench.order(OrderKind.RELEASE, parcels=(first,)))
    left = await bench.adapter.read_unit(bench.bank, bench.unit)
    if receipt.released is not False or left.parcels != ("T-2",):
        raise Broken(f"released {receipt.released} and left {left.parcels}")
    return Seen(End.ACCEPTED)


async def _full(bench: Bench) -> Seen:
    for unit in bench.truth():
        bench.world.set_unit(bench.bank, unit, {"contactId": "somebody"})
    return await sent(bench, bench.order(OrderKind.RESERVE))


def order(what: Fault, end: End, effects: int, strike: Strike, how: str = "", **more: Any) -> Cell:
    return Cell(what, Act.ORDER, end, effects, strike, how, **more)


def read(what: Fault, end: End, strike: Strike, how: str = "") -> Cell:
    return Cell(what, Act.READ, end, 0, strike, how)


def opening(kind: str, **more: object) -> Strike:
    return fault(kind, "open", **more)


def reading(kind: str, **more: object) -> Strike:
    return fault(kind, "bank", **more)


def token(kind: str, **more: object) -> Strike:
    return fault(kind, "token", **more)


ORDERS = (
    Cell(Fault.NOTHING_WRONG, Act.ORDER, End.ACCEPTED, 1),
    order(Fault.JAMMED_DOOR, End.ACCEPTED, 1, act("jam", BANK, UNIT)),
    order(Fault.OUT_OF_SERVICE, End.REFUSED, 0, lambda world: world.set_unit(BANK, UNIT, {"unitInService": False})),
    order(Fault.VENDOR_AWAY, End.UNREACHABLE, 0, away()),
    order(Fault.LINE_CUT, End.UNREACHABLE, 0, away("reset")),
    order(Fault.NO_ANSWER, End.UNCONFIRMED, 0, opening("hang")),
    order(Fault.LOST_COMMAND, End.UNCONFIRMED, 0, opening("hang")),
    order(Fault.ANSWER_LOST, End.UNCONFIRMED, 1, opening("lost")),
    order(Fault.QUIET_SPELL, End.UNCONFIRMED, 1, opening("lost", times=3)),
    order(Fault.LATE_ANSWER, End.ACCEPTED, 1, opening("latency", ms=200)),
    order(Fault.EFFECT_LATE, End.UNCONFIRMED, 1, opening("latency", ms=1000), after=1.0),
    order(Fault.SLOW_DRIP, End.UNCONFIRMED, 1, opening("drip", ms=100)),
    order(Fault.RESET_BEFORE, End.UNCONFIRMED, 0, opening("reset")),
    order(Fault.RESET_AFTER, End.UNCONFIRMED, 1, opening("reset_after")),
    order(Fault.RESET_MID, End.UNCONFIRMED, 1, opening("reset_mid")),
    order(Fault.TRUNCATED, End.UNCONFIRMED, 1, opening("truncated")),
    order(Fault.MALFORMED, End.UNCONFIRMED, 1, opening("malformed")),
    order(Fault.WRONG_SHAPE, End.UNCONFIRMED, 1, opening("wrong_shape")),
    order(Fault.HUGE, End.UNCONFIRMED, 1, opening("huge")),
    order(Fault.WRONG_DOOR, End.UNCONFIRMED, 1, opening("swap", word="lockerUnitId")),
    order(Fault.WRONG_DOOR, End.UNCONFIRMED, 1, opening("swap", word="lockerBankId"), "in another bank"),
    order(Fault.SERVER_ERROR, End.UNCONFIRMED, 0, opening("status", status=500)),
    order(Fault.SERVER_ERROR_AFTER, End.UNCONFIRMED, 1, opening("status_after", status=500)),
    order(Fault.UNAVAILABLE, End.UNCONFIRMED, 1, opening("status_after", status=503)),
    order(Fault.REDIRECT, End.UNCONFIRMED, 0, opening("status", status=307)),
    order(Fault.REFUSED, End.REFUSED, 0, opening("status", status=400)),
    order(Fault.NOT_FOUND, End.REFUSED, 0, opening("status", status=404)),
    order(Fault.SLOW_DOWN, End.UNREACHABLE, 0, opening("status", status=429)),
    order(Fault.TOKEN_REFUSED_ONCE, End.ACCEPTED, 1, opening("reject_token")),
    order(Fault.TOKEN_REFUSED, End.AUTH_FAILED, 0, opening("reject_token", times=2)),
    Cell(Fault.TOKEN_EXPIRED, Act.ORDER, End.ACCEPTED, 1, play=_token_runs_out),
    order(Fault.CREDENTIALS_REFUSED, End.AUTH_FAILED, 0, token("status", status=401)),
    order(Fault.TOKEN_SERVICE_DOWN, End.UNREACHABLE, 0, token("hang"), "silent"),
    order(Fault.TOKEN_SERVICE_DOWN, End.UNREACHABLE, 0, token("status", status=500), "500"),
    order(Fault.TOKEN_SERVICE_DOWN, End.UNREACHABLE, 0, token("malformed"), "malformed"),
    order(Fault.TOKEN_SERVICE_DOWN, End.UNREACHABLE, 0, token("wrong_shape"), "wrong shape"),
    order(Fault.TOKEN_SERVICE_DOWN, End.UNREACHABLE, 0, token("huge"), "huge"),
    order(Fault.TOKEN_SERVICE_DOWN, End.UNREACHABLE, 0, token("reset_mid"), "reset"),
    order(Fault.CLOCK_SKEW, End.ACCEPTED, 1, skew(2), "ahead"),
    order(Fault.CLOCK_SKEW, End.ACCEPTED, 1, skew(-2), "behind"),
    Cell(Fault.SAME_ORDER_TWICE, Act.TWICE, End.ACCEPTED, 1),
    Cell(Fault.POWER_LOSS, Act.POWER, End.UNREACHABLE, 1, away("reset")),
)
READS = (
    read(Fault.VENDOR_AWAY, End.UNREACHABLE, away()),
    read(Fault.SERVER_ERROR, End.READ, reading("status"), "once"),
    read(Fault.SERVER_ERROR, End.UNREACHABLE, reading("status", times=FOR_EVER), "for ever"),
    read(Fault.SLOW_DOWN, End.UNREACHABLE, reading("status", status=429)),
    read(Fault.NOT_FOUND, End.REFUSED, reading("status", status=404)),
    read(Fault.RESET_BEFORE, End.READ, reading("reset"), "once"),
    read(Fault.RESET_BEFORE, End.UNREACHABLE, reading("reset", times=FOR_EVER), "for ever"),
    read(Fault.RESET_MID, End.READ, reading("reset_mid")),
    read(Fault.NO_ANSWER, End.UNREACHABLE, reading("hang")),
    read(Fault.SLOW_DRIP, End.UNREACHABLE, reading("drip", ms=200)),
    read(Fault.MALFORMED, End.CONTRACT_BROKEN, reading("malformed")),
    read(Fault.TRUNCATED, End.CONTRACT_BROKEN, reading("truncated")),
    read(Fault.WRONG_SHAPE, End.CONTRACT_BROKEN, reading("wrong_shape")),
    read(Fault.HUGE, End.CONTRACT_BROKEN, reading("huge")),
    read(Fault.WRONG_DOOR, End.CONTRACT_BROKEN, reading("swap", word="lockerBankId"), "another bank"),
    read(Fault.TOKEN_REFUSED_ONCE, End.READ, reading("reject_token")),
    read(Fault.TOKEN_REFUSED, End.AUTH_FAILED, reading("reject_token", times=2)),
    read(Fault.UNKNOWN_STATUS, End.UNMAPPED, lambda world: world.set_unit(BANK, "2", {"size": "gigantic"})),
    read(Fault.OUT_OF_SERVICE, End.READ, lambda world: world.set_unit(BANK, "2", {"unitInService": False})),
)
BOOKS = (
    Cell(Fault.LAST_UNIT_RACED, Act.RACE, End.REFUSED),
    Cell(Fault.BANK_FULL, Act.BOOKS, End.REFUSED, play=_full),
    Cell(Fault.PARTIAL_FREE, Act.BOOKS, End.ACCEPTED, play=_partly_taken),
)

LUCK = tuple(
    fault(kind, where, ms=ms)
    for where in ("open", "reserve", "deposit", "free", "bank", "token")
    for kind, ms in (
        ("lost", 0),
        ("reset", 0),
        ("reset_after", 0),
        ("malformed", 0),
        ("status_after", 0),
        ("latency", 100),
    )
)

RIG = Rig(
    vendor=VENDOR.name,
    start=start,
    cells=(*ORDERS, *READS, *BOOKS),
    impossible={**NO_FRAMES, **NO_SENSOR, **NO_EVENTS},
    luck=LUCK,
    calm=calm,
    kinds=(OrderKind.OPEN, OrderKind.OPEN, OrderKind.RESERVE, OrderKind.DEPOSIT, OrderKind.RELEASE),
)
