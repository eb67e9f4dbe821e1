import json
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.schema.transport.conftest import Toy

EVENTS = {"accept": "text/event-stream"}


def events(answer: httpx.Response) -> list[tuple[str, str]]:
    blocks = [block for block in answer.text.split("\n\n") if block.startswith("event: ")]
    return [(block.split("\n")[0][7:], block.split("\n")[1][6:]) for block in blocks]


def ask(toy: Toy, query: str, **headers: str) -> httpx.Response:
    with toy.client() as client:
        return client.post("/graphql", json={"query": query}, headers=EVENTS | headers)


def test_a_subscription_is_nexts_then_complete(toy: Toy) -> None:
    answer = ask(toy, "subscription { countdown(from: 3) }")
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "no-cache" in answer.headers["cache-control"]
    assert answer.headers["x-accel-buffering"] == "no"
    assert "content-length" not in answer.headers
    assert "\r" not in answer.text
    told = events(answer)
    assert [name for name, _ in told] == ["next", "next", "next", "complete"]
    assert [json.loads(data)["data"]["countdown"] for _, data in told[:3]] == [3, 2, 1]


def test_a_query_is_one_next_and_one_complete(toy: Toy) -> None:
    told = events(ask(toy, "{ viewer { name } }"))
    assert [name for name, _ in told] == ["next", "complete"]
    assert json.loads(told[0][1]) == {"data": {"viewer": {"name": "a"}}}


@pytest.mark.parametrize("query", ["{ nope }", "{ nope", "subscription { countdown }"])
def test_a_document_that_cannot_run_is_a_next_with_errors(toy: Toy, query: str) -> None:
    told = events(ask(toy, query))
    assert [name for name, _ in told] == ["next", "complete"]
    assert json.loads(told[0][1])["errors"][0]["extensions"]["code"].startswith("GRAPHQL_")


def test_an_engine_that_gives_up_a_slow_consumer_cuts_the_stream_without_complete(toy: Toy) -> None:
    assert [name for name, _ in events(ask(toy, "subscription { lagging }"))] == ["next"]


def test_who_also_accepts_json_gets_json(toy: Toy) -> None:
    urql = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"
    answer = ask(toy, "{ viewer { name } }", accept=urql)
    assert answer.headers["content-type"].startswith("application/graphql-response+json")
    assert ask(toy, "subscription { countdown(from: 1) }", accept="application/json").status_code == 406


def test_a_stranger_gets_no_stream(toy: Toy) -> None:
    with toy.client(None) as client:
        answer = client.post("/graphql", json={"query": "subscription { countdown(from: 3) }"}, headers=EVENTS)
    assert answer.status_code == 401


def lines(answer: httpx.Response, seconds: float) -> Iterator[str]:
    end = time.monotonic() + seconds
    for line in answer.iter_lines():
        yield line
        if time.monotonic() > end:
            return


def test_a_silent_stream_beats(toy: Toy) -> None:
    body = {"query": "{ slow(seconds: 1) }"}
    with toy.client() as client, client.stream("POST", "/graphql", json=body, headers=EVENTS) as answer:
        assert list(lines(answer, 3)).count(":") >= 3


def test_leaving_ends_the_stream_behind_it(toy: Toy) -> None:
    _, closed, _ = toy.facts()
    body = {"query": "subscription { doorAlarms { seq } }"}
    with toy.client() as client, client.stream("POST", "/graphql", json=body, headers=EVENTS) as answer:
        assert "event: next" in lines(answer, 3)
    end = time.monotonic() + 5
    while toy.facts()[1:] != (closed + 1, 0) and time.monotonic() < end:
        time.sleep(0.05)
    assert toy.facts()[1:] == (closed + 1, 0)


def test_a_revoked_callers_stream_ends(toy: Toy) -> None:
    body = {"query": "subscription { doorAlarms { seq } }"}
    with toy.client("token-b") as client, client.stream("POST", "/graphql", json=body, headers=EVENTS) as answer:
        told = lines(answer, 10)
        assert "event: next" in told
        with toy.client() as other:
            other.get("/revoke", params={"token": "token-b"})
        began = time.monotonic()
        assert "event: complete" not in list(told)
        assert time.monotonic() - began < 2


def test_an_expired_callers_stream_ends(toy: Toy) -> None:
    body = {"query": "subscription { doorAlarms { seq } }"}
    with toy.client("token-short") as client, client.stream("POST", "/graphql", json=body, headers=EVENTS) as answer:
        began = time.monotonic()
        assert list(lines(answer, 10))
        assert time.monotonic() - began < 3
