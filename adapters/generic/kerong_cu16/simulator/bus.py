"""The lines as TCP servers: one connection is one master on the line, as behind an RS485-Ethernet converter."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Self

from adapters.generic.kerong_cu16 import wire
from adapters.generic.kerong_cu16.simulator.world import KerongWorld, Line
from adapters.simulation.faults import Fault

# Longer than this without a sound frame in it, and the rest of the input is rubbish.
INPUT_LIMIT = 64


class LineServer:
    """Serves one line; `async with` starts and stops it."""

    def __init__(self, world: KerongWorld, line: Line, host: str = "127.0.0.1") -> None:
        self.port = line.port
        self.url = ""
        self._world = world
        self._line = line
        self._host = host
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._before = b""
        self._quiet_until = 0.0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self._host, self._line.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"socket://{self._host}:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        received = b""
        with suppress(ConnectionError, asyncio.CancelledError):
            while chunk := await reader.read(256):
                received = (received + chunk)[-INPUT_LIMIT:]
                while found := wire.find_command(received):
                    address, command, end = found
                    received = received[end:]
                    if self._world.faults.away(self._line.bank) == "reset":
                        writer.transport.abort()
                        return
                    await self._carry_out(writer, address >> 4, (address & 0x0F) + 1, command)
        writer.transport.abort()

    async def _carry_out(self, writer: asyncio.StreamWriter, board: int, lock: int, command: int) -> None:
        loop = asyncio.get_running_loop()
        away = self._world.faults.away(self._line.bank)
        if away or board not in self._line.boards or loop.time() < self._quiet_until:
            return
        fault = self._world.faults.take(f"{command:x}", self._line.bank)
        kind = fault.kind if fault else ""
        if kind == "ignore":
            return
        if kind == "busy" and fault:
            self._quiet_until = loop.time() + fault.ms / 1000
        if command == wire.UNLOCK:
            if kind == "late" and fault:
                loop.call_later(fault.ms / 1000, self._world.unlock, self._line, board, lock)
            else:
                self._world.unlock(self._line, board, lock)
        if kind == "cut":
            writer.transport.abort()
        elif command == wire.STATUS or self._line.acknowledges:
            await self._reply(writer, board, fault)

    async def _reply(self, writer: asyncio.StreamWriter, board: int, fault: Fault | None) -> None:
        frame = wire.status_reply(self._world.status(self._line, board))
        before, self._before = self._before or frame, frame
        kind = fault.kind if fault else ""
        spoiled = _SPOILED[kind](frame, before) if kind in _SPOILED else frame
        seconds = fault.ms / 1000 if fault else 0.0
        if kind == "delay":
            # Not awaited: the board answers late, yet hears what comes meanwhile.
            asyncio.get_running_loop().call_later(seconds, writer.write, spoiled)
        elif kind == "split":
            writer.write(spoiled[:4])
            await asyncio.sleep(seconds)
            writer.write(spoiled[4:])
        else:
            writer.write(spoiled)


def _from_elsewhere(frame: bytes, _: bytes) -> bytes:
    body = bytes((frame[0], (frame[1] + 0x10) & 0xF0, *frame[2:8]))
    return body + bytes((wire.checksum(body),))


# What becomes of a frame, given it and the one sent before.
_SPOILED: Mapping[str, Callable[[bytes, bytes], bytes]] = {
    "address": _from_elsewhere,
    "busy": lambda _, __: b"",
    "checksum": lambda frame, _: frame[:8] + bytes((frame[8] ^ 0xFF,)),
    "drop": lambda _, __: b"",
    "garbage": lambda _, __: bytes(range(256)),
    "noise": lambda frame, _: b"\x00\xff\x02\x02\x00\x35" + frame,
    "semicolon": lambda frame, _: frame + b";",
    "stale": lambda _, before: before,
}
