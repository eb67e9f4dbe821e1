"""No wrong door, however units are numbered meanwhile; at full size: `python -m tests.bench.doors`."""

from collections.abc import Callable

import pytest

from adapters.pitney.simulator.world import PitneyWorld, plain_banks
from app.kit.embedded import Dsns
from tests.bench.doors.run import Witness, run
from tests.conftest import drop_database

pytestmark = pytest.mark.slow


def test_the_witness_sees_a_wrong_door() -> None:
    world = PitneyWorld(plain_banks(1, 4))
    world.doors = witness = Witness(world.doors)
    world.open("PB-01", "1", {"userId": "x"})
    world.renumber("PB-01", {"1": "2", "2": "1"})
    world.open("PB-01", "1", {"userId": "x"})
    world.open("PB-01", "3", {"userId": "x"})
    assert witness.wrong == [("PB-01", "1")]


async def test_units_that_are_numbered_anew_under_load_open_no_wrong_door(make_database: Callable[[], Dsns]) -> None:
    dsns = make_database()
    try:
        outcome = await run(dsns, 400, 6, 40.0, otherwise=40)
    finally:
        drop_database(dsns)
    assert outcome.wrong_doors == 0, outcome
    assert outcome.pulses > 100
    assert outcome.renumbered
    assert outcome.otherwise
    assert outcome.ends["FAILED"]
