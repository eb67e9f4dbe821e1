"""What stands between us and boards in the field: a serial device, and a terminal server that speaks RFC 2217."""

import asyncio
import os
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_IAC, _SE, _SB, _WILL, _DO = 255, 240, 250, 251, 253
_COM_PORT, _FROM_SERVER = 44, 100
_SET_BAUDRATE, _SET_PARITY = 1, 3


async def _line(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = url.removeprefix("socket://").partition(":")
    return await asyncio.open_connection(host, int(port))


@asynccontextmanager
async def serial_device(url: str) -> AsyncIterator[str]:
    """A pseudo-terminal whose other end is wired to the line: a serial device as far as any program can see."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    reader, writer = await _line(url)
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, lambda: writer.write(os.read(ours, 256)))

    async def back() -> None:
        while data := await reader.read(256):
            os.write(ours, data)

    task = asyncio.create_task(back())
    try:
        yield os.ttyname(theirs)
    finally:
        loop.remove_reader(ours)
        task.cancel()
        writer.transport.abort()
        os.close(ours)
        os.close(theirs)


class TerminalServer:
    """One serial port of a terminal server. `settings`: what its client has set, by RFC 2217's numbers."""

    def __init__(self, line: str) -> None:
        self._line_url = line
        self.url = ""
        self.settings: dict[int, bytes] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def baudrate(self) -> int:
        return int.from_bytes(self.settings[_SET_BAUDRATE], "big")

    @property
    def parity(self) -> int:
        """1 none, 2 odd, 3 even."""
        return self.settings[_SET_PARITY][0]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line_reader, line_writer = await _line(self._line_url)
        agreed: set[tuple[int, int]] = set()
        back = asyncio.create_task(self._back(line_reader, writer))
        self._tasks.add(back)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    byte = await reader.readexactly(1)
                    if byte[0] != _IAC or (byte := await reader.readexactly(1))[0] == _IAC:
                        line_writer.write(byte)
                    else:
                        await self._command(byte[0], reader, writer, agreed)
        finally:
            back.cancel()
            for each in (writer, line_writer):
                each.transport.abort()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(256):
            writer.write(data.replace(bytes((_IAC,)), bytes((_IAC, _IAC))))

    async def _command(
        self, command: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, agreed: set[tuple[int, int]]
    ) -> None:
        option = (await reader.readexactly(1))[0]
        if command in {_WILL, _DO}:
            if (command, option) in agreed:
                # What is so already is not answered: two that answer everything would never end.
                return
            agreed.add((command, option))
            writer.write(bytes((_IAC, _DO if command == _WILL else _WILL, option)))
        elif command == _SB and option == _COM_PORT:
            said = (await reader.readuntil(bytes((_IAC, _SE))))[:-2].replace(bytes((_IAC, _IAC)), bytes((_IAC,)))
            self.settings[said[0]] = said[1:]
            answer = bytes((said[0] + _FROM_SERVER,)) + said[1:].replace(bytes((_IAC,)), bytes((_IAC, _IAC)))
            writer.write(bytes((_IAC, _SB, _COM_PORT)) + answer + bytes((_IAC, _SE)))


@asynccontextmanager
async def terminal_server(line: str) -> AsyncIterator[TerminalServer]:
    found = TerminalServer(line)
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"rfc2217://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield found
    finally:
        server.close()
