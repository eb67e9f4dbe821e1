"""Harbor's column of the conformance matrix."""

import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from adapters.conformance import Act, Bench, Cell, End, Fault, Rig, Seen, Strike, Truth
from adapters.conformance.faults import NO_FRAMES, NO_SENSOR
from adapters.conformance.plays import Broken, sent
from adapters.conformance.strikes import FOR_EVER, away, calm, fault, skew
from adapters.harbor.adapter import VENDOR, receive
from adapters.harbor.simulator import phone
from adapters.harbor.simulator.books import DECLINED, OCCUPIED, OUT_OF_SERVICE, RENTED, RESERVED, plain_towers
from adapters.harbor.simulator.cloud import CLIENT, HEADER, HarborCloud
from adapters.harbor.simulator.world import HarborWorld
from adapters.simulation import control
from app.devices.port import AccessKind, Connection, DeviceError, OrderKind, Pushed

TOWER, LOCKER, OTHER = "01000000ab000001", "1003", "1002"
SECRET = "a secret of both"  # noqa: S105 - of the simulator
WORDS = {"available", RESERVED, RENTED, OCCUPIED, DECLINED}


@asynccontextmanager
async def start(*, expires_in: int = 300, **settings: object) -> AsyncIterator[Bench]:
    world = HarborWorld(plain_towers(2, 8, TOWER[:10]))
    async with control.Server(HarborCloud(world, expires_in=expires_in).app()) as server:
        connection = Connection(
            id=uuid4(),
            vendor=VENDOR.name,
            base_url=server.url,
            settings={"read_seconds": 1.0, **settings},
            secret={"client_id": CLIENT[0], "client_secret": CLIENT[1], "webhook_secret": SECRET},
        )
        adapter = VENDOR.connect(connection)
        try:
            yield Bench(
                adapter=adapter,
                connection=connection,
                world=world,
                bank=TOWER,
                unit=LOCKER,
                deadline=timedelta(seconds=0.5),
                effects=lambda: dict(world.pairs),
                truth=lambda: {each.id: _truth(each.status) for each in world.of(TOWER)},
                kind=OrderKind.ISSUE_ACCESS,
                fields={"access": AccessKind.DEPOSIT},
            )
        finally:
            await adapter.close()


def _truth(status: str) -> Truth:
    if status not in WORDS:
        return Truth()
    return Truth(reserved=status in {RESERVED, RENTED, DECLINED}, occupied=status == OCCUPIED)


async def _token_runs_out(bench: Bench) -> Seen:
    await bench.adapter.read_bank(bench.bank)
    bench.world.clock.advance(3600)
    return await sent(bench, bench.order())


async def _full(bench: Bench) -> Seen:
    for unit in bench.truth():
        bench.world.set_unit(bench.bank, unit, {"status": "rented", "owner": "somebody"})
    return await sent(bench, bench.order(OrderKind.RESERVE))


def _heard(bench: Bench, bodies: list[dict[str, Any]], secret: str = SECRET) -> Seen:
    """What the adapter makes of posts: different events, in the order in which they happened."""
    found: list[Pushed] = []
    for each in bodies:
        body = json.dumps(each).encode()
        mark = hmac.digest(secret.encode(), body, "sha256").hex()
        try:
            found += receive(bench.connection, {HEADER.lower(): mark}, body)
        except DeviceError as error:
            return Seen(End.REFUSED, (error.detail,))
    return Seen(End.HEARD, heard=len({each.key for each in found}))


async def _used(bench: Bench) -> list[dict[str, Any]]:
    """A parcel goes in and comes out, and what the cloud posts of it."""
    for kind in (AccessKind.DEPOSIT, AccessKind.PICKUP):
        access = (await bench.adapter.send(bench.order(access=kind))).access
        if access is None:
            raise Broken("no access came with the receipt")
        said = phone.use(bench.world, {"tower": TOWER, "payload": access.payload, "payload_auth": access.payload_auth})
        if said["locker"] != LOCKER:
            raise Broken(f"the tower said: {said['why']}")
    return [event for event in bench.world.history if event["data"]["source"] == "LOCKER_TOKEN_USED"]


