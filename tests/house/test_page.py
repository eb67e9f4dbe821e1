"""What the page knows of the core's rules is what the core says."""

import json

from app.stays.model import CARRIER_RELEASES, NOTHING_IN_IT, RELEASES
from tests.house.tree import ROOT


def test_the_page_offers_the_endings_that_a_stay_may_have() -> None:
    told = json.loads((ROOT / "frontend/src/areas/stays/endings.json").read_text())
    assert {outcome: set(states) for outcome, states in told["from"].items()} == RELEASES
    assert set(told["byCarrier"]) == set(CARRIER_RELEASES)
    assert set(told["nothingInIt"]) == NOTHING_IN_IT
