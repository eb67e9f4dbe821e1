import gzip
import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from schema.documents import digest
from tests.schema.transport.conftest import Start, Toy
from tests.schema.transport.toy import PERSISTED

RESPONSE = "application/graphql-response+json"
SIGN_IN = 'mutation { signIn(email: "ana@example.com", password: "%s") { token viewer { name } } }'


def codes(answer: httpx.Response) -> list[str]:
    return [error["extensions"]["code"] for error in answer.json()["errors"]]


def test_a_query_answers_in_the_media_type_asked_for(toy: Toy) -> None:
    with toy.client() as client:
        for accept, given in (
            ("*/*", "application/json"),
            (RESPONSE, RESPONSE),
            (f"{RESPONSE};q=0.5, application/json", "application/json"),
        ):
            answer = client.post("/graphql", json={"query": "{ viewer { name } }"}, headers={"accept": accept})
            assert answer.status_code == 200
            assert answer.headers["content-type"] == f"{given}; charset=utf-8"
            assert answer.json() == {"data": {"viewer": {"name": "a"}}}


def test_an_accept_that_cannot_be_met_is_406(toy: Toy) -> None:
    with toy.client() as client:
        assert (
            client.post("/graphql", json={"query": "{ viewer { name } }"}, headers={"accept": "image/png"}).status_code
            == 406
        )


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ nope", "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($n: Int!) { sites(first: $n) { edges { cursor } } }", "BAD_USER_INPUT"),
    ],
)
def test_a_document_that_cannot_run_is_400_without_data_or_200_for_plain_json(toy: Toy, query: str, code: str) -> None:
    for accept, status in ((RESPONSE, 400), ("application/json", 200)):
        with toy.client() as client:
            answer = client.post("/graphql", json={"query": query}, headers={"accept": accept})
        assert answer.status_code == status
        assert "data" not in answer.json()
        assert codes(answer) == [code]
        assert answer.json()["errors"][0]["extensions"]["traceId"] == answer.headers["x-trace-id"]


def test_no_field_is_suggested(toy: Toy) -> None:
    assert "Did you mean" not in toy.ask("{ viewe { name } }").text
    assert "Did you mean" not in toy.ask("query($a: Int) { sites(firs: $a) { edges { cursor } } }").text


HOSTILE = {
    "null": b"null",
    "array": b'[{"query":"{ __typename }"}]',
    "brackets": b"[" * 100_000,
    "NaN": b'{"query":"{ __typename }","variables":{"a":NaN}}',
    "lone surrogate": b'{"query":"{ node(id: \\"\\ud800\\") { id } }"}',
    "not UTF-8": b'{"query":"{ \xff }"}',
    "UTF-16": '{"query":"{ __typename }"}'.encode("utf-16"),
    "deep variables": b'{"query":"{ __typename }","variables":{"a":' + b"[" * 200 + b"]" * 200 + b"}}",
    "query of a wrong type": b'{"query":7}',
    "variables of a wrong type": b'{"query":"{ __typename }","variables":[1]}',
    "operationName of a wrong type": b'{"query":"{ __typename }","operationName":{}}',
    "extensions of a wrong type": b'{"query":"{ __typename }","extensions":"x"}',
    "no query": b"{}",
    "nothing": b"",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_is_400(toy: Toy, body: bytes) -> None:
    with toy.client() as client:
        answer = client.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert codes(answer) == ["BAD_REQUEST"]


def test_an_integer_of_ten_thousand_digits_is_refused_not_a_fault(toy: Toy) -> None:
    body = (
        b'{"query":"query($a: Int) { sites(first: $a) { edges { cursor } } }","variables":{"a":' + b"9" * 10_000 + b"}}"
    )
    with toy.client() as client:
        answer = client.post("/graphql", content=body, headers={"content-type": "application/json", "accept": RESPONSE})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=utf-7",
        "",
    ],
)
def test_a_body_a_foreign_form_could_send_is_415(toy: Toy, content_type: str) -> None:
    with toy.client() as client:
        answer = client.post("/graphql", content=b'{"query":"{ __typename }"}', headers={"content-type": content_type})
    assert answer.status_code == 415


