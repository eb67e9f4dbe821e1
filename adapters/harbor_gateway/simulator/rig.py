"""The gateway's column of the conformance matrix: a box in its own network, and the cloud where it adds trouble."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from adapters.conformance import Act, Bench, Cell, End, Fault, Rig, Seen, Strike, Truth
from adapters.conformance.faults import NO_EVENTS, NO_FRAMES
from adapters.conformance.plays import Broken, sent
from adapters.conformance.strikes import FOR_EVER, act, away, calm, fault, skew
from adapters.harbor_gateway.adapter import VENDOR
from adapters.harbor_gateway.simulator.box import Box
from adapters.harbor_gateway.simulator.cloud import KEY, GatewayCloud
from adapters.harbor_gateway.simulator.world import GatewayWorld, plain_banks
from adapters.simulation import control
from app.devices.port import Connection, Door, FindsPlacements, OrderKind

BANK, UNIT = "HG-01", "3"
CLOUD = {"api": "cloud"}
_DOOR = {True: Door.OPEN, False: Door.CLOSED}


@asynccontextmanager
async def start(
    *, lockers: int = 8, api: str = "lan", key: str = KEY, limit: int = 120, keep: float = 5.0, **settings: object
) -> AsyncIterator[Bench]:
    """`keep`: seconds the cloud keeps a call before 202; `key`: what the adapter shows it."""
    world = GatewayWorld(plain_banks(2, lockers), attempt_seconds=0.1, gap_seconds=0.05)
    async with AsyncExitStack() as stack:
        app = Box(world, BANK).app()
        if api == "cloud":
            cloud = GatewayCloud(world, limit=limit, blocks=dict.fromkeys(("read", "write", "hardware"), keep))
            stack.push_async_callback(cloud.close)
            app = cloud.app()
        server = await stack.enter_async_context(control.Server(app))
        connection = Connection(
            id=uuid4(),
            vendor=VENDOR.name,
            base_url=server.url,
            settings={"api": api, "bank": BANK, "read_seconds": 1.0, **settings},
            secret={"api_key": key} if api == "cloud" else {},
        )
        adapter = VENDOR.connect(connection)
        stack.push_async_callback(adapter.close)
        yield Bench(
            adapter=adapter,
            connection=connection,
            world=world,
            bank=BANK,
            unit=UNIT,
            deadline=timedelta(seconds=0.8),
            effects=openings(world),
            truth=lambda: {str(locker.id): _truth(world, str(locker.id)) for locker in world.of(BANK)},
        )


def openings(world: GatewayWorld) -> Callable[[], Mapping[tuple[str, str], int]]:
    """Doors that sprang open by order: a second pulse to an open lock, from the vendor's own retries, moves nothing."""
    return lambda: {key: world.doors.at(*key).openings for key in world.doors}


def _truth(world: GatewayWorld, unit: str) -> Truth:
    door = world.doors.at(BANK, unit)
    return Truth(door=_DOOR[door.is_open], reserved=world.lockers[BANK, int(unit)].transaction is not None)


async def _raced(bench: Bench) -> Seen:
    """Two reservations, one locker left of the type: one gets it, the other is refused."""
    _fill(bench.world, but=UNIT)
    orders = [bench.order(OrderKind.RESERVE, reference=f"r-{n}") for n in range(2)]
    ends = [seen.end for seen in await asyncio.gather(*(sent(bench, order) for order in orders))]
    if sorted(ends) != sorted((End.ACCEPTED, End.REFUSED)):
        raise Broken(f"of two reservations of one locker came {', '.join(ends)}")
    return Seen(End.REFUSED)


async def _full(bench: Bench) -> Seen:
    _fill(bench.world)
    return await sent(bench, bench.order(OrderKind.RESERVE, reference="r-1"))


async def _found_again(bench: Bench) -> Seen:
    """The answer to a reservation was lost each time; asked again it names the same locker, and only one is taken."""
    first = await sent(bench, bench.order(OrderKind.RESERVE, reference="r-1"))
    held = [locker.id for locker in bench.world.of(BANK) if locker.transaction]
    assert isinstance(bench.adapter, FindsPlacements)
    if len(held) != 1 or await bench.adapter.find_placement(BANK, "r-1") != str(held[0]):
        raise Broken(f"after a reservation whose answer was lost {held} are taken")
    return first


def _fill(world: GatewayWorld, but: str = "") -> None:
    for locker in world.of(BANK):
        if str(locker.id) != but:
            world.set_unit(BANK, str(locker.id), {"transactionId": f"other-{locker.id}"})


