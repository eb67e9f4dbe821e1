import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from app.kit.server import GuardedHTTP, make_server

GET = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n"
LARGE = b"x" * (32 << 20)


class Hasty(GuardedHTTP):
    head_seconds = 0.4
    body_seconds = 0.4
    stall_seconds = 0.3


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        return
    message = await receive()
    while message.get("more_body"):
        message = await receive()
    body = LARGE if scope["path"] == "/large" else b"hello"
    length = str(len(body)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = make_server(application, host="127.0.0.1", port=0, http=Hasty)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(15)
    assert not thread.is_alive()


def talk(port: int, *pieces: bytes, pause: float = 0.0, seconds: float = 5.0) -> tuple[bytes, float]:
    """What comes back until the server closes, and how long that took."""
    began = time.monotonic()
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
            while received := connection.recv(65_536):
                answer += received
        except ConnectionError:
            pass
    return answer, time.monotonic() - began


def test_a_whole_request_is_answered_without_naming_the_server(port: int) -> None:
    answer, _ = talk(port, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nserver:" not in answer.lower()


@pytest.mark.parametrize(
    "pieces", [[], [b"GET / HT"], [b"GET / HTTP/1.1\r\n", *[b"X-A: b\r\n"] * 15], [GET + b"GE", *[b"X"] * 15]]
)
def test_a_head_that_is_not_finished_in_time_is_cut_off(port: int, pieces: list[bytes]) -> None:
    _, took = talk(port, *pieces, pause=0.1)
    assert took < 2.5


def test_a_body_that_is_not_finished_in_time_is_cut_off(port: int) -> None:
    answer, took = talk(port, POST, *[b"x"] * 9, pause=0.15)
    assert b"200" not in answer
    assert took < 2.5


def test_a_kept_connection_serves_again_within_the_deadline(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        for _ in range(3):
            connection.sendall(POST + b"0123456789")
            answer = connection.recv(65_536)
            while not answer.endswith(b"hello"):
                more = connection.recv(65_536)
                assert more, "the connection was not kept"
                answer += more
            time.sleep(0.6)


def test_a_peer_that_reads_nothing_is_cut_off(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        time.sleep(1.5)
        received = 0
        try:
            while more := connection.recv(1 << 20):
                received += len(more)
        except ConnectionError:
            pass
    assert 0 < received < len(LARGE)


def test_a_slow_reader_gets_everything(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        received = 0
        while more := connection.recv(1 << 20):
            received += len(more)
            time.sleep(0.01)
    assert received > len(LARGE)


REFUSED = {
    "a hundred thousand headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 100_000 + b"\r\n",
    "a header without end": b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"b" * (1 << 20),
    "a long address": b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "length and chunks": POST.replace(b"Host", b"Transfer-Encoding: chunked\r\nHost") + b"0\r\n\r\n",
    "another protocol": bytes.fromhex("160301020001000001fc0303") + b"\0" * 500,
    "a version of the future": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", REFUSED.values(), ids=REFUSED)
def test_an_ambiguous_or_oversized_head_is_refused(port: int, request_bytes: bytes) -> None:
    answer, took = talk(port, request_bytes)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert took < 2.5


def test_sigterm_closes_sockets_with_1012_ends_streams_and_exits_within_ten_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.schema.transport.toy", str(port)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[3], stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        body = json.dumps({"query": "subscription { doorAlarms { seq } }"}).encode()
        head = b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer token-a\r\n"
        head += b"Accept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        with (
            connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=["graphql-transport-ws"]) as live,  # type: ignore[list-item]
            socket.create_connection(("127.0.0.1", port), timeout=12) as stream,
        ):
            live.send(json.dumps({"type": "connection_init", "payload": {"Authorization": "Bearer token-a"}}))
            live.recv(timeout=5)
            stream.sendall(head + body)
            assert b"text/event-stream" in stream.recv(65_536)
            began = time.monotonic()
            os.kill(process.pid, signal.SIGTERM)
            with pytest.raises(ConnectionClosed) as closed:
                live.recv(timeout=10)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
            told = b""
            while more := stream.recv(65_536):
                told += more
            assert told.endswith(b"0\r\n\r\n")
            assert b"event: complete" not in told
        process.wait(10)
        assert time.monotonic() - began < 5
    finally:
        process.kill()
        process.wait()


def wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not come up")
