"""What an act costs in round trips, and that reading along with the commit never undoes it."""

import pytest

from app.kit.ids import global_id
from schema.mutations import Call, Outcome, registry
from tests.schema.reading.conftest import Asker, Reading
from tests.schema.reading.test_engine import ask, counted, own_stay

pytestmark = pytest.mark.anyio

EXTEND = """mutation($stay: ID!, $key: String!, $after: String) {
  extendStay(input: {idempotencyKey: $key, stayId: $stay, minutes: 5}) {
    __typename ... on Stay { id parcels(after: $after) { edges { node { id } } } } ... on Error { message } } }"""
RESERVE = """mutation($bank: ID!, $size: Size!, $key: String!) {
  reserveCompartment(input: {idempotencyKey: $key, bankId: $bank, size: $size, tracking: $key}) {
    __typename ... on Stay { id state compartment { id occupancy } } ... on Error { message } } }"""
RELEASE = """mutation($stay: ID!, $key: String!) {
  releaseStay(input: {idempotencyKey: $key, stayId: $stay, outcome: CANCELLED, reason: "r"}) {
    __typename ... on Stay { id state compartment { id occupancy } } ... on Error { message } } }"""


def answering() -> tuple[dict[str, object], list[str]]:
    """A mutation that does nothing but name its answer; and how often it came so far."""
    came: list[str] = []

    async def extend(call: Call) -> Outcome:
        async with call.context.begin(call.key) as work:
            # Here, not earlier, a key is found spent: it is looked up ahead of the first statement.
            await work.conn.fetchval("SELECT 1")
            came.append(call.name)
            work.enter(call.actor.organization_id if call.actor else work.tenant)
            work.answer = ("Stay", call.id("stay_id", "Stay"))
        return work.answer

    return {"extendStay": extend}, came


async def test_beginning_and_ending_an_act_costs_one_round_trip_with_its_answer(reading: Reading) -> None:
    mutations, came = answering()
    engine, counts = counted(reading, mutations)  # type: ignore[arg-type]
    owner, stay = Asker(reading.world.actors["owner"]), own_stay(reading)
    await ask(engine, owner, EXTEND, stay=stay, key="first")
    counts.asked = 0
    answer = await ask(engine, owner, EXTEND, stay=stay, key="second")
    assert answer["data"]["extendStay"]["id"] == stay
    assert counts.asked == 2, "its own question, and the commit with the answer"
    assert came == ["extendStay"] * 2


async def test_a_selection_that_cannot_be_read_undoes_nothing(reading: Reading) -> None:
    mutations, came = answering()
    engine, _ = counted(reading, mutations)  # type: ignore[arg-type]
    owner, stay = Asker(reading.world.actors["owner"]), own_stay(reading)
    refused = await ask(engine, owner, EXTEND, stay=stay, key="bad", after="no cursor")
    assert refused["errors"]
    answer = await ask(engine, owner, EXTEND, stay=stay, key="bad", after=None)
    assert answer["data"]["extendStay"]["id"] == stay
    assert len(came) == 1, "the key was not spent by the act whose answer could not be read"


async def test_a_reservation_and_its_release_are_two_round_trips_each(reading: Reading) -> None:
    engine, counts = counted(reading, registry())
    owner = reading.world.actors["owner"]
    rows = reading.world.rows
    answers = {row["id"] for row in rows["bank"] if not row.get("unreachable_since")}
    door = next(
        row for row in rows["compartment"]
        if row["tenant_id"] == owner.organization_id and row["bank_id"] in answers and row["use"] == "FREE"
        and row["service"] == "IN_SERVICE" and row["door"] != "OPEN"
    )  # fmt: skip
    bank = global_id("Bank", door["bank_id"])
    for round_ in range(2):
        counts.asked = 0
        held = await ask(engine, Asker(owner), RESERVE, bank=bank, size=door["size"], key=f"reserve {round_}")
        assert held["data"]["reserveCompartment"]["state"] == "HELD", held
        assert counts.asked == 2
        counts.asked = 0
        stay = held["data"]["reserveCompartment"]["id"]
        ended = await ask(engine, Asker(owner), RELEASE, stay=stay, key=f"release {round_}")
        assert ended["data"]["releaseStay"]["state"] == "RELEASED", ended
        assert ended["data"]["releaseStay"]["compartment"]["occupancy"] == "AVAILABLE"
        assert counts.asked == 2
