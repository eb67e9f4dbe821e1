"""How each act is tried: what the kit does with adapter and simulator while the fault is there."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from adapters.conformance.cells import DONE, Act, Cell, End, Seen, end_of
from adapters.conformance.faults import Fault
from adapters.conformance.rig import Bench, Rig
from app.devices.port import BankState, DeviceError, Door, Order, OrderKind, Unit

# What a deadline may be missed by on a busy machine.
SLACK_SECONDS = 3.0
BACK_SECONDS = 20.0

Play = Callable[[Rig, Bench, Cell], Awaitable[Seen]]


class Broken(AssertionError):  # noqa: N818 - says what happened
    """The adapter broke a promise that every adapter gives."""


async def sent(bench: Bench, order: Order) -> Seen:
    """What came of one order. A deadline that is not kept is a broken promise."""
    begun = time.monotonic()
    try:
        receipt = await bench.adapter.send(order)
        seen = Seen(end_of(receipt.outcome), (receipt.detail,), released=receipt.released)
    except DeviceError as error:
        seen = Seen(end_of(error), (error.detail, str(error)))
    over = time.monotonic() - begun - order.deadline.total_seconds()
    if over > SLACK_SECONDS:
        raise Broken(f"the order took {over:.1f} s more than its deadline")
    return seen


async def read(bench: Bench, bank: str | None = None, *, whole: bool = False) -> Seen:
    """`whole`: nothing is wrong, so everything that the hardware knows must be told."""
    try:
        state = await bench.adapter.read_bank(bank or bench.bank)
    except DeviceError as error:
        return Seen(end_of(error), (error.detail, str(error)))
    check_reading(bench, state, whole=whole)
    return Seen(End.UNMAPPED if state.unmapped else End.READ, tuple(each.what for each in state.unmapped))


def check_reading(bench: Bench, state: BankState, *, whole: bool = False) -> None:
    """Nothing is told of a unit that is not so; not knowing is no lie, but where nothing keeps one from it."""
    truth, told_of = bench.truth(), {unit.id for unit in state.units}
    if strange := told_of - truth.keys():
        raise Broken(f"units that are not there: {sorted(strange)}")
    if whole and (missing := truth.keys() - told_of):
        raise Broken(f"units that are not told of: {sorted(missing)}")
    for unit in state.units:
        for what, told, is_so in _told(unit, bench):
            unsaid = told is None and not whole
            if not unsaid and is_so is not None and told != is_so:
                raise Broken(f"unit {unit.id}: {what} is told as {told} and is {is_so}")


def _told(unit: Unit, bench: Bench) -> tuple[tuple[str, object, object], ...]:
    truth = bench.truth()[unit.id]
    door = None if unit.door is Door.UNKNOWN else unit.door
    return (
        ("door", door, truth.door),
        ("reserved", unit.reserved, truth.reserved),
        ("occupied", unit.occupied, truth.occupied),
    )


async def _order(_: Rig, bench: Bench, cell: Cell) -> Seen:
    unit = "no-such-unit" if cell.fault is Fault.UNKNOWN_UNIT else bench.unit
    order = bench.order(unit=unit)
    seen = await sent(bench, order)
    if seen.end is End.UNCONFIRMED:
        before = bench.here()
        again = await sent(bench, order)
        # What is late may come meanwhile; what is asked again may not.
        if again.end in DONE or (not cell.after and bench.here() != before):
            raise Broken("an order that was sent before was sent again")
    return seen


async def _read(_: Rig, bench: Bench, cell: Cell) -> Seen:
    bank = "no-such-bank" if cell.fault is Fault.UNKNOWN_BANK else None
    return await read(bench, bank, whole=cell.fault is Fault.NOTHING_WRONG)


async def _twice(_: Rig, bench: Bench, __: Cell) -> Seen:
    order = bench.order()
    first, second = await asyncio.gather(sent(bench, order), sent(bench, order))
    return first if first.end in DONE else second


async def _race(_: Rig, bench: Bench, __: Cell) -> Seen:
    """Two parcels, one unit: one is taken and the other refused."""
    ends = await asyncio.gather(*(sent(bench, bench.order(OrderKind.RESERVE)) for _ in range(2)))
    if [end.end in DONE for end in ends].count(True) != 1:
        raise Broken(f"of two reservations of one unit came {', '.join(seen.end for seen in ends)}")
    return next(seen for seen in ends if seen.end not in DONE)


async def _power(rig: Rig, bench: Bench, _: Cell) -> Seen:
    """Away, then back: nothing has to be started anew, and the next order acts."""
    if rig.calm is None:
        raise Broken("a rig without `calm` cannot come back")
    seen = await sent(bench, bench.order())
    rig.calm(bench.world)
    until = time.monotonic() + BACK_SECONDS
    while (await read(bench)).end not in {End.READ, End.UNMAPPED}:
        if time.monotonic() > until:
            raise Broken(f"still unreadable {BACK_SECONDS:g} s after the power came back")
        await asyncio.sleep(0.2)
    after = await sent(bench, bench.order())
    if after.end not in DONE:
        raise Broken(f"after the power came back an order ended {after.end}")
    return Seen(seen.end, seen.texts + after.texts)


async def _own(_: Rig, __: Bench, cell: Cell) -> Seen:
    raise Broken(f"{cell} must bring its own play")


PLAYS: Mapping[Act, Play] = {
    Act.ORDER: _order,
    Act.READ: _read,
    Act.TWICE: _twice,
    Act.RACE: _race,
    Act.POWER: _power,
    Act.BOOKS: _own,
    Act.HEAR: _own,
}


def moved(bench: Bench, address: str) -> Bench:
    """The same bench with its connection at another address; whoever calls it makes and closes the adapter."""
    return replace(bench, connection=replace(bench.connection, base_url=address))
