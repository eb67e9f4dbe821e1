"""`make bench`: the product beside others in one run, on one database of the published size, answers compared first."""

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from app.kit.embedded import Dsns
from tests.bench import audit, database, documents, export, growth, ladder
from tests.bench.fill import SCALES
from tests.bench.peers import install

console = Console(width=160)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--scale", choices=list(SCALES), default="full", help="size of the portfolio (filled once, kept)"
    )
    parser.add_argument("--seconds", type=float, default=5, help="measured seconds for each cell and repeat")
    parser.add_argument("--repeats", type=int, default=3, help="interleaved repeats; the median counts")
    parser.add_argument("--clients", type=int, default=16, help="callers that each wait for their answer")
    parser.add_argument(
        "--only", default="", help="a part of what is measured: Q1 … Q4, M1, export, audit, growth, live"
    )
    options = parser.parse_args()
    parts = _parts(options)
    wanted = [name for name in parts if options.only in name]
    if not wanted and not _compared(options):
        parser.error(f"--only takes a part of {', '.join([*_names(options), *parts])}")
    install()
    console.print(f"[bold]database[/bold] of scale {options.scale}")
    server, dsns = database.start(options.scale)
    try:
        if _compared(options):
            home = database.ROOT / "home"
            ladder.report(ladder.measure(options, dsns, SCALES[options.scale], home, console), console)
        for name in wanted:
            parts[name](dsns)
    finally:
        server.stop()


def _names(options: argparse.Namespace) -> list[str]:
    return [*(read.name for read in documents.reads(SCALES[options.scale])), ladder.WRITES]


def _compared(options: argparse.Namespace) -> bool:
    return any(options.only in name for name in _names(options))


def _parts(options: argparse.Namespace) -> dict[str, Callable[[Dsns], None]]:
    def live(_: Dsns) -> None:
        folder = Path(__file__).resolve().parents[2]
        subprocess.run([sys.executable, "-m", "tests.bench.live"], check=True, cwd=folder)

    return {
        "growth": lambda dsns: growth.measure(dsns, SCALES[options.scale], console),
        "export": lambda dsns: export.measure(dsns, database.ROOT / "exports", console, options.repeats),
        "audit, sealed": lambda dsns: audit.measure(dsns, console, options.seconds, options.repeats),
        "live": live,
    }


if __name__ == "__main__":
    main()
