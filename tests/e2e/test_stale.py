import time
from typing import Any

import pytest

from tests.e2e.world import World, act_text, keyed, wait_for

pytestmark = pytest.mark.slow
POLL_SECONDS = {"kerong_cu16": 1.0, "pitney": 5.0}
# What a question and the test's own looking take.
SLACK_SECONDS = 1.5
UNITS = """query($after: String) { compartments(first: 200, after: $after) {
  edges { node { id isStale bank { vendor lastContactAt unreachableSince } } } pageInfo { hasNextPage endCursor } } }"""


def _units(world: World) -> list[dict[str, Any]]:
    """Every compartment of the vendors that go away."""
    found, after = [], None
    while True:
        page = world.ask(UNITS, {"after": after})["compartments"]
        found += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return [unit for unit in found if unit["bank"]["vendor"] in POLL_SECONDS]
        after = page["pageInfo"]["endCursor"]


def _fresh(world: World) -> bool:
    return not any(unit["isStale"] or unit["bank"]["unreachableSince"] for unit in _units(world))


def _openings(world: World) -> dict[Any, int]:
    return {key: row["openings"] for vendor in POLL_SECONDS for key, row in world.openings(vendor).items()}


def test_what_cannot_be_asked_is_not_shown_as_live_and_opens_nothing(world: World) -> None:
    wait_for(lambda: _fresh(world), 40)
    before = _openings(world)
    took: dict[str, float] = {}
    try:
        for vendor in POLL_SECONDS:
            world.simulator(vendor, "away", {})
        away = time.monotonic()
        door = next(unit for unit in _units(world) if unit["bank"]["vendor"] == "kerong_cu16")
        asked = {"input": keyed() | {"compartmentId": door["id"], "reason": "while it is away"}}
        world.post(act_text("openCompartment", "... on Command { id }"), asked)
        while len(took) < len(POLL_SECONDS):
            units = _units(world)
            for vendor, poll in POLL_SECONDS.items():
                own = [unit["isStale"] for unit in units if unit["bank"]["vendor"] == vendor]
                if own and all(own):
                    took.setdefault(vendor, time.monotonic() - away)
                assert vendor in took or time.monotonic() - away <= 2 * poll + SLACK_SECONDS, (
                    f"{vendor}: {own.count(False)} of {len(own)} are shown as live"
                )
            time.sleep(0.1)
        assert all(unit["bank"]["lastContactAt"] for unit in _units(world)), "how old it is can be seen"
        assert _openings(world) == before
    finally:
        for vendor in POLL_SECONDS:
            world.simulator(vendor, "back", {})
    wait_for(lambda: _fresh(world), 60)
