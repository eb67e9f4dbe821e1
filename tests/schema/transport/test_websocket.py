import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from tests.schema.transport.conftest import Start, Toy

PROTOCOL = Subprotocol("graphql-transport-ws")
INIT = {"type": "connection_init", "payload": {"Authorization": "Bearer token-a"}}
Said = dict[str, object]


@contextmanager
def opened(toy: Toy, init: object = INIT) -> Iterator[ClientConnection]:
    with connect(toy.sockets_url, subprotocols=[PROTOCOL], max_size=None) as socket:
        if init is not None:
            say(socket, init)
            assert hear(socket) == {"type": "connection_ack"}
        yield socket


def say(socket: ClientConnection, message: object) -> None:
    socket.send(message if isinstance(message, str | bytes) else json.dumps(message))


def hear(socket: ClientConnection) -> Said:
    text = socket.recv(timeout=5)
    assert isinstance(text, str), "text frames only"
    message = json.loads(text)
    assert isinstance(message, dict)
    return message


def subscribe(id: str, query: str, **more: object) -> Said:
    return {"id": id, "type": "subscribe", "payload": {"query": query, **more}}


def closing(socket: ClientConnection, seconds: float = 5) -> tuple[int, str]:
    """The close code and reason the server sends, whatever else it sends before."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.recv(timeout=end - time.monotonic())
        except ConnectionClosed as closed:
            return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "cut without a close frame")
    raise AssertionError("still open")


def test_a_query_is_one_next_and_one_complete(toy: Toy) -> None:
    with opened(toy) as socket:
        say(socket, subscribe("q", "{ viewer { name } }"))
        assert hear(socket) == {"id": "q", "type": "next", "payload": {"data": {"viewer": {"name": "a"}}}}
        assert hear(socket) == {"id": "q", "type": "complete"}


def test_a_subscription_ends_with_complete_and_frees_its_id(toy: Toy) -> None:
    with opened(toy) as socket:
        for _ in range(2):
            say(socket, subscribe("s", "subscription($n: Int!) { countdown(from: $n) }", variables={"n": 3}))
            numbers = [hear(socket)["payload"] for _ in range(3)]
            assert numbers == [{"data": {"countdown": number}} for number in (3, 2, 1)]
            assert hear(socket) == {"id": "s", "type": "complete"}


@pytest.mark.parametrize("query", ["{ nope }", "{ nope", "subscription { countdown(from: true) }"])
def test_a_document_that_cannot_run_is_one_error_and_the_socket_stays(toy: Toy, query: str) -> None:
    with opened(toy) as socket:
        say(socket, subscribe("v", query))
        answer = hear(socket)
        assert (answer["id"], answer["type"]) == ("v", "error")
        assert isinstance(answer["payload"], list)
        assert "code" in answer["payload"][0]["extensions"]
        say(socket, subscribe("v", "{ __typename }"))
        assert hear(socket)["type"] == "next"


def test_variables_that_do_not_fit_are_an_error_message(toy: Toy) -> None:
    with opened(toy) as socket:
        say(socket, subscribe("v", "subscription($n: Int!) { countdown(from: $n) }", variables={"n": "x"}))
        answer = hear(socket)
        assert (answer["id"], answer["type"]) == ("v", "error")


def test_a_fault_in_a_subscription_is_masked_and_ends_it(toy: Toy) -> None:
    with opened(toy) as socket:
        say(socket, subscribe("b", "subscription { broken }"))
        assert hear(socket)["payload"] == {"data": {"broken": 1}}
        text = json.dumps(hear(socket))
        assert "INTERNAL_SERVER_ERROR" in text
        assert "secret" not in text
        assert hear(socket) == {"id": "b", "type": "complete"}


def test_an_engine_that_gives_up_a_slow_consumer_closes_with_4413(toy: Toy) -> None:
    with opened(toy) as socket:
        say(socket, subscribe("s", "subscription { lagging }"))
        assert hear(socket)["payload"] == {"data": {"lagging": 1}}
        assert closing(socket) == (4413, "Too slow")


def test_complete_from_the_client_ends_the_stream_behind_it(toy: Toy) -> None:
    with opened(toy) as socket:
        say(socket, subscribe("l", "subscription { doorAlarms { seq } }"))
        hear(socket)
        _, closed, _ = toy.facts()
        say(socket, {"id": "l", "type": "complete"})
        say(socket, {"type": "ping"})
        assert hear(socket) == {"type": "pong"}
        assert eventually(lambda: toy.facts()[1] == closed + 1)


def test_leaving_ends_the_streams_behind_the_socket(toy: Toy) -> None:
    _, closed, _ = toy.facts()
    with opened(toy) as socket:
        for number in range(5):
            say(socket, subscribe(f"l{number}", "subscription { doorAlarms { seq } }"))
        for _ in range(5):
            hear(socket)
    assert eventually(lambda: toy.facts()[:2] == (0, closed + 5))


BAD = {
    "not JSON": "hello",
    "binary": b'{"type":"ping"}',
    "array": "[]",
    "null": "null",
    "number": "7",
    "brackets": "[" * 60_000,
    "no type": "{}",
    "type of a wrong type": {"type": 1},
    "unknown type": {"type": "start", "id": "1", "payload": {"query": "{ __typename }"}},
    "no id": {"type": "subscribe", "payload": {"query": "{ __typename }"}},
    "empty id": subscribe("", "{ __typename }"),
    "id too long": subscribe("x" * 300, "{ __typename }"),
    "id of a wrong type": {"type": "subscribe", "id": 1, "payload": {"query": "{ __typename }"}},
    "no payload": {"type": "subscribe", "id": "x"},
    "no query": {"type": "subscribe", "id": "x", "payload": {}},
    "query of a wrong type": {"type": "subscribe", "id": "x", "payload": {"query": ["{a}"]}},
    "variables of a wrong type": subscribe("x", "{ __typename }", variables=[1]),
    "operationName of a wrong type": subscribe("x", "{ __typename }", operationName=3),
    "extensions of a wrong type": subscribe("x", "{ __typename }", extensions="e"),
    "complete without id": {"type": "complete"},
    "ping payload of a wrong type": {"type": "ping", "payload": "x"},
    "next from the client": {"type": "next", "id": "1", "payload": {}},
}


@pytest.mark.parametrize("message", BAD.values(), ids=BAD)
def test_a_bad_message_closes_with_4400(toy: Toy, message: object) -> None:
    with opened(toy) as socket:
        say(socket, message)
        assert closing(socket)[0] == 4400


def test_a_frame_beyond_the_limit_closes_with_1009(toy: Toy) -> None:
    with opened(toy) as socket:
        say(socket, json.dumps(subscribe("x", "{ __typename }" + " " * 70_000)))
        assert closing(socket)[0] == 1009


def test_subscribing_before_the_acknowledgement_closes_with_4401(toy: Toy) -> None:
    with opened(toy, init=None) as socket:
        say(socket, subscribe("a", "{ __typename }"))
        assert closing(socket)[0] == 4401


@pytest.mark.parametrize(
    "payload",
    [None, {}, {"Authorization": "Bearer wrong"}, {"Authorization": 7}, {"Authorization": ["Bearer token-a"]}],
)
def test_init_without_good_credentials_closes_with_4403(toy: Toy, payload: object) -> None:
    with opened(toy, init=None) as socket:
        say(socket, {"type": "connection_init", "payload": payload})
        assert closing(socket) == (4403, "Forbidden")


def test_a_second_init_closes_with_4429(toy: Toy) -> None:
    with opened(toy) as socket:
        say(socket, INIT)
        assert closing(socket)[0] == 4429


def test_no_init_in_time_closes_with_4408_however_many_pings_come(toy: Toy) -> None:
    with opened(toy, init=None) as socket:
        began = time.monotonic()
        for _ in range(3):
            say(socket, {"type": "ping"})
            assert hear(socket) == {"type": "pong"}
            time.sleep(0.1)
        assert closing(socket)[0] == 4408
        assert 0.4 < time.monotonic() - began < 3


def test_an_id_in_use_closes_with_4409(toy: Toy) -> None:
    with opened(toy) as socket:
        say(socket, subscribe("é" * 200, "subscription { doorAlarms { seq } }"))
        hear(socket)
        say(socket, subscribe("é" * 200, "subscription { doorAlarms { seq } }"))
        assert closing(socket)[0] == 4409


@pytest.mark.parametrize("protocols", [[Subprotocol("graphql-ws")], [Subprotocol("nope")], None])
def test_only_the_present_protocol_is_spoken(toy: Toy, protocols: list[Subprotocol] | None) -> None:
    with connect(toy.sockets_url, subprotocols=protocols) as socket:
        assert closing(socket)[0] == 4406


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"])
def test_a_foreign_page_is_refused_at_the_handshake(toy: Toy, origin: str) -> None:
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(toy.sockets_url, subprotocols=[PROTOCOL], origin=Origin(origin)),
    ):
        pass
    assert refused.value.response.status_code == 403


def test_our_own_page_signs_in_by_its_cookie(toy: Toy) -> None:
    own, cookie = Origin(f"http://127.0.0.1:{toy.port}"), {"cookie": "session=token-a"}
    with connect(toy.sockets_url, subprotocols=[PROTOCOL], origin=own, additional_headers=cookie) as socket:
        say(socket, {"type": "connection_init"})
        assert hear(socket) == {"type": "connection_ack"}


def test_the_hundred_and_first_operation_is_refused_alone(toy: Toy) -> None:
    with opened(toy) as socket:
        for number in range(101):
            say(socket, subscribe(f"k{number}", "subscription { doorAlarms { seq } }"))
        kinds = [hear(socket) for _ in range(101)]
        refused = [message for message in kinds if message["type"] == "error"]
        assert [message["id"] for message in refused] == ["k100"]
        assert "OVERLOADED" in json.dumps(refused)


def test_a_flood_of_messages_closes_with_4429(toy: Toy) -> None:
    with opened(toy) as socket:
        try:
            for _ in range(3_000):
                say(socket, {"type": "ping"})
        except ConnectionClosed:
            pass
        assert closing(socket)[0] == 4429


def test_a_revoked_caller_is_closed_with_4401_and_hears_nothing_more(toy: Toy) -> None:
    with opened(toy, {"type": "connection_init", "payload": {"Authorization": "Bearer token-b"}}) as socket:
        say(socket, subscribe("l", "subscription { doorAlarms { seq } }"))
        hear(socket)
        with toy.client() as client:
            client.get("/revoke", params={"token": "token-b"})
        began = time.monotonic()
        assert closing(socket) == (4401, "Session revoked")
        assert time.monotonic() - began < 2
    with opened(toy, init=None) as socket:
        say(socket, {"type": "connection_init", "payload": {"Authorization": "Bearer token-b"}})
        assert closing(socket)[0] == 4403


def test_a_caller_whose_rights_changed_is_closed_with_4412_and_let_in_again(toy: Toy) -> None:
    greeting = {"type": "connection_init", "payload": {"Authorization": "Bearer token-c"}}
    with opened(toy, greeting) as socket:
        say(socket, subscribe("l", "subscription { doorAlarms { seq } }"))
        hear(socket)
        with toy.client() as client:
            client.get("/revoke", params={"token": "token-c", "changed": "1"})
        assert closing(socket) == (4412, "Rights changed")
    with opened(toy, greeting) as socket:
        say(socket, subscribe("l", "subscription { doorAlarms { seq } }"))
        assert hear(socket)["type"] == "next"


def test_an_expired_caller_is_closed_with_4401(toy: Toy) -> None:
    with opened(toy, {"type": "connection_init", "payload": {"Authorization": "Bearer token-short"}}) as socket:
        assert closing(socket) == (4401, "Session expired")


def test_a_client_that_does_not_read_is_dropped_with_4413(start: Start) -> None:
    mean = start(unread_bytes=100_000)

    async def neglect() -> int:
        async with connect_async(mean.sockets_url, subprotocols=[PROTOCOL], max_queue=2) as socket:
            await socket.send(json.dumps(INIT))
            await socket.recv()
            await socket.send(json.dumps(subscribe("f", "subscription { flood(size: 60000) }")))
            await asyncio.sleep(0.5)
            try:
                while True:
                    await socket.recv()
                    await asyncio.sleep(0.002)
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006

    assert asyncio.run(asyncio.wait_for(neglect(), 20)) == 4413
    assert eventually(lambda: mean.facts()[0] == 0)


def eventually(true: object, seconds: float = 5) -> bool:
    assert callable(true)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return False
