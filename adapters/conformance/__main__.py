"""`python -m adapters.conformance [VENDOR …]` plays every cell of the matrix; `--table` prints it."""

import argparse
import asyncio
import sys

from adapters.conformance import drawn, table
from adapters.conformance.kit import faults_of, gaps, rigs
from adapters.conformance.rig import Rig


async def tried(rig: Rig) -> int:
    """How much was wrong; says it line by line."""
    wrong = [("matrix", gap) for gap in gaps(rig)]
    found = await faults_of(rig)
    wrong += [(cell, fault) for cell, faults in found.items() for fault in faults]
    if rig.luck:
        wrong += [("drawn", fault) for seed in drawn.SEEDS for fault in await drawn.play(rig, seed)]
    for where, what in wrong:
        sys.stdout.write(f"{rig.vendor}: {where}: {what}\n")
    sys.stdout.write(f"{rig.vendor}: {len(found)} cells, {len(wrong)} wrong\n")
    return len(wrong)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m adapters.conformance", description=__doc__)
    parser.add_argument("vendors", nargs="*", help="these only; without any, all that are found")
    parser.add_argument("--table", action="store_true", help="print the matrix and try nothing")
    given = parser.parse_args()
    chosen = {name: rig for name, rig in rigs().items() if not given.vendors or name in given.vendors}
    if unknown := set(given.vendors) - chosen.keys():
        parser.error(f"no rig for {', '.join(sorted(unknown))}; there are {', '.join(sorted(rigs()))}")
    if given.table:
        sys.stdout.write(table.page(chosen))
        return 0
    return 1 if sum([asyncio.run(tried(rig)) for rig in chosen.values()]) else 0


if __name__ == "__main__":
    sys.exit(main())
