"""`python -m tests.bench.day`: 24 hours at 200 banks, 5 % of calls failing; ends with 0 when no difference is left."""

import argparse
import asyncio
import sys
import time
from pathlib import Path

from app.kit.embedded import EmbeddedPostgres
from tests.bench.day.run import Day, Outcome
from tests.bench.fresh import fresh

ROOT = Path(__file__).resolve().parents[3] / "var" / "day"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.day", description=__doc__)
    parser.add_argument("--banks", type=int, default=200)
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--step", type=float, default=10, help="minutes between two looks at what people do")
    parser.add_argument("--rate", type=float, default=0.25, help="reservations a bank and hour")
    parser.add_argument("--failing", type=float, default=0.05, help="share of calls that fail")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    day = Day(given.banks, given.hours, given.step, given.rate, given.failing, given.seed)
    server = EmbeddedPostgres(ROOT, durable=False)
    running = server.start()
    began = time.monotonic()
    try:
        dsns = fresh(running, "day")
        outcome = asyncio.run(day.live(dsns, lambda line: sys.stderr.write(f"{line}\n")))
    finally:
        server.stop()
    _say(outcome, time.monotonic() - began)
    return 1 if outcome.verdict.differences else 0


def _say(outcome: Outcome, seconds: float) -> None:
    for difference in outcome.verdict.differences[:40]:
        sys.stdout.write(f"difference: {difference}\n")
    acts = ", ".join(f"{count} {name}" for name, count in sorted(outcome.did.items()))
    banks = ", ".join(f"{count} {vendor}" for vendor, count in outcome.verdict.banks.items())
    sys.stdout.write(
        f"{banks}: "
        f"{len(outcome.verdict.differences)} differences after {outcome.verdict.commands} commands ({acts}); "
        f"{outcome.calls} calls, {outcome.failed / max(outcome.calls, 1):.1%} of them failed; "
        f"{outcome.verdict.asked} orders left to a person; "
        f"memory {', '.join(f'{each:.0f}' for each in outcome.memory)} MiB in the quarters of the day; "
        f"{seconds:.0f} s\n"
    )


if __name__ == "__main__":
    sys.exit(main())
