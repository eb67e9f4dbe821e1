"""The matrix, printed: vendor by fault, and what must come of it."""

from collections.abc import Mapping, Sequence

from adapters.conformance.cells import Act, Cell, End
from adapters.conformance.faults import Fault
from adapters.conformance.kit import cells
from adapters.conformance.rig import Rig

HEAD = """# Every fault at every vendor

Written by `make docs` from the columns that the rigs bring (`adapters/*/simulator/rig.py`); every cell is one test, run
against the vendor's simulator on real sockets. How the kit works and how a vendor of yours gets its own column:
[adapters.md](adapters.md).

A cell says how the act ends and, after the dot, how often the hardware acted, by the simulator's own count.
*Unconfirmed* is never sent again: it is settled by reading back, or by a person. A lone number is a reason why the
fault cannot be made there; the reasons stand at the end.
"""

TITLES: Mapping[Act, str] = {
    Act.ORDER: "While an order is carried out",
    Act.READ: "While a bank is read",
    Act.TWICE: "The same order sent twice at once",
    Act.RACE: "Two reservations of one unit at once",
    Act.POWER: "Power lost, back again, and a new order",
    Act.BOOKS: "While the vendor keeps reservations",
    Act.HEAR: "Events that come by themselves (the number counts different events)",
}


def page(rigs: Mapping[str, Rig]) -> str:
    """The whole page as Markdown."""
    vendors = sorted(rigs)
    tables = [_table(act, {name: rigs[name] for name in vendors}) for act in Act]
    return "\n".join([HEAD, _figures(rigs), *filter(None, tables), _impossible(rigs)])


def _figures(rigs: Mapping[str, Rig]) -> str:
    rows = [
        (name, str(len({cell.fault for cell in cells(rig)})), str(len(cells(rig))), str(len(rig.impossible)))
        for name, rig in sorted(rigs.items())
    ]
    total = sum(int(row[2]) for row in rows)
    intro = f"{len(Fault)} faults, {len(rows)} vendors, {total} cells.\n\n"
    return intro + _rows(("vendor", "faults tried", "cells", "not possible"), rows).rstrip("\n")


def _table(act: Act, rigs: Mapping[str, Rig]) -> str:
    columns = {name: [cell for cell in cells(rig) if cell.act is act] for name, rig in rigs.items()}
    faults = [fault for fault in Fault if any(cell.fault is fault for column in columns.values() for cell in column)]
    if not faults:
        return ""
    rows = [(fault.value, *(_entry(fault, columns[name], rigs[name]) for name in rigs)) for fault in faults]
    return f"\n## {TITLES[act]}\n\n" + _rows(("fault", *rigs), rows)


def _entry(fault: Fault, column: Sequence[Cell], rig: Rig) -> str:
    entries = [_said(cell) for cell in column if cell.fault is fault]
    if entries:
        return "<br>".join(entries)
    return str(_numbers(rig)[rig.impossible[fault]]) if fault in rig.impossible else ""


def _said(cell: Cell) -> str:
    name = {End.OPENED: "**opened**", End.UNCONFIRMED: "*unconfirmed*"}.get(cell.end, cell.end.value)
    count = f" · {cell.effects}" if cell.act is not Act.READ else ""
    return f"{cell.how}: {name}{count}" if cell.how else f"{name}{count}"


def _numbers(rig: Rig) -> Mapping[str, int]:
    reasons = list(dict.fromkeys(rig.impossible[fault] for fault in Fault if fault in rig.impossible))
    return {reason: number for number, reason in enumerate(reasons, 1)}


def _impossible(rigs: Mapping[str, Rig]) -> str:
    rows = []
    for name, rig in sorted(rigs.items()):
        for reason, number in _numbers(rig).items():
            faults = [fault.value for fault in Fault if rig.impossible.get(fault) == reason]
            rows.append((name, str(number), reason, "; ".join(faults)))
    return "\n## Not possible, and why\n\n" + _rows(("vendor", "", "because", "hence not"), rows)


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
