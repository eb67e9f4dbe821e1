"""`python -m tests.bench.faults`: the whole table, at full size; about half an hour on two cores."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

import asyncpg

from app.kit.embedded import Dsns, EmbeddedPostgres
from app.kit.roles import OWNER, database_statements
from migrations import run as migrations
from tests.bench.faults import cells

ROOT = Path(__file__).resolve().parents[3] / "var" / "faults"


def main() -> int:
    """0 when every promise was kept in every cell."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.faults", description=__doc__)
    parser.add_argument("--commands", type=int, default=1000, help="orders in each cell")
    parser.add_argument("--banks", type=int, default=50, help="banks that work side by side")
    parser.add_argument("--only", default="", help="a part of `vendor order fault`")
    parser.add_argument("--into", type=Path, help="a file to write the rows to, one JSON object a line")
    options = parser.parse_args()
    server = EmbeddedPostgres(ROOT, durable=False)
    dsns = server.start()
    kept = True
    try:
        migrations.upgrade(dsns.owner)
        for number, cell in enumerate(cells.matrix(options.commands, options.banks)):
            if options.only not in cell.name:
                continue
            outcome = asyncio.run(_run(cell, dsns, f"cell_{number}"))
            kept = kept and outcome.kept
            line = json.dumps({"kept": outcome.kept, **outcome.row()})
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
            if options.into:
                with options.into.open("a") as file:
                    file.write(line + "\n")
    finally:
        server.stop()
    return 0 if kept else 1


async def _run(cell: cells.Cell, dsns: Dsns, name: str) -> cells.Outcome:
    """On a fresh copy of the database."""
    own = dsns.of(name)
    server = await asyncpg.connect(dsns.of("postgres").admin)
    try:
        await server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await server.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE lockyard")
        admin = await asyncpg.connect(own.admin)
        for statement in database_statements(name):
            await admin.execute(statement)
        await admin.close()
        try:
            return await cells.run(cell, own)
        finally:
            await server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await server.close()


if __name__ == "__main__":
    raise SystemExit(main())
