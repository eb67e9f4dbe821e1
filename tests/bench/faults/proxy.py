"""A line that fails at the one moment that matters: when a request passes that moves something."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Self

MODES = (
    "lost_answer",  # it arrives; the connection is reset before the answer
    "hang_answer",  # it arrives; no answer ever comes, the connection stays
    "reset_mid",  # it arrives; the connection is reset in the middle of the answer
    "cut_request",  # half of it arrives, then both sides are reset
    "twice",  # it arrives twice, the second time on a connection of its own
    "late",  # it arrives `late` seconds later
)
_FIRST_BYTES = 5

Moves = Callable[[bytes], bool]


class Proxy:
    """Passes everything on but what `moves`. `waits`: nothing overtakes what is held back. `struck` counts."""

    def __init__(self, host: str, port: int, moves: Moves, *, waits: bool) -> None:
        self.mode = ""
        self.late = 0.0
        self.struck = 0
        self.port = 0
        self._target, self._moves, self._waits = (host, port), moves, waits
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._keep(asyncio.current_task())
        # Cancelled at the end of a cell; asyncio would report that as a fault of its own.
        with suppress(OSError, asyncio.CancelledError):
            there, away = await asyncio.open_connection(*self._target)
            passage = _Passage(self, reader, writer, there, away)
            up = asyncio.create_task(passage.up())
            down = asyncio.create_task(passage.down())
            try:
                await up
                # Who hung up early may still have something held back on its way.
                await asyncio.wait({down}, timeout=1)
            finally:
                down.cancel()
                away.close()
        writer.close()

    def _keep(self, task: "asyncio.Task[None] | None") -> None:
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def later(self, writer: asyncio.StreamWriter, chunk: bytes) -> None:
        """On a connection of its own if its own is gone by then."""

        async def deliver() -> None:
            await asyncio.sleep(self.late)
            if not writer.is_closing():
                writer.write(chunk)
            else:
                await self.again(chunk)

        self._keep(asyncio.create_task(deliver()))

    async def again(self, chunk: bytes) -> None:
        """A second delivery; its answer is nobody's."""
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(*self._target)
            writer.write(chunk)
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(65536), 1)
            writer.close()

    async def hold(self) -> None:
        await asyncio.sleep(self.late)

    def meets(self, chunk: bytes) -> str:
        """The fault that this chunk meets, if any."""
        if not self.mode or not self._moves(chunk):
            return ""
        self.struck += 1
        return self.mode

    @property
    def waits(self) -> bool:
        return self._waits

    def beside(self, chunk: bytes) -> None:
        self._keep(asyncio.create_task(self.again(chunk)))


class _Passage:
    """One connection through the proxy. `after`: what becomes of the answer."""

    def __init__(
        self,
        proxy: Proxy,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        away: asyncio.StreamWriter,
    ) -> None:
        self._proxy, self._reader, self._writer, self._there, self._away = proxy, reader, writer, there, away
        self._after = ""

    async def up(self) -> None:
        with suppress(OSError):
            while chunk := await self._reader.read(65536):
                if not await self._forward(chunk):
                    return

    async def _forward(self, chunk: bytes) -> bool:
        fault = self._proxy.meets(chunk)
        if fault == "cut_request":
            self._away.write(chunk[: len(chunk) // 2])
            await asyncio.sleep(0.05)
            _reset(self._away)
            _reset(self._writer)
            return False
        if fault == "twice":
            # The rest of a request that came in two pieces belongs to both deliveries.
            if self._proxy.waits:
                with suppress(TimeoutError):
                    chunk += await asyncio.wait_for(self._reader.read(65536), 0.05)
            self._proxy.beside(chunk)
        if fault == "late" and not self._proxy.waits:
            self._proxy.later(self._away, chunk)
            return True
        if fault == "late":
            await self._proxy.hold()
        if fault in {"lost_answer", "hang_answer", "reset_mid"}:
            self._after = fault
        self._away.write(chunk)
        await self._away.drain()
        return True

    async def down(self) -> None:
        with suppress(OSError):
            while chunk := await self._there.read(65536):
                if self._after == "lost_answer":
                    _reset(self._writer)
                    return
                if self._after == "reset_mid":
                    self._writer.write(chunk[:_FIRST_BYTES])
                    await asyncio.sleep(0.02)
                    _reset(self._writer)
                    return
                if self._after != "hang_answer":
                    self._writer.write(chunk)
                    await self._writer.drain()
            self._writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """RST in place of FIN."""
    with suppress(OSError):
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
