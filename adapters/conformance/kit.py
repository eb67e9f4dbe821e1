"""Finds the rigs, completes their cells, plays one cell and says what was wrong."""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module, util
from importlib.metadata import entry_points

from adapters import registry
from adapters.conformance.cells import Act, Cell, End, Seen, unlawful
from adapters.conformance.faults import UNAVOIDABLE, Fault
from adapters.conformance.plays import PLAYS, Broken, moved
from adapters.conformance.rig import Bench, Rig
from app.devices.port import DeviceError

ENTRY_POINTS = "lockyard.rigs"

# The same at every vendor; a rig's own cell for the same fault and act takes its place.
EVERYWHERE = (
    Cell(Fault.UNKNOWN_UNIT, Act.ORDER, End.REFUSED),
    Cell(Fault.UNKNOWN_BANK, Act.READ, End.REFUSED),
    Cell(Fault.NOBODY_LISTENS, Act.ORDER, End.UNREACHABLE),
    Cell(Fault.NOBODY_LISTENS, Act.READ, End.UNREACHABLE),
    Cell(Fault.NOTHING_WRONG, Act.READ, End.READ),
)


@cache
def rigs() -> Mapping[str, Rig]:
    """Vendor -> its rig: `simulator/rig.py` beside an adapter of ours, then what installed packages publish."""
    known: dict[str, Rig] = {}
    for vendor in registry.OWN:
        folder = vendor.connect.__module__.removesuffix(".adapter")
        if util.find_spec(f"{folder}.simulator.rig"):
            known[vendor.name] = import_module(f"{folder}.simulator.rig").RIG
    for point in entry_points(group=ENTRY_POINTS):
        rig = point.load()
        if not isinstance(rig, Rig):
            raise TypeError(f"entry point {point.name!r} of {ENTRY_POINTS} is not a Rig")
        if rig.vendor in known:
            raise ValueError(f"two packages publish a rig for {rig.vendor!r}")
        known[rig.vendor] = rig
    return known


def cells(rig: Rig) -> tuple[Cell, ...]:
    """The rig's column, with what is the same everywhere."""
    own = {(cell.fault, cell.act) for cell in rig.cells}
    return (*(cell for cell in EVERYWHERE if (cell.fault, cell.act) not in own), *rig.cells)


def gaps(rig: Rig) -> tuple[str, ...]:
    """What keeps the column from being whole and honest, one sentence each."""
    column = cells(rig)
    tried = {cell.fault for cell in column}
    names = [str(cell) for cell in column]
    return (
        *(
            f"{fault.name} is neither tried nor said to be impossible"
            for fault in Fault
            if fault not in tried | rig.impossible.keys()
        ),
        *(f"{fault.name} is tried and said to be impossible" for fault in rig.impossible if fault in tried),
        *(f"{fault.name} is met by every adapter" for fault in rig.impossible if fault in UNAVOIDABLE),
        *(f"{cell}: {why}" for cell in column if (why := unlawful(cell))),
        *(f"two cells are called {name}" for name in sorted({name for name in names if names.count(name) > 1})),
    )


async def run(rig: Rig, cell: Cell) -> tuple[str, ...]:
    """Play one cell on a fresh bench. What was wrong, one sentence each; empty when all was as it must be."""
    async with rig.start(**cell.settings) as bench:
        before_here, before_elsewhere = bench.here(), bench.elsewhere()
        if cell.strike:
            cell.strike(bench.world)
        try:
            seen = await _played(rig, bench, cell)
        except Broken as broken:
            return (str(broken),)
        await asyncio.sleep(cell.after)
        here, elsewhere = bench.here() - before_here, bench.elsewhere() - before_elsewhere
        count = seen.heard if cell.act is Act.HEAR else here
        return (
            *([f"ended {seen.end}, must end {cell.end}: {' / '.join(seen.texts)}"] if seen.end is not cell.end else []),
            *([f"counted {count}, must be {cell.effects}"] if count != cell.effects else []),
            *([f"{elsewhere} elsewhere, must be {cell.elsewhere}"] if elsewhere != cell.elsewhere else []),
            *(["a secret was told"] if _told_secret(bench, seen) else []),
        )


async def _played(rig: Rig, bench: Bench, cell: Cell) -> Seen:
    if cell.play:
        return await cell.play(bench)
    if cell.fault is not Fault.NOBODY_LISTENS:
        return await PLAYS[cell.act](rig, bench, cell)
    lost = moved(bench, nowhere(bench.connection.base_url))
    lost = replace(lost, adapter=registry.connect(lost.connection))
    try:
        return await PLAYS[cell.act](rig, lost, cell)
    finally:
        await lost.adapter.close()


def nowhere(address: str) -> str:
    """The same kind of address, at a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return f"{address.partition('://')[0]}://127.0.0.1:{port}"


def _told_secret(bench: Bench, seen: Seen) -> bool:
    said = " ".join((*seen.texts, repr(bench.connection)))
    return any(secret in said for secret in bench.connection.secret.values() if len(secret) > 5)


async def faults_of(rig: Rig) -> Mapping[str, tuple[str, ...]]:
    """Every cell of a rig -> what was wrong."""
    found: dict[str, tuple[str, ...]] = {}
    for cell in cells(rig):
        try:
            found[str(cell)] = await run(rig, cell)
        except DeviceError as error:
            found[str(cell)] = (f"{type(error).__name__} came out of the rig: {error.detail}",)
    return found
