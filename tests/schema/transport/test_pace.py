import asyncio
import gc

import httpx

from schema.transport.pace import Pace
from tests.schema.transport.conftest import Start

ASK = {"query": "{ __typename }"}


def test_a_bucket_refills_with_time_and_each_caller_has_its_own() -> None:
    now = [0.0]
    pace, mine, other = Pace(5, clock=lambda: now[0]), asyncio.Event(), asyncio.Event()
    assert [pace.take(mine)[0] for _ in range(11)] == [True] * 10 + [False]
    assert pace.take(other)[0]
    now[0] = 0.2
    assert [pace.take(mine)[0] for _ in range(2)] == [True, False]


def test_what_an_answer_says_about_the_limit() -> None:
    pace, mine = Pace(0.5, clock=lambda: 0.0), asyncio.Event()
    assert dict(pace.take(mine)[1]) == {b"ratelimit-policy": b'"caller";q=1;w=2', b"ratelimit": b'"caller";r=0;t=2'}
    assert dict(pace.take(mine)[1])[b"retry-after"] == b"2"


def test_a_bucket_is_forgotten_with_its_caller() -> None:
    pace, mine = Pace(1), asyncio.Event()
    pace.take(mine)
    del mine
    gc.collect()
    assert not pace._buckets


def test_a_caller_too_fast_is_told_when_to_come_back_and_others_are_served(start: Start) -> None:
    toy = start(requests_per_second=2.0)
    with toy.client() as fast, toy.client("token-b") as calm:
        answers: list[httpx.Response] = [fast.post("/graphql", json=ASK) for _ in range(6)]
        assert calm.post("/graphql", json=ASK).status_code == 200
    refused = [answer for answer in answers if answer.status_code == 429]
    assert answers[0].headers["ratelimit"] == '"caller";r=3;t=0'
    assert refused
    assert refused[0].headers["retry-after"] == "1"
    assert refused[0].json()["errors"][0]["extensions"]["code"] == "OVERLOADED"
