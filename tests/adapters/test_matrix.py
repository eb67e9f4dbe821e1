from dataclasses import replace
from pathlib import Path

import pytest

from adapters import registry
from adapters.conformance import Act, Cell, End, Fault, table
from adapters.conformance.cells import unlawful
from adapters.conformance.kit import gaps, rigs

PAGE = Path(__file__).parent.parent.parent / "docs" / "adapter-matrix.md"
# The bad luck that was asked for by name; nobody may take one of these words away.
LEAST = 40


def test_the_printed_matrix_is_current() -> None:
    assert PAGE.read_text() == table.page(rigs()), "run: make docs"


def test_every_vendor_of_ours_has_a_column() -> None:
    assert {vendor.name for vendor in registry.OWN} <= set(rigs())


def test_there_are_enough_ways_to_go_wrong() -> None:
    assert len(Fault) >= LEAST
    assert not [fault for fault in Fault if all(fault in rig.impossible for rig in rigs().values())][LEAST // 8 :]


@pytest.mark.parametrize(
    "cell",
    [
        Cell(Fault.ANSWER_LOST, Act.ORDER, End.UNREACHABLE, 1),
        Cell(Fault.ANSWER_LOST, Act.ORDER, End.UNCONFIRMED, 2),
        Cell(Fault.NO_ANSWER, Act.ORDER, End.ACCEPTED, 0),
        Cell(Fault.NOTHING_WRONG, Act.ORDER, End.OPENED, 1, elsewhere=1),
        Cell(Fault.DUPLICATE_EVENT, Act.HEAR, End.HEARD, 1),
    ],
    ids=str,
)
def test_a_column_cannot_promise_a_lie(cell: Cell) -> None:
    assert unlawful(cell)


def test_a_column_with_a_hole_is_named() -> None:
    rig = rigs()["pitney"]
    less = replace(rig, cells=tuple(cell for cell in rig.cells if cell.fault is not Fault.REDIRECT))
    both = replace(rig, impossible={**rig.impossible, Fault.REDIRECT: "no"})

    assert gaps(less) == ("REDIRECT is neither tried nor said to be impossible",)
    assert gaps(both) == ("REDIRECT is tried and said to be impossible",)
    assert gaps(replace(rig, cells=(*rig.cells, rig.cells[0])))