def order(what: Fault, end: End, effects: int, strike: Strike, how: str = "", **more: Any) -> Cell:
    return Cell(what, Act.ORDER, end, effects, strike, how, **more)


def read(what: Fault, end: End, strike: Strike, how: str = "", **more: Any) -> Cell:
    return Cell(what, Act.READ, end, 0, strike, how, **more)


def opening(kind: str, **more: object) -> Strike:
    return fault(kind, "locker_open", **more)


def reading(kind: str, **more: object) -> Strike:
    return fault(kind, "lockers", **more)


ORDERS = (
    Cell(Fault.NOTHING_WRONG, Act.ORDER, End.OPENED, 1),
    Cell(Fault.NOTHING_WRONG, Act.ORDER, End.OPENED, 1, how="cloud", settings=CLOUD),
    order(Fault.JAMMED_DOOR, End.REFUSED, 0, act("jam", BANK, UNIT)),
    order(Fault.OPEN_ALREADY, End.OPENED, 0, act("open", BANK, UNIT)),
    order(Fault.HALF_OPEN, End.OPENED, 1, act("hold", BANK, UNIT)),
    order(Fault.BOUNCING_SWITCH, End.ACCEPTED, 1, act("bounce", BANK, UNIT, 1)),
    order(Fault.OUT_OF_SERVICE, End.OPENED, 1, lambda world: world.set_unit(BANK, UNIT, {"outOfService": True})),
    order(Fault.VENDOR_AWAY, End.UNCONFIRMED, 0, away()),
    order(Fault.LINE_CUT, End.UNCONFIRMED, 0, away("reset")),
    order(Fault.NO_ANSWER, End.UNCONFIRMED, 0, opening("hang")),
    order(Fault.LOST_COMMAND, End.OPENED, 1, fault("board_silent", "board"), "behind the gateway, once"),
    order(Fault.LOST_COMMAND, End.UNCONFIRMED, 0, fault("board_silent", "board", times=3), "behind the gateway"),
    order(Fault.ANSWER_LOST, End.OPENED, 1, fault("board_lost", "board"), "behind the gateway, once"),
    order(Fault.ANSWER_LOST, End.UNCONFIRMED, 1, fault("board_lost", "board", times=3), "behind the gateway"),
    order(Fault.ANSWER_LOST, End.UNCONFIRMED, 1, opening("lost")),
    order(Fault.QUIET_SPELL, End.UNCONFIRMED, 1, opening("lost", times=3)),
    order(Fault.LATE_ANSWER, End.OPENED, 1, opening("latency", ms=200)),
    order(Fault.LATE_ANSWER, End.OPENED, 1, opening("latency", ms=100), "202", settings={**CLOUD, "wait_seconds": 0}),
    order(Fault.EFFECT_LATE, End.UNCONFIRMED, 1, opening("latency", ms=1300), after=1.0),
    order(Fault.SLOW_DRIP, End.UNCONFIRMED, 1, opening("drip", ms=100)),
    order(Fault.RESET_BEFORE, End.UNCONFIRMED, 0, opening("reset")),
    order(Fault.RESET_AFTER, End.UNCONFIRMED, 1, opening("reset_after")),
    order(Fault.RESET_MID, End.UNCONFIRMED, 1, opening("reset_mid")),
    order(Fault.TRUNCATED, End.UNCONFIRMED, 1, opening("truncated")),
    order(Fault.MALFORMED, End.UNCONFIRMED, 1, opening("malformed")),
    order(Fault.WRONG_SHAPE, End.UNCONFIRMED, 1, opening("wrong_shape")),
    order(Fault.HUGE, End.UNCONFIRMED, 1, opening("huge")),
    order(Fault.WRONG_DOOR, End.UNCONFIRMED, 1, opening("swap", word="lockerId")),
    order(Fault.SERVER_ERROR, End.UNCONFIRMED, 0, opening("status", status=500)),
    order(Fault.SERVER_ERROR_AFTER, End.UNCONFIRMED, 1, opening("status_after", status=500)),
    order(Fault.UNAVAILABLE, End.UNCONFIRMED, 1, opening("status_after", status=503)),
    order(Fault.REDIRECT, End.UNCONFIRMED, 0, opening("status", status=307)),
    order(Fault.REFUSED, End.REFUSED, 0, opening("status", status=400)),
    order(Fault.NOT_FOUND, End.REFUSED, 0, opening("status", status=404)),
    order(Fault.SLOW_DOWN, End.UNREACHABLE, 0, opening("status", status=429), settings=CLOUD),
    order(Fault.TOKEN_REFUSED_ONCE, End.AUTH_FAILED, 0, opening("reject_token"), settings=CLOUD),
    order(Fault.TOKEN_REFUSED, End.AUTH_FAILED, 0, opening("reject_token", times=2), settings=CLOUD),
    Cell(Fault.CREDENTIALS_REFUSED, Act.ORDER, End.AUTH_FAILED, settings={**CLOUD, "key": "hgwm_" + "6" * 64}),
    order(Fault.CLOCK_SKEW, End.OPENED, 1, skew(2), "ahead"),
    order(Fault.CLOCK_SKEW, End.OPENED, 1, skew(-2), "behind"),
    Cell(Fault.SAME_ORDER_TWICE, Act.TWICE, End.OPENED, 1),
    Cell(Fault.POWER_LOSS, Act.POWER, End.UNCONFIRMED, 1, away("reset")),
)
READS = (
    read(Fault.VENDOR_AWAY, End.UNREACHABLE, away()),
    read(Fault.SERVER_ERROR, End.READ, reading("status"), "once"),
    read(Fault.SERVER_ERROR, End.UNREACHABLE, reading("status", times=FOR_EVER), "for ever"),
    read(Fault.SLOW_DOWN, End.UNREACHABLE, reading("status", status=429), settings=CLOUD),
    Cell(Fault.SLOW_DOWN, Act.READ, End.UNREACHABLE, how="limit of the key", settings={**CLOUD, "limit": 1}),
    read(Fault.NOT_FOUND, End.REFUSED, reading("status", status=404)),
    read(Fault.RESET_BEFORE, End.READ, reading("reset"), "once"),
    read(Fault.RESET_BEFORE, End.UNREACHABLE, reading("reset", times=FOR_EVER), "for ever"),
    read(Fault.RESET_MID, End.READ, reading("reset_mid")),
    read(Fault.NO_ANSWER, End.UNREACHABLE, reading("hang")),
    read(Fault.SLOW_DRIP, End.UNREACHABLE, reading("drip", ms=200)),
    read(Fault.MALFORMED, End.CONTRACT_BROKEN, reading("malformed")),
    read(Fault.TRUNCATED, End.CONTRACT_BROKEN, reading("truncated")),
    read(Fault.WRONG_SHAPE, End.CONTRACT_BROKEN, fault("wrong_shape", "transactions")),
    read(Fault.HUGE, End.CONTRACT_BROKEN, reading("huge")),
    read(Fault.FORCED_OPEN, End.READ, act("force", BANK, UNIT)),
    read(Fault.OPEN_ALREADY, End.READ, act("open", BANK, UNIT)),
    read(Fault.TOKEN_REFUSED, End.AUTH_FAILED, reading("reject_token"), settings=CLOUD),
    read(Fault.UNKNOWN_STATUS, End.UNMAPPED, lambda world: world.set_unit(BANK, "2", {"lockerType": "gigantic"})),
    read(Fault.OUT_OF_SERVICE, End.READ, lambda world: world.set_unit(BANK, "2", {"operational": False})),
)
BOOKS = (
    Cell(Fault.LAST_UNIT_RACED, Act.BOOKS, End.REFUSED, play=_raced),
    Cell(Fault.BANK_FULL, Act.BOOKS, End.REFUSED, play=_full),
    Cell(Fault.ANSWER_LOST, Act.BOOKS, End.ACCEPTED, 0, fault("reset_after", "create"), play=_found_again),
)
NO_LOGIN = "a key of the cloud has no life of its own and needs no service"

RIG = Rig(
    vendor=VENDOR.name,
    start=start,
    cells=(*ORDERS, *READS, *BOOKS),
    impossible={
        **NO_FRAMES,
        **NO_EVENTS,
        Fault.TOKEN_EXPIRED: NO_LOGIN,
        Fault.TOKEN_SERVICE_DOWN: NO_LOGIN,
        Fault.PARTIAL_FREE: "parcels are not tracked; a transaction is one locker",
    },
    luck=tuple(
        fault(kind, where, ms=ms)
        for where in ("locker_open", "lockers", "transactions")
        for kind, ms in (("lost", 0), ("reset", 0), ("reset_after", 0), ("malformed", 0), ("latency", 100))
    ),
    calm=calm,
)
