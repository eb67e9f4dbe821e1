from collections.abc import Callable

import pytest

from adapters import registry
from app.kit.embedded import Dsns
from tests.bench.faults import cells
from tests.bench.faults.cells import Cell
from tests.bench.faults.effects import EFFECTS, IMPOSSIBLE
from tests.conftest import drop_database

pytestmark = pytest.mark.slow
# The whole table at full size: `python -m tests.bench.faults`.
SOME = (
    "kerong_cu16 OPEN lost_answer",
    "kerong_cu16 OPEN cut_request",
    "kerong_cu16 OPEN twice",
    "kerong_cu16 OPEN kill before_sent",
    "kerong_cu16 OPEN kill after_sent",
    "kerong_cu16 OPEN kill after_sending",
    "kerong_cu16 OPEN kill before_result",
    "pitney OPEN reset_mid",
    "pitney RESERVE lost_answer",
    "pitney RESERVE kill after_sending",
    "frame_board OPEN kill after_sending",
    "harbor ISSUE_ACCESS twice",
    "harbor ISSUE_ACCESS kill after_sending",
    "harbor_gateway OPEN kill after_sending",
    "harbor_gateway RESERVE lost_answer",
    "modbus_io OPEN lost_answer",
    "mqtt OPEN lost_answer",
    "mqtt OPEN twice",
    "mqtt OPEN kill after_sending",
)
CELLS = [cell for cell in cells.matrix(6, 3) if cell.name in SOME]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
async def test_no_fault_and_no_death_opens_a_door_twice_or_leaves_an_order_untold(
    make_database: Callable[[], Dsns], cell: Cell
) -> None:
    dsns = make_database()
    try:
        outcome = await cells.run(cell, dsns, settle=False)
    finally:
        drop_database(dsns)
    assert outcome.kept, outcome
    assert outcome.commands >= 6
    assert outcome.met
    assert sum(outcome.ends.values()) == outcome.commands


def test_every_vendor_is_tried_with_every_order_or_it_is_said_why_not() -> None:
    every = {(vendor.name, order) for vendor in registry.OWN for order in ("ISSUE_ACCESS", "OPEN", "RESERVE")}
    assert {(vendor, order) for vendor, order in EFFECTS} | IMPOSSIBLE.keys() == every
    assert not EFFECTS.keys() & IMPOSSIBLE.keys()
    assert {cell.vendor for cell in CELLS} == {vendor.name for vendor in registry.OWN}
