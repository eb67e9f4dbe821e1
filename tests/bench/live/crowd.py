"""A crowd of WebSocket subscribers in one process, as lean as Python can: it notes when each message came.

    python -m tests.bench.live.crowd PORT COUNT TOKEN QUERY

Says {"ready": n} when all are subscribed; then, for every line on standard input, waits until each subscriber has one more
message and answers with [p50, p99, last] in seconds of the monotonic clock.
"""

import asyncio
import json
import os
import sys
import time
from base64 import b64encode
from typing import cast

import uvloop

_AT_ONCE = 200
ACK, NEXT, ERROR = b'"connection_ack"', b'"next"', b'"error"'


def frame(payload: bytes, opcode: int = 1) -> bytes:
    """A client's frame under a mask of zeros: legal, and nothing to compute."""
    size = len(payload)
    head = bytes((0x80 | opcode, 0x80 | size)) if size < 126 else bytes((0x80 | opcode, 0xFE)) + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload


class Subscriber(asyncio.Protocol):
    def __init__(self, crowd: "Crowd") -> None:
        self.crowd, self.buffer, self.upgraded = crowd, b"", False
        self.acked = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        key = b64encode(os.urandom(16)).decode()
        self.transport.write(
            f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        data = self.buffer + data if self.buffer else data
        if not self.upgraded:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self.buffer = data
                return
            if b" 101 " not in data[:20]:
                sys.exit(f"refused: {data[:200]!r}")
            self.upgraded, data = True, data[end + 4 :]
            self.transport.write(frame(self.crowd.init))
        while len(data) >= 2:
            size, start = data[1] & 0x7F, 2
            if size == 126:
                size, start = int.from_bytes(data[2:4], "big"), 4
            elif size == 127:
                size, start = int.from_bytes(data[2:10], "big"), 10
            if len(data) < start + size:
                break
            self.take(data[0] & 0x0F, data[start : start + size], now)
            data = data[start + size :]
        self.buffer = data

    def take(self, opcode: int, payload: bytes, now: float) -> None:
        if opcode == 9:
            self.transport.write(frame(payload, 10))
        elif opcode == 8:
            sys.exit(f"closed: {payload!r}")
        elif NEXT in payload[:80]:
            self.crowd.came(now)
        elif ACK in payload[:80]:
            self.transport.write(frame(self.crowd.subscribe))
            self.acked.set_result(None)
        elif ERROR in payload[:80]:
            sys.exit(f"error: {payload!r}")


class Crowd:
    def __init__(self, port: int, count: int, token: str, query: str) -> None:
        self.port, self.count = port, count
        self.init = json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}).encode()
        self.subscribe = json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}).encode()
        self.times: list[float] = []
        self.all_came = asyncio.Event()

    def came(self, now: float) -> None:
        self.times.append(now)
        if len(self.times) == self.count:
            self.all_came.set()

    async def gather(self) -> None:
        loop, members = asyncio.get_running_loop(), list[Subscriber]()
        for start in range(0, self.count, _AT_ONCE):
            some = range(start, min(start + _AT_ONCE, self.count))
            made = [loop.create_connection(lambda: Subscriber(self), "127.0.0.1", self.port) for _ in some]
            joined = [protocol for _, protocol in await asyncio.gather(*made)]
            await asyncio.gather(*(each.acked for each in joined))
            members += joined

    async def run(self) -> None:
        await self.gather()
        await asyncio.sleep(2)
        print(json.dumps({"ready": self.count}), flush=True)
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, sys.stdin.readline):
            await asyncio.wait_for(self.all_came.wait(), 60)
            came = sorted(self.times[: self.count])
            del self.times[: self.count]
            self.all_came.clear()
            print(json.dumps([came[self.count // 2], came[self.count * 99 // 100], came[-1]]), flush=True)


if __name__ == "__main__":
    port, count, token, query = sys.argv[1:]
    uvloop.run(Crowd(int(port), int(count), token, query).run())
