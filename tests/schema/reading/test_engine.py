from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from app.devices.port import Vendor
from app.kit.db import Database
from app.kit.errors import Denied, FailedRule, Invalid, NotFound, Reason, Rejected
from app.kit.ids import global_id
from schema.documents import Documents
from schema.engine import Request
from schema.errors import RequestError
from schema.execution import CompiledEngine
from schema.explaining import vendors_listed
from schema.mutations import Call, Mutations, Outcome, Payload, Seen
from schema.schema import build_schema
from schema.transport.access import Anonymous
from tenants.work import Replay
from tests.schema.reading.conftest import LATE, WIDE, Asker, Reading

pytestmark = pytest.mark.anyio


class Counting:
    """A pool that counts the questions its connections are asked."""

    def __init__(self, pool: Any) -> None:
        self.pool, self.asked = pool, 0

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        async with self.pool.acquire() as conn:
            yield CountingConnection(conn, self)


class CountingConnection:
    def __init__(self, conn: Any, counts: Counting) -> None:
        self._conn, self._counts = conn, counts

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._conn, name)
        if name in ("execute", "fetch", "fetchrow", "fetchval"):
            self._counts.asked += 1
        return found


async def ask(engine: CompiledEngine, caller: Any, text: str, **variables: Any) -> Any:
    document = await Documents(engine.schema, WIDE).load(text)
    return orjson.loads(await engine.run(document, Request(text, variables=variables), caller, "trace"))


def counted(reading: Reading, mutations: Mutations | None = None) -> tuple[CompiledEngine, Counting]:
    counts = Counting(reading.db.pool)
    database = Database(counts)
    return CompiledEngine(build_schema(), database, late=LATE, mutations=mutations or {}), counts


async def test_a_query_is_one_statement_however_deep_and_wide(reading: Reading) -> None:
    engine, counts = counted(reading)
    text = """{ viewer { name organization { name } }
      sites(first: 3) { totalCount edges { node { occupancy { size count } banks { edges { node { label
        compartments { edges { node { label currentStay { recipient { name }
          parcels { edges { node { tracking } } } } } } } } } }
        alarms { edges { node { state comment } } } } } }
      audit { edges { node { hash site { name } } } } a: stays { edges { node { id pickupCode } } } }"""
    answer = await ask(engine, Asker(reading.world.actors["owner"]), text)
    assert "errors" not in answer
    assert counts.asked == 1


async def test_fields_without_a_shape_stand_beside_the_others_in_their_order(reading: Reading) -> None:
    door = global_id("Compartment", reading.world.rows["compartment"][0]["id"])
    text = """query($id: ID!) { z: sites(first: 1) { edges { node { name } } } ...More __typename }
      fragment More on Query { __schema { queryType { name } }
        e: explainOpen(compartmentId: $id) { allowed failed { rule } } v: viewer { name } }"""
    answer = await ask(reading.engine, Asker(reading.world.actors["owner"]), text, id=door)
    assert list(answer["data"]) == ["z", "__schema", "e", "v", "__typename"]
    assert answer["data"]["__schema"] == {"queryType": {"name": "Query"}}
    assert answer["data"]["e"] == {"allowed": True, "failed": []}
    assert answer["data"]["v"] == {"name": "owner of it"}


async def test_what_cannot_be_opened_is_explained_only_where_it_can_be_seen(reading: Reading) -> None:
    own, foreign = (
        next(row for row in reading.world.rows["compartment"] if (row["tenant_id"] == tenant) is mine)
        for tenant in [reading.world.actors["owner"].organization_id]
        for mine in (True, False)
    )
    text = "query($id: ID!) { explainOpen(compartmentId: $id) { allowed rule failed { rule } } }"
    asker = Asker(reading.world.actors["auditor"])
    seen = await ask(reading.engine, asker, text, id=global_id("Compartment", own["id"]))
    assert seen["data"]["explainOpen"]["allowed"] is False
    assert seen["data"]["explainOpen"]["failed"]
    unseen = await ask(reading.engine, asker, text, id=global_id("Compartment", foreign["id"]))
    assert unseen["data"] == {"explainOpen": None}


async def test_nobody_reads_nothing(reading: Reading) -> None:
    with pytest.raises(RequestError):
        await ask(reading.engine, Anonymous(), "{ viewer { name } }")


async def test_a_plan_is_made_once_for_all_of_equal_rights_and_values_are_bound(reading: Reading) -> None:
    text = "query($n: Int, $on: Boolean!) { sites(first: $n) { edges { node { id name @include(if: $on) } } } }"
    document = await reading.documents.load(text)
    for who, n in (("owner", 1), ("stranger", 2), ("owner", 3)):
        caller: Any = Asker(reading.world.actors[who])
        found = orjson.loads(
            await reading.engine.run(document, Request(text, variables={"n": n, "on": True}), caller, "")
        )
        assert len(found["data"]["sites"]["edges"]) == n
    selections = [value for key, value in document.plans["query", None].items() if key[0] == "selection"]  # type: ignore[attr-defined]
    assert [len(selection.statements) for selection in selections] == [1]


# --- mutations ---

RELEASE = """mutation($stay: ID!) {
  done: releaseStay(input: {idempotencyKey: "k", stayId: $stay, outcome: CANCELLED, reason: "r"}) {
    __typename ... on Stay { id state compartment { label bank { label } } parcels { edges { node { tracking } } } }
    ... on Error { message code path } ... on RejectedError { reason }
    ... on DeniedError { permission failedRules { rule } }
  } }"""


def own_stay(reading: Reading) -> str:
    tenant = reading.world.actors["owner"].organization_id
    return global_id("Stay", next(row["id"] for row in reading.world.rows["stay"] if row["tenant_id"] == tenant))