async def _twice_told(bench: Bench) -> Seen:
    events = await _used(bench)
    return _heard(bench, [*events, *events])


async def _backwards(bench: Bench) -> Seen:
    events = list(reversed(await _used(bench)))
    at = [event["data"]["timestamp"] for event in events]
    if at == sorted(at):
        raise Broken("they were in order")
    return _heard(bench, events)


async def _forged(bench: Bench) -> Seen:
    return _heard(bench, await _used(bench), "another secret")


async def _never_told(bench: Bench) -> Seen:
    """The books tell all the same."""
    events = await _used(bench)
    words = [unit.occupied for unit in (await bench.adapter.read_bank(TOWER)).units if unit.id == LOCKER]
    if len(events) != 2 or words != [False]:
        raise Broken(f"the books tell {words}")
    return Seen(End.HEARD)


async def _hours_late(bench: Bench) -> Seen:
    events = await _used(bench)
    bench.world.clock.advance(7200)
    return _heard(bench, events)


def order(what: Fault, end: End, effects: int, strike: Strike, how: str = "", **more: Any) -> Cell:
    return Cell(what, Act.ORDER, end, effects, strike, how, **more)


def read(what: Fault, end: End, strike: Strike, how: str = "") -> Cell:
    return Cell(what, Act.READ, end, 0, strike, how)


def issuing(kind: str, **more: object) -> Strike:
    return fault(kind, "dropoff-locker-tokens", **more)


def reading(kind: str, **more: object) -> Strike:
    return fault(kind, "bank", **more)


def token(kind: str, **more: object) -> Strike:
    return fault(kind, "token", **more)


def books(status: str, unit: str = LOCKER) -> Strike:
    return lambda world: world.set_unit(TOWER, unit, {"status": status})


