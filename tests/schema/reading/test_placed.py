from typing import Any

import pytest

from tests.schema.reading.conftest import Reading

pytestmark = pytest.mark.anyio

STAYS = "{ stays(first: 200, filter: {open: true}) { edges { node { id placed compartment { id } } } } }"
DOORS = """{ sites(first: 200) { edges { node { banks { edges { node {
  compartments(first: 200) { edges { node { currentStay { id } } } } } } } } } } }"""


def nodes(connection: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in connection["edges"]]


async def test_a_stay_that_is_not_placed_names_no_door_and_no_door_names_it(reading: Reading) -> None:
    stays = nodes((await reading.data("owner", STAYS))["stays"])
    unplaced = {stay["id"] for stay in stays if not stay["placed"]}
    assert unplaced
    assert unplaced < {stay["id"] for stay in stays}
    assert all((stay["compartment"] is None) is (not stay["placed"]) for stay in stays)

    sites = nodes((await reading.data("owner", DOORS))["sites"])
    doors = [door for site in sites for bank in nodes(site["banks"]) for door in nodes(bank["compartments"])]
    shown = {door["currentStay"]["id"] for door in doors if door["currentStay"]}
    assert shown
    assert not shown & unplaced