def test_compressed_bodies_are_not_inflated(toy: Toy) -> None:
    bomb = gzip.compress(b'{"query":"{ __typename }","x":"' + b"a" * (10 << 20) + b'"}')
    with toy.client() as client:
        answer = client.post(
            "/graphql", content=bomb, headers={"content-type": "application/json", "content-encoding": "gzip"}
        )
    assert answer.status_code == 415


def test_a_large_body_is_413_announced_or_not(toy: Toy) -> None:
    large = b'{"query":"{ __typename }","x":"' + b"a" * 300_000 + b'"}'
    with toy.client() as client:
        headers = {"content-type": "application/json"}
        assert client.post("/graphql", content=large, headers=headers).status_code == 413
        assert client.post("/graphql", content=iter([large[:1000], large[1000:]]), headers=headers).status_code == 413


def test_get_answers_queries_and_refuses_mutations_with_405(toy: Toy) -> None:
    with toy.client() as client:
        assert client.get("/graphql", params={"query": "{ viewer { name } }"}).json() == {
            "data": {"viewer": {"name": "a"}}
        }
        refused = client.get("/graphql", params={"query": 'mutation { rename(name: "x") }'})
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
        given = {"query": "query($n: Int) { sites(first: $n) { edges { cursor } } }", "variables": '{"n": 2}'}
        assert len(client.get("/graphql", params=given).json()["data"]["sites"]["edges"]) == 2
        assert client.get("/graphql", params={"query": "{ __typename }", "x": "y" * 9_000}).status_code == 414


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_other_methods_are_405(toy: Toy, method: str) -> None:
    with toy.client() as client:
        answer = client.request(method, "/graphql")
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "query",
    [
        "{ viewer { name } }",
        "{ nope }",
        "{ nope",
        "{ __schema { types { name } } }",
        'mutation { rename(name: "x") }',
        "mutation { signOut } # signIn",
    ],
)
def test_a_stranger_gets_401_whatever_is_asked(toy: Toy, query: str) -> None:
    answer = toy.ask(query, token=None)
    assert answer.status_code == 401
    assert codes(answer) == ["UNAUTHENTICATED"]
    assert toy.ask(query, token="wrong").status_code == 401


def test_a_stranger_may_sign_in(toy: Toy) -> None:
    assert toy.ask(SIGN_IN % "good", token=None).json()["data"]["signIn"]["token"] == "token-a"
    assert codes(toy.ask(SIGN_IN % "bad", token=None)) == ["FORBIDDEN"]


@pytest.mark.parametrize(
    "query",
    [
        'mutation { signIn(email: "a", password: "b") { token secretOfTheHouse } }',
        'mutation { signIn(email: "a", password: "b") { token inventedField } }',
        'mutation { signIn(email: "a", password: "b") { token } signOut }',
        'mutation { signIn(email: "a", password: "b") { token } invented }',
        'mutation { signIn(email: "a", password: "b") { ...F } } fragment F on SignInPayload { token }',
        'mutation { signIn(email: "a", password: "b") { token ' + "token " * 60 + "} }",
        'mutation { signIn(email: "' + "a" * 3_000 + '", password: "b") { token } }',
    ],
)
def test_a_sign_in_that_asks_for_more_is_401_whether_or_not_it_exists(toy: Toy, query: str) -> None:
    assert toy.ask(query, token=None).status_code == 401


def test_a_wrong_sign_in_learns_nothing_of_the_schema(toy: Toy) -> None:
    answer = toy.ask('mutation { signIn(mail: "a", password: 7) { token } }', token=None)
    assert answer.status_code == 400
    assert [error["message"] for error in answer.json()["errors"]] == ["the sign-in cannot be understood"]


def test_a_cookie_works_for_our_own_pages_only(toy: Toy) -> None:
    with toy.client(None) as client:
        client.cookies.set("session", "token-a")
        own = f"http://127.0.0.1:{toy.port}"
        for headers, status in (
            ({"origin": own}, 200),
            ({}, 200),
            ({"origin": "https://evil.example"}, 403),
            ({"origin": "null"}, 403),
            ({"sec-fetch-site": "cross-site"}, 403),
        ):
            answer = client.post("/graphql", json={"query": "{ viewer { name } }"}, headers=headers)
            assert answer.status_code == status, headers


