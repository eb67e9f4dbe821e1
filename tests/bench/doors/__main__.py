"""`python -m tests.bench.doors`: openings while banks are installed anew with other numbers, counted at the doors."""

import argparse
import asyncio
import json
import shutil
import sys
from pathlib import Path

import stamina.instrumentation

from app.kit.embedded import EmbeddedPostgres
from migrations import run as migrations
from tests.bench.doors import run

ROOT = Path(__file__).resolve().parents[3] / "var" / "doors"


def main() -> int:
    """0 when no wrong door was opened."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.doors", description=__doc__)
    parser.add_argument("--openings", type=int, default=100_000, help="how many are asked for")
    parser.add_argument("--banks", type=int, default=40, help="banks that work side by side")
    parser.add_argument("--minutes", type=float, default=10.0, help="ends then, however many there were")
    options = parser.parse_args()
    # Banks of an earlier run would be looked for.
    shutil.rmtree(ROOT, ignore_errors=True)
    server = EmbeddedPostgres(ROOT, durable=False)
    dsns = server.start()
    # Every reading that is tried again would be a line.
    stamina.instrumentation.set_on_retry_hooks(())
    try:
        migrations.upgrade(dsns.owner)
        outcome = asyncio.run(run.run(dsns, options.openings, options.banks, options.minutes * 60))
    finally:
        server.stop()
    sys.stdout.write(json.dumps(outcome.row()) + "\n")
    return 0 if outcome.kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
