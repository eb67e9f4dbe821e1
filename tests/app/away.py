"""A database that is away: an address that nothing listens on, until the way to the real one is opened."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from app.kit.pgtools import free_port


@dataclass
class Away:
    """`dsn` is the same database behind `port`."""

    real: str
    port: int

    @classmethod
    def of(cls, real: str) -> "Away":
        return cls(real, free_port())

    @property
    def dsn(self) -> str:
        parts = urlsplit(self.real)
        return urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{self.port}"))

    @asynccontextmanager
    async def back(self) -> AsyncIterator[None]:
        """While the way is open."""
        server = await asyncio.start_server(self._join, "127.0.0.1", self.port)
        try:
            yield
        finally:
            server.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to = urlsplit(self.real)
        far_reader, far_writer = await asyncio.open_connection(to.hostname, to.port)
        await asyncio.gather(_pass(reader, far_writer), _pass(far_reader, writer))


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
