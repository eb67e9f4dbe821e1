from typing import Any

import pytest

from app.kit.ids import global_id
from tests.schema.reading.conftest import Reading

pytestmark = pytest.mark.anyio

NODE = "query($id: ID!) { node(id: $id) { __typename id } }"
# Every id a shape can be read by, of both operators.
TABLES = {
    "Alarm": "alarm", "AuditEntry": "audit_entry", "Bank": "bank", "Carrier": "carrier", "Command": "command",
    "Compartment": "compartment", "Event": "fact", "Export": "export", "Grant": "carrier_grant", "Parcel": "parcel",
    "Person": "person", "Site": "site", "Stay": "stay",
}  # fmt: skip


async def seen(reading: Reading, who: str, kind: str) -> list[dict[str, Any]]:
    """The rows of that kind that `who` may read by id."""
    rows = reading.world.rows[TABLES[kind]]
    ids = {global_id(kind, row["id"]): row for row in rows}
    found: list[dict[str, Any]] = []
    for start in range(0, len(ids), 100):
        some = list(ids)[start : start + 100]
        data = await reading.data(who, "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=some)
        found += [ids[node["id"]] for node in data["nodes"] if node is not None]
    return found


@pytest.mark.parametrize("kind", sorted(TABLES))
async def test_a_member_of_one_operator_reads_nothing_of_another(reading: Reading, kind: str) -> None:
    own = reading.world.actors["owner"].organization_id
    rows = await seen(reading, "owner", kind)
    assert rows
    assert {row["tenant_id"] for row in rows} == {own}


@pytest.mark.parametrize("kind", ["Alarm", "AuditEntry", "Bank", "Command", "Compartment", "Parcel", "Site", "Stay"])
async def test_a_manager_of_some_sites_reads_nothing_of_the_others(reading: Reading, kind: str) -> None:
    allowed = set(reading.world.actors["manager"].site_ids)
    rows = await seen(reading, "manager", kind)
    assert rows
    assert {row["id"] if kind == "Site" else row["site_id"] for row in rows} <= allowed


@pytest.mark.parametrize("who", ["carrier", "courier", "rival"])
@pytest.mark.parametrize("kind", ["Stay", "Parcel", "Command"])
async def test_a_carrier_reads_its_own_stays_parcels_and_commands_alone(reading: Reading, who: str, kind: str) -> None:
    rows = await seen(reading, who, kind)
    assert {row["carrier_id"] for row in rows} <= {reading.world.actors[who].organization_id}
    assert rows or who == "courier"


async def test_a_carrier_reads_the_sites_and_sizes_it_was_granted(reading: Reading) -> None:
    world = reading.world
    granted = [row for row in world.rows["carrier_grant"] if row["carrier_id"] == world.actors["rival"].organization_id]
    active = {site for row in granted if row["state"] == "ACTIVE" for site in row["site_ids"]}
    assert {row["id"] for row in await seen(reading, "rival", "Site")} == active
    south = world.actors["stranger"].organization_id
    sizes = {row["size"] for row in await seen(reading, "carrier", "Compartment") if row["tenant_id"] == south}
    assert sizes == {"S"}


async def test_a_carrier_sees_no_alarm_and_only_its_own_acts_in_the_record(reading: Reading) -> None:
    assert not await seen(reading, "carrier", "Alarm")
    acts = await seen(reading, "carrier", "AuditEntry")
    assert {row["carrier_id"] for row in acts} == {reading.world.actors["carrier"].organization_id}
    counts = await reading.data("carrier", "{ sites { edges { node { openAlarmCount } } } }")
    assert {edge["node"]["openAlarmCount"] for edge in counts["sites"]["edges"]} == {0}


BROUGHT = """query($id: ID) { stays(first: 200, filter: {carrierId: $id}) { edges { node {
  id carrier { id name openStayCount } parcels { edges { node { carrier { id } } } } } } } }"""


async def test_each_operator_knows_a_carrier_by_an_id_of_its_own(reading: Reading) -> None:
    quick = reading.world.actors["carrier"].organization_id
    known = [row for row in reading.world.rows["carrier"] if row["carrier_id"] == quick]
    assert len({row["tenant_id"] for row in known}) == len({row["id"] for row in known}) == 2
    for who in ("owner", "stranger", "recipient"):
        own = reading.world.actors[who].organization_id
        brought = {
            edge["node"]["carrier"]["id"]
            for edge in (await reading.data(who, BROUGHT))["stays"]["edges"]
            if edge["node"]["carrier"] is not None
        }
        assert brought
        rows = reading.world.rows["carrier"]
        assert brought <= {global_id("Carrier", row["id"]) for row in rows if row["tenant_id"] == own}


async def test_a_carriers_people_see_themselves_once_for_each_operator(reading: Reading) -> None:
    own = reading.world.actors["carrier"].organization_id
    rows = await seen(reading, "carrier", "Carrier")
    assert [row["carrier_id"] for row in rows] == [own, own]
    found = await reading.data(
        "carrier",
        """{ carriers { totalCount edges { node { id name } } }
             grants { edges { node { carrier { id } operator { name } } } } }""",
    )
    assert {edge["node"]["name"] for edge in found["carriers"]["edges"]} == {"Quick"}
    grants = {edge["node"]["operator"]["name"]: edge["node"]["carrier"]["id"] for edge in found["grants"]["edges"]}
    assert len(set(grants.values())) == len(grants) == 2


async def test_stays_are_found_by_the_carrier_as_the_operator_knows_it(reading: Reading) -> None:
    stays = {global_id("Stay", row["id"]): row for row in reading.world.rows["stay"]}
    for who in ("owner", "carrier"):
        for row in await seen(reading, who, "Carrier"):
            id_ = global_id("Carrier", row["id"])
            found = (await reading.data(who, BROUGHT, id=id_))["stays"]["edges"]
            expected = {
                key
                for key, stay in stays.items()
                if (stay["tenant_id"], stay["carrier_id"]) == (row["tenant_id"], row["carrier_id"])
            }
            assert {edge["node"]["id"] for edge in found} == expected
            assert {edge["node"]["carrier"]["id"] for edge in found} <= {id_}
    foreign = (await seen(reading, "stranger", "Carrier"))[0]
    for id_ in (global_id("Carrier", foreign["id"]), global_id("Organization", foreign["carrier_id"]), "nonsense"):
        assert (await reading.data("owner", BROUGHT, id=id_))["stays"]["edges"] == []


async def test_the_stay_of_another_carrier_shows_in_no_way_but_occupancy(reading: Reading) -> None:
    own = reading.world.actors["rival"].organization_id
    open_ = {row["compartment_id"]: row for row in reading.world.rows["stay"] if row["state"] != "RELEASED"}
    text = """{ compartments(first: 200) { edges { node {
      id occupancy currentStay { id } stays { edges { node { id } } } } } } }"""
    found = await reading.data("rival", text)
    doors = {global_id("Compartment", row["id"]): row for row in reading.world.rows["compartment"]}
    stays = {global_id("Stay", row["id"]): row for row in reading.world.rows["stay"]}
    foreign = 0
    for edge in found["compartments"]["edges"]:
        node = edge["node"]
        there = open_.get(doors[node["id"]]["id"])
        mine = there is not None and there["carrier_id"] == own
        assert (node["currentStay"] is not None) is mine
        assert all(stays[each["node"]["id"]]["carrier_id"] == own for each in node["stays"]["edges"])
        foreign += there is not None and not mine and node["occupancy"] in ("RESERVED", "OCCUPIED")
    assert foreign


async def test_a_courier_reads_a_name_and_nothing_else_of_its_recipients(reading: Reading) -> None:
    found = await reading.data("carrier", "{ people(first: 200) { edges { node { name email phone unit } } } }")
    nodes = [edge["node"] for edge in found["people"]["edges"]]
    assert nodes
    assert all(node["name"] and node["email"] is node["phone"] is node["unit"] is None for node in nodes)


async def test_an_auditor_reads_no_person_behind_a_stay(reading: Reading) -> None:
    found = await reading.data("auditor", "{ stays(first: 200) { edges { node { recipient { name } pickupCode } } } }")
    nodes = [edge["node"] for edge in found["stays"]["edges"]]
    assert len(nodes) > 5
    assert all(node["recipient"] is None and node["pickupCode"] is None for node in nodes)


async def test_a_recipient_reads_its_own_stays_with_their_codes_and_places(reading: Reading) -> None:
    account = reading.world.actors["recipient"].account_id
    mine = {row["id"] for row in reading.world.rows["person"] if row["account_id"] == account}
    rows = await seen(reading, "recipient", "Stay")
    assert rows
    assert {row["recipient_id"] for row in rows} == mine
    assert {row["id"] for row in await seen(reading, "recipient", "Site")} == {row["site_id"] for row in rows}
    assert {row["id"] for row in await seen(reading, "recipient", "Person")} == mine
    for kind in ("Alarm", "AuditEntry", "Event", "Export", "Grant"):
        assert not await seen(reading, "recipient", kind)
    found = await reading.data("recipient", "{ stays(filter: {open: true}) { edges { node { pickupCode } } } }")
    codes = [edge["node"]["pickupCode"] for edge in found["stays"]["edges"]]
    assert codes
    assert all(code is not None for code in codes)


@pytest.mark.parametrize("id_", ["", "x", "U2l0ZTo=", "\x00", "😀", "A" * 1_000, "VmlzaXQ6MDAwMA=="])
async def test_an_id_that_is_none_looks_like_one_that_is_not_yours(reading: Reading, id_: str) -> None:
    foreign = global_id("Site", next(row["id"] for row in reading.world.rows["site"] if "South" in row["name"]))
    assert await reading.data("owner", NODE, id=id_) == await reading.data("owner", NODE, id=foreign) == {"node": None}


async def test_a_filter_by_a_foreign_or_malformed_id_gives_an_empty_list(reading: Reading) -> None:
    foreign = global_id("Site", next(row["id"] for row in reading.world.rows["site"] if "South" in row["name"]))
    for id_ in (foreign, "nonsense", global_id("Bank", reading.world.rows["bank"][0]["id"])):
        found = await reading.data(
            "owner", "query($id: ID) { banks(filter: {siteId: $id}) { totalCount edges { node { id } } } }", id=id_
        )
        assert found == {"banks": {"totalCount": 0, "edges": []}}