def test_a_fault_is_masked_and_carries_the_trace_id(toy: Toy) -> None:
    answer = toy.ask("{ broken viewer { name } }")
    assert "secret" not in answer.text
    assert answer.json()["data"] == {"broken": None, "viewer": {"name": "a"}}
    assert codes(answer) == ["INTERNAL_SERVER_ERROR"]
    assert answer.json()["errors"][0]["extensions"]["traceId"] == answer.headers["x-trace-id"]


def test_the_cost_is_reported(toy: Toy) -> None:
    query = "{ sites(first: 10) { edges { node { name banks(first: 5) { edges { node { label } } } } } } }"
    answer = toy.ask(query)
    assert answer.headers["x-graphql-cost"] == "66/60000"
    with toy.client() as client:
        reported = client.post("/graphql", json={"query": query}, headers={"x-graphql-cost": "report"})
    assert reported.json()["extensions"]["cost"] == {"requested": 66, "limit": 60_000}
    assert reported.json()["data"] == answer.json()["data"]


def test_what_variables_make_too_dear_is_refused(toy: Toy) -> None:
    one = "sites(first: $n) { edges { node { banks(first: $n) { edges { node { label } } } } } }"
    query = "query($n: Int!) { " + " ".join(f"a{number}: {one}" for number in range(6)) + " }"
    assert codes(toy.ask(query, variables={"n": 100})) == ["COST_LIMIT"]
    assert "errors" not in toy.ask(query, variables={"n": 3}).json()


def test_a_persisted_document_is_asked_for_by_its_hash(toy: Toy) -> None:
    with toy.client() as client:
        answer = client.post("/graphql", json={"documentId": f"sha256:{digest(PERSISTED)}"})
        assert answer.json()["data"] == {"sites": {"edges": [{"node": {"name": "site 0"}}]}}
        unknown = client.post("/graphql", json={"documentId": f"sha256:{'0' * 64}"})
        assert codes(unknown) == ["PERSISTED_QUERY_NOT_FOUND"]


def test_a_client_may_register_a_document_under_its_true_hash(toy: Toy) -> None:
    text = "query Mine { viewer { name } }"
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}
    with toy.client() as client:
        ask = {"extensions": extensions}
        assert codes(client.post("/graphql", json=ask)) == ["PERSISTED_QUERY_NOT_FOUND"]
        assert client.post("/graphql", json=ask | {"query": text}).json()["data"] == {"viewer": {"name": "a"}}
        assert client.post("/graphql", json=ask).json()["data"] == {"viewer": {"name": "a"}}
        assert client.post("/graphql", json=ask | {"query": text + " "}).json()["data"] == {"viewer": {"name": "a"}}
        false = {"persistedQuery": {"version": 1, "sha256Hash": "1" * 64}}
        assert codes(client.post("/graphql", json={"extensions": false, "query": text})) == ["BAD_REQUEST"]


def test_an_answer_that_takes_too_long_is_given_up(start: Start) -> None:
    hasty = start(run_seconds=0.2)
    began = time.perf_counter()
    assert codes(hasty.ask("{ slow(seconds: 20) }")) == ["TIMEOUT"]
    assert time.perf_counter() - began < 5


def test_a_neighbour_hardly_waits_while_large_documents_are_read(toy_apart: Toy) -> None:
    sites = " ".join(f"f{number}: sites {{ edges {{ node {{ {'name id ' * 12} }} }} }}" for number in range(30))
    heavy = [f"query Q{number} {{ {sites} }}" for number in range(8)]
    waits = []
    with ThreadPoolExecutor(4) as pool, toy_apart.client() as client:
        attacks = [pool.submit(toy_apart.ask, query, operationName="Missing") for query in heavy]
        while not all(attack.done() for attack in attacks):
            began = time.perf_counter()
            assert client.post("/graphql", json={"query": "{ __typename }"}).status_code == 200
            waits.append(time.perf_counter() - began)
    assert {codes(attack.result())[0] for attack in attacks} == {"BAD_REQUEST"}
    assert max(waits) < 0.25


def test_introspection_is_answered_whole(toy: Toy) -> None:
    names = {kind["name"] for kind in toy.ask("{ __schema { types { name } } }").json()["data"]["__schema"]["types"]}
    assert {"Site", "Bank", "Query"} <= names
    repeated = toy.ask("query($n: String!) { __type(name: $n) { name } }", variables={"n": "Site"})
    assert json.loads(repeated.content) == {"data": {"__type": {"name": "Site"}}}
