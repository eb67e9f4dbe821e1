"""Orders drawn at random under bad luck drawn at random: at most one effect each, no lie, and reading back settles."""

import asyncio
import random
import time

from adapters.conformance.cells import DONE, NOTHING_DONE, End, Seen
from adapters.conformance.plays import BACK_SECONDS, Broken, read, sent
from adapters.conformance.rig import Bench, Rig
from app.devices.port import OrderKind, ParcelRef

SEEDS = (1, 2)
STEPS = 14


async def play(rig: Rig, seed: int) -> list[str]:
    """What was wrong, one sentence each. The same seed draws the same history."""
    luck = random.Random(seed)  # noqa: S311 - not a secret
    return await history(rig, [(luck.randrange(1 << 16), luck.random() < 0.6) for _ in range(STEPS)])


async def history(rig: Rig, steps: list[tuple[int, bool]]) -> list[str]:
    """Each step is one order at a drawn unit; the flag says whether bad luck strikes first."""
    wrong: list[str] = []
    async with rig.start() as bench:
        units = sorted(bench.truth())
        allowed: dict[str, int] = {}
        for draw, unlucky in steps:
            unit = units[draw % len(units)]
            if unlucky:
                rig.luck[draw // 7 % len(rig.luck)](bench.world)
            try:
                wrong += await _step(rig, bench, unit, draw, allowed)
            except Broken as broken:
                wrong.append(str(broken))
        wrong += await _settled(rig, bench, allowed)
    return wrong


async def _step(rig: Rig, bench: Bench, unit: str, draw: int, allowed: dict[str, int]) -> list[str]:
    """`allowed`: unit -> how many effects its orders may have had so far."""
    kind = rig.kinds[draw // 3 % len(rig.kinds)]
    before = bench.effects()
    # One parcel a unit, so that a release names what was reserved there before.
    some = {} if kind is OrderKind.OPEN else {"parcels": (ParcelRef(f"T-{unit}"),)}
    seen = await sent(bench, bench.order(kind, unit=unit, **some))
    if kind is not bench.kind:
        return _book_lies(bench, unit, kind, seen)
    if seen.end not in NOTHING_DONE:
        allowed[unit] = allowed.get(unit, 0) + 1
    return _lies(bench, unit, seen, before.get((bench.bank, unit), 0))


def _lies(bench: Bench, unit: str, seen: Seen, before: int) -> list[str]:
    done = bench.effects().get((bench.bank, unit), 0) - before
    if seen.end is End.OPENED and not done:
        truth = bench.truth()[unit].door
        return (
            [] if truth is not None and truth.value == "OPEN" else [f"{unit}: opened, said the adapter; nothing moved"]
        )
    if seen.end is End.ACCEPTED and not done:
        return [f"{unit}: accepted, said the adapter; nothing reached the device"]
    if seen.end in NOTHING_DONE and done:
        return [f"{unit}: {seen.end}, said the adapter; the device acted"]
    return []


def _book_lies(bench: Bench, unit: str, kind: OrderKind, seen: Seen) -> list[str]:
    """What was accepted stands in the vendor's books. A release that says it is not over yet promises no free unit."""
    truth = bench.truth()[unit]
    over = truth.reserved is not None and seen.released is not False
    so = {
        OrderKind.RESERVE: truth.reserved,
        OrderKind.DEPOSIT: truth.occupied,
        OrderKind.RELEASE: not truth.reserved if over else None,
    }.get(kind)
    lied = seen.end in DONE and so is False
    return [f"{unit}: {kind.value.lower()} accepted, said the adapter; the books say otherwise"] if lied else []


async def _settled(rig: Rig, bench: Bench, allowed: dict[str, int]) -> list[str]:
    if rig.calm is not None:
        rig.calm(bench.world)
    until = time.monotonic() + BACK_SECONDS
    while (seen := await read(bench)).end not in {End.READ, End.UNMAPPED}:
        if time.monotonic() > until:
            return [f"nothing can be read after the faults are over: {' '.join(seen.texts)}"]
        await asyncio.sleep(0.25)
    return [
        f"{unit} of {bank} acted {count} times for {allowed.get(unit, 0)} orders"
        for (bank, unit), count in bench.effects().items()
        if count > (allowed.get(unit, 0) if bank == bench.bank else 0)
    ]
