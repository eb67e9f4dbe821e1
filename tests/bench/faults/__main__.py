"""`python -m tests.bench.faults`: the whole table, at full size; hours on two cores, or as long as `--within` allows."""

import argparse
import asyncio
import json
import multiprocessing
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import asyncpg

from app.kit.embedded import Dsns, EmbeddedPostgres
from migrations import run as migrations
from tests.bench.faults import apart, cells, table

ROOT = Path(__file__).resolve().parents[3] / "var" / "faults"
CONNECTIONS = 400


def main() -> int:
    """0 when every promise was kept in every cell that was tried."""
    given = _given()
    chosen = [cell for cell in cells.matrix(given.commands, given.banks) if _wanted(cell, given.only)]
    server = EmbeddedPostgres(ROOT, durable=False)
    dsns = server.start()
    if asyncio.run(_widened(dsns)):
        server.stop()
        dsns = server.start()
    try:
        migrations.upgrade(dsns.owner)
        found: dict[str, cells.Outcome] = {}
        broken: list[str] = []
        for outcome in _tried(chosen, dsns, given.side_by_side, time.monotonic() + given.within * 60, broken):
            found[outcome.cell.name] = outcome
            _tell(outcome, given.into)
    finally:
        server.stop()
    if given.markdown:
        sys.stdout.write(table.markdown(found[cell.name] for cell in chosen if cell.name in found))
        sys.stdout.write("\n" + table.reasons())
    left = [cell.name for cell in chosen if cell.name not in found]
    if left:
        sys.stderr.write(f"not tried, or not to the end: {', '.join(left)}\n")
    return 0 if found and all(outcome.kept for outcome in found.values()) and not broken else 1


async def _widened(dsns: Dsns) -> bool:
    """Every order that waits to die holds a connection. True where more will be allowed when the server starts anew."""
    server = await asyncpg.connect(dsns.of("postgres").admin)
    try:
        if int(await server.fetchval("SHOW max_connections")) == CONNECTIONS:
            return False
        await server.execute(f"ALTER SYSTEM SET max_connections = {CONNECTIONS}")
        return True
    finally:
        await server.close()


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.faults", description=__doc__)
    parser.add_argument("--commands", type=int, default=1000, help="orders in each cell")
    parser.add_argument("--banks", type=int, default=50, help="banks that work side by side")
    parser.add_argument("--only", action="append", default=[], help="a part of `vendor order fault`; may be repeated")
    parser.add_argument("--within", type=float, default=24 * 60, help="minutes after which no cell is begun any more")
    parser.add_argument("--side-by-side", type=int, default=1, help="cells at a time; most of a cell is waiting")
    parser.add_argument("--markdown", action="store_true", help="print the table for docs/reliability.md in the end")
    parser.add_argument("--into", type=Path, help="a file to write the rows to, one JSON object a line")
    return parser.parse_args()


def _wanted(cell: cells.Cell, only: list[str]) -> bool:
    return not only or any(part in cell.name for part in only)


def _tried(
    chosen: list[cells.Cell], dsns: Dsns, at_once: int, until: float, broken: list[str]
) -> Iterator[cells.Outcome]:
    """Each in a process of its own: a cell's simulators share one loop, and must not share it with another's.

    `broken`: filled with what kept a cell from coming to its end.
    """
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(at_once, mp_context=fresh) as pool:
        tries = [pool.submit(apart.attempt, cell, dsns, f"cell_{number}", until) for number, cell in enumerate(chosen)]
        for ended in as_completed(tries):
            if ended.exception() is not None:
                broken.append(repr(ended.exception()))
                sys.stderr.write(f"a cell broke off: {broken[-1]}\n")
            elif (outcome := ended.result()) is not None:
                yield outcome


def _tell(outcome: cells.Outcome, into: Path | None) -> None:
    line = json.dumps({"kept": outcome.kept, **outcome.row()})
    sys.stderr.write(line + "\n")
    if into:
        with into.open("a") as file:
            file.write(line + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
