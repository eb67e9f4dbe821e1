"""The cells as a table for people, as docs/reliability.md shows them."""

from collections.abc import Iterable, Sequence

from tests.bench.faults.cells import Outcome
from tests.bench.faults.effects import IMPOSSIBLE
from tests.bench.faults.kinds import KINDS

HEAD = (
    "vendor, order", "fault", "orders (met it)", "done", "failed", "unknown, said so",
    "doubled", "wrong door", "untrue", "unsettled", "slowest settling",
)  # fmt: skip


def markdown(outcomes: Iterable[Outcome]) -> str:
    """A row a cell, in the order of the matrix; cells that broke a promise are bold."""
    return "".join(_line(cells) for cells in (HEAD, ["---"] * len(HEAD), *map(_row, outcomes)))


def _row(outcome: Outcome) -> list[str]:
    cell, ends = outcome.cell, outcome.ends
    fault = cell.fault.replace("_", " ")
    counts = (outcome.doubled, outcome.wrong_door, outcome.untrue, outcome.unsettled)
    return [
        f"{cell.vendor} {cell.order}",
        fault if outcome.kept else f"**{fault}**",
        f"{outcome.commands:,} ({outcome.met:,})",
        f"{sum(count for end, count in ends.items() if end == 'done'):,}",
        _failed(outcome),
        f"{ends['unknown, said so']:,}",
        *(f"{count:,}" for count in counts),
        f"{outcome.settle_seconds:.1f} s" if outcome.settle_seconds else "–",
    ]


def _failed(outcome: Outcome) -> str:
    ends, words = outcome.ends, []
    if outcome.late_told:
        words.append(f"{outcome.late_told:,} opened late, alarmed")
    if outcome.anew:
        words.append(f"{outcome.anew:,} done anew")
    failed = f"{ends['failed'] + ends['expired']:,}"
    return f"{failed} ({', '.join(words)})" if words else failed


def reasons() -> str:
    """Which orders no vendor of a kind can be given, and why."""
    vendors: dict[tuple[str, str], list[str]] = {}
    for (vendor, order), why in sorted(IMPOSSIBLE.items()):
        vendors.setdefault((order, why), []).append(vendor)
    rows = [[order, ", ".join(names), why] for (order, why), names in sorted(vendors.items())]
    rows += [
        [fault, vendor, "not a fault of the line there; made by the simulator behind it"]
        for vendor, kind in sorted(KINDS.items())
        for fault in kind.inside
    ]
    return "".join(_line(cells) for cells in (("not tried", "at", "why"), ["---"] * 3, *rows))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"