async def test_a_mutation_is_given_its_input_and_its_answer_is_read_back_in_one_statement(reading: Reading) -> None:
    calls: list[Call] = []

    async def release(call: Call) -> Outcome:
        calls.append(call)
        return "Stay", call.id("stay_id", "Stay")

    engine, counts = counted(reading, {"releaseStay": release})
    stay = own_stay(reading)
    answer = await ask(engine, Asker(reading.world.actors["owner"]), RELEASE, stay=stay)
    assert answer["data"]["done"]["id"] == stay
    assert answer["data"]["done"]["__typename"] == "Stay"
    assert answer["data"]["done"]["parcels"]["edges"]
    assert counts.asked == 1
    assert calls[0].given["outcome"].name == "CANCELLED"
    assert calls[0].given["stay_id"] == stay
    assert calls[0].key is not None
    assert calls[0].request_id == "trace"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NotFound("gone", path=("stayId",)), {"__typename": "NotFoundError", "code": "NOT_FOUND", "path": ["stayId"]}),
        (Invalid("bad"), {"__typename": "InvalidError", "code": "INVALID", "path": []}),
        (
            Rejected(Reason.WRONG_STATE, "not now"),
            {"__typename": "RejectedError", "code": "REJECTED", "path": [], "reason": "WRONG_STATE"},
        ),
        (
            Denied("no", permission="stay:release", failed=(FailedRule("role", "a", "b"),)),
            {
                "__typename": "DeniedError", "code": "DENIED", "path": [], "permission": "stay:release",
                "failedRules": [{"rule": "role"}],
            },
        ),
    ],
)  # fmt: skip
async def test_a_refusal_is_an_answer(reading: Reading, error: Exception, expected: dict[str, Any]) -> None:
    async def release(_: Call) -> Outcome:
        raise error

    engine, _ = counted(reading, {"releaseStay": release})
    answer = await ask(engine, Asker(reading.world.actors["owner"]), RELEASE, stay=own_stay(reading))
    assert answer == {"data": {"done": {"message": str(error), **expected}}}


async def test_a_replay_reads_back_the_first_answer(reading: Reading) -> None:
    async def release(call: Call) -> Outcome:
        raise Replay(("Stay", call.id("stay_id", "Stay")))

    engine, _ = counted(reading, {"releaseStay": release})
    stay = own_stay(reading)
    answer = await ask(engine, Asker(reading.world.actors["owner"]), RELEASE, stay=stay)
    assert answer["data"]["done"]["id"] == stay


async def test_an_answer_that_is_gone_by_now_is_not_found(reading: Reading) -> None:
    foreign = next(
        row["id"]
        for row in reading.world.rows["stay"]
        if row["tenant_id"] == reading.world.actors["stranger"].organization_id
    )

    async def release(_: Call) -> Outcome:
        raise Replay(("Stay", foreign))

    engine, _ = counted(reading, {"releaseStay": release})
    answer = await ask(engine, Asker(reading.world.actors["owner"]), RELEASE, stay=own_stay(reading))
    assert answer["data"]["done"]["__typename"] == "NotFoundError"


async def test_a_fault_is_masked_and_ends_the_list(reading: Reading) -> None:
    done: list[str] = []

    async def release(_: Call) -> Outcome:
        done.append("x")
        raise RuntimeError("the secret word")

    engine, _ = counted(reading, {"releaseStay": release})
    answer = await ask(engine, Asker(reading.world.actors["owner"]), RELEASE, stay=own_stay(reading))
    assert answer["data"] is None
    assert answer["errors"][0]["extensions"] == {"code": "INTERNAL_SERVER_ERROR", "traceId": "trace"}
    assert answer["errors"][0]["path"] == ["done"]
    assert "secret" not in str(answer)
    assert done == ["x"]


async def test_strangers_may_sign_in_and_nothing_else(reading: Reading) -> None:
    actor = reading.world.actors["owner"]

    async def sign_in(_: Call) -> Outcome:
        return Payload("SignInPayload", {"token": "lys_x", "viewer": Seen(actor)})

    async def sign_out(_: Call) -> Outcome:
        raise AssertionError("must not be reached")

    engine, _ = counted(reading, {"signIn": sign_in, "signOut": sign_out})
    text = """mutation { signIn(input: {email: "a", password: "b"}) {
      ... on SignInPayload { token viewer { name organization { kind } } } } }"""
    answer = await ask(engine, Anonymous(), text)
    viewer = {"name": "owner of it", "organization": {"kind": "OPERATOR"}}
    assert answer == {"data": {"signIn": {"token": "lys_x", "viewer": viewer}}}
    with pytest.raises(RequestError):
        await ask(engine, Anonymous(), "mutation { signOut(input: {}) }")


NAMED = Vendor("long", "A title of some length", "An address of some length", connect=lambda _: None)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize("text", ["{ sites { edges { node { id city } } } }", "{ vendors { title addressHelp } }"])
async def test_an_answer_larger_than_any_may_be_is_refused_by_its_own_code(reading: Reading, text: str) -> None:
    caller = Asker(reading.world.actors["owner"])
    engine = CompiledEngine(
        build_schema(), reading.db, late=LATE, special={"vendors": vendors_listed((NAMED,))}, most_bytes=50
    )
    with pytest.raises(RequestError) as refused:
        await ask(engine, caller, text)
    (error,) = refused.value.errors
    assert (error.extensions or {})["code"] == "ANSWER_LIMIT"
    assert "data" in await ask(engine, caller, "{ sites(first: 1) { totalCount } }")