ORDERS = (
    Cell(Fault.NOTHING_WRONG, Act.ORDER, End.ACCEPTED, 1),
    order(Fault.OUT_OF_SERVICE, End.REFUSED, 0, books(OUT_OF_SERVICE)),
    order(Fault.VENDOR_AWAY, End.UNREACHABLE, 0, away()),
    order(Fault.LINE_CUT, End.UNREACHABLE, 0, away("reset")),
    order(Fault.NO_ANSWER, End.UNCONFIRMED, 0, issuing("hang")),
    order(Fault.LOST_COMMAND, End.UNCONFIRMED, 0, issuing("hang")),
    order(Fault.ANSWER_LOST, End.UNCONFIRMED, 1, issuing("lost")),
    order(Fault.QUIET_SPELL, End.UNCONFIRMED, 1, issuing("lost", times=3)),
    order(Fault.LATE_ANSWER, End.ACCEPTED, 1, issuing("latency", ms=200)),
    order(Fault.EFFECT_LATE, End.UNCONFIRMED, 1, issuing("latency", ms=1000), after=1.0),
    order(Fault.SLOW_DRIP, End.UNCONFIRMED, 1, issuing("drip", ms=100)),
    order(Fault.RESET_BEFORE, End.UNCONFIRMED, 0, issuing("reset")),
    order(Fault.RESET_AFTER, End.UNCONFIRMED, 1, issuing("reset_after")),
    order(Fault.RESET_MID, End.UNCONFIRMED, 1, issuing("reset_mid")),
    order(Fault.TRUNCATED, End.UNCONFIRMED, 1, issuing("truncated")),
    order(Fault.MALFORMED, End.UNCONFIRMED, 1, issuing("malformed")),
    order(Fault.WRONG_SHAPE, End.UNCONFIRMED, 1, issuing("wrong_shape")),
    order(Fault.HUGE, End.UNCONFIRMED, 1, issuing("huge")),
    order(Fault.SERVER_ERROR, End.UNCONFIRMED, 0, issuing("status", status=500)),
    order(Fault.SERVER_ERROR_AFTER, End.UNCONFIRMED, 1, issuing("status_after", status=500)),
    order(Fault.UNAVAILABLE, End.UNCONFIRMED, 1, issuing("status_after", status=503)),
    order(Fault.REDIRECT, End.UNCONFIRMED, 0, issuing("status", status=307)),
    order(Fault.REFUSED, End.REFUSED, 0, issuing("status", status=400)),
    order(Fault.NOT_FOUND, End.REFUSED, 0, issuing("status", status=404)),
    order(Fault.SLOW_DOWN, End.UNREACHABLE, 0, issuing("status", status=429)),
    order(Fault.TOKEN_REFUSED_ONCE, End.ACCEPTED, 1, issuing("reject_token")),
    order(Fault.TOKEN_REFUSED, End.AUTH_FAILED, 0, issuing("reject_token", times=2)),
    Cell(Fault.TOKEN_EXPIRED, Act.ORDER, End.ACCEPTED, 1, play=_token_runs_out),
    order(Fault.CREDENTIALS_REFUSED, End.AUTH_FAILED, 0, token("status", status=401)),
    order(Fault.TOKEN_SERVICE_DOWN, End.UNREACHABLE, 0, token("hang"), "silent"),
    order(Fault.TOKEN_SERVICE_DOWN, End.UNREACHABLE, 0, token("status", status=500), "500"),
    order(Fault.TOKEN_SERVICE_DOWN, End.UNREACHABLE, 0, token("malformed"), "malformed"),
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
    read(Fault.RESET_MID, End.READ, reading("reset_mid")),
    read(Fault.NO_ANSWER, End.UNREACHABLE, reading("hang")),
    read(Fault.SLOW_DRIP, End.UNREACHABLE, reading("drip", ms=200)),
    read(Fault.MALFORMED, End.CONTRACT_BROKEN, reading("malformed")),
    read(Fault.TRUNCATED, End.CONTRACT_BROKEN, reading("truncated")),
    read(Fault.WRONG_SHAPE, End.UNMAPPED, reading("wrong_shape")),
    read(Fault.HUGE, End.CONTRACT_BROKEN, reading("huge")),
    read(Fault.TOKEN_REFUSED_ONCE, End.READ, reading("reject_token")),
    read(Fault.TOKEN_REFUSED, End.AUTH_FAILED, reading("reject_token", times=2)),
    read(Fault.UNKNOWN_STATUS, End.UNMAPPED, books("being cleaned", OTHER)),
    read(Fault.OUT_OF_SERVICE, End.READ, books(OUT_OF_SERVICE, OTHER)),
    read(Fault.WRONG_DOOR, End.CONTRACT_BROKEN, lambda world: world.rename(TOWER, LOCKER), "a locker of another tower"),
)
BOOKS = (
    Cell(Fault.LAST_UNIT_RACED, Act.RACE, End.REFUSED),
    Cell(Fault.BANK_FULL, Act.BOOKS, End.REFUSED, play=_full),
)
EVENTS = (
    Cell(Fault.DUPLICATE_EVENT, Act.HEAR, End.HEARD, 2, play=_twice_told),
    Cell(Fault.EVENTS_OUT_OF_ORDER, Act.HEAR, End.HEARD, 2, play=_backwards),
    Cell(Fault.FORGED_EVENT, Act.HEAR, End.REFUSED, play=_forged),
    Cell(Fault.LOST_EVENT, Act.HEAR, End.HEARD, play=_never_told),
    Cell(Fault.LATE_EVENT, Act.HEAR, End.HEARD, 2, play=_hours_late),
)
LUCK = tuple(
    fault(kind, where, ms=ms)
    for where in ("dropoff-locker-tokens", "reserve", "release", "bank", "token")
    for kind, ms in (("lost", 0), ("reset", 0), ("reset_after", 0), ("malformed", 0), ("latency", 100))
)
RIG = Rig(
    vendor=VENDOR.name,
    start=start,
    cells=(*ORDERS, *READS, *BOOKS, *EVENTS),
    impossible={
        **NO_FRAMES,
        **NO_SENSOR,
        Fault.JAMMED_DOOR: "no order of ours moves a door",
        Fault.PARTIAL_FREE: "a locker is one parcel's",
    },
    luck=LUCK,
    calm=calm,
    kinds=(OrderKind.ISSUE_ACCESS, OrderKind.ISSUE_ACCESS, OrderKind.RESERVE, OrderKind.RELEASE),
)
