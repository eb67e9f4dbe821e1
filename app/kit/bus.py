"""Wake-ups between processes. They carry "tenant X is at N" and never a fact: a lost one loses nothing."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol
from uuid import UUID

import asyncpg

from app.kit.db import Conn
from app.kit.pause import first_of, pause

FACTS = "lockyard_facts"
COMMANDS = "lockyard_commands"
REVOKED = "lockyard_revoked"

# Called with a payload, or with None: the line was down, anything may have been missed, read the truth again.
Hear = Callable[[str | None], None]

log = logging.getLogger("lockyard.bus")

# A NOTIFY payload ends at 8,000 bytes; one tenant takes at most 56.
_TENANTS_A_MESSAGE = 140
_PROBE_SECONDS = 5.0
_RETRY_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)

# What a broken or restarting server raises; everything else is a fault of ours. InternalClientError is asyncpg's word
# for a connection that died in the middle of its own bookkeeping.
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


class Bus(Protocol):
    """Any carrier of wake-ups. One that cannot join a transaction announces in `committed`."""

    def on(self, channel: str, hear: Hear) -> None: ...

    async def announce(self, conn: Conn, heads: Mapping[UUID, int]) -> None:
        """Inside the transaction that wrote the facts: heard only if it commits."""
        ...

    async def committed(self, heads: Mapping[UUID, int]) -> None:
        """After that transaction."""
        ...

    async def run(self, stop: asyncio.Event) -> None: ...


def spell_heads(heads: Mapping[UUID, int]) -> list[str]:
    """Payloads that together say where every tenant is."""
    words = [f"{tenant}:{sequence}" for tenant, sequence in heads.items()]
    return [",".join(words[at : at + _TENANTS_A_MESSAGE]) for at in range(0, len(words), _TENANTS_A_MESSAGE)]


def read_heads(payload: str) -> dict[UUID, int]:
    """The other direction; words that are not ours are passed over, since a wake-up is only ever a hint."""
    heads: dict[UUID, int] = {}
    for word in payload.split(","):
        tenant, _, sequence = word.partition(":")
        with contextlib.suppress(ValueError):
            heads[UUID(tenant)] = int(sequence)
    return heads


class PostgresBus:
    """NOTIFY and LISTEN: one connection a process, made again whenever it breaks."""

    def __init__(self, dsn: str, *, name: str = "lockyard bus") -> None:
        self._dsn, self._name = dsn, name
        self._hears: dict[str, list[Hear]] = {}
        self.connected = asyncio.Event()

    def on(self, channel: str, hear: Hear) -> None:
        """Before `run`. `hear` must not wait: it notes what it heard and returns."""
        self._hears.setdefault(channel, []).append(hear)

    async def announce(self, conn: Conn, heads: Mapping[UUID, int]) -> None:
        for payload in spell_heads(heads):
            await conn.execute("SELECT pg_notify($1, $2)", FACTS, payload)

    async def committed(self, heads: Mapping[UUID, int]) -> None:
        """Nothing to do: NOTIFY speaks at commit by itself."""

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. Every (re)connection tells all listeners that they may have missed something."""
        failures = 0
        while not stop.is_set():
            try:
                await self._listen(stop)
                failures = 0
            except (*LOST, asyncpg.PostgresError) as error:
                log.warning("the wake-up connection is lost: %s", type(error).__name__)
            self.connected.clear()
            await pause(stop, _RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])
            failures += 1

    async def _listen(self, stop: asyncio.Event) -> None:
        conn = await asyncpg.connect(self._dsn, timeout=10, server_settings={"application_name": self._name})
        try:
            gone = asyncio.Event()
            conn.add_termination_listener(lambda _conn: gone.set())
            for channel in self._hears:
                await conn.add_listener(channel, self._heard)
            self._tell(self._hears, None)
            self.connected.set()
            while not stop.is_set() and not gone.is_set():
                await first_of((stop, gone), _PROBE_SECONDS)
                if not stop.is_set() and not gone.is_set():
                    # A peer that vanished without a word is only found by asking.
                    await conn.fetchval("SELECT 1", timeout=_PROBE_SECONDS)
        finally:
            conn.terminate()

    def _heard(self, _conn: object, _pid: int, channel: str, payload: str) -> None:
        self._tell((channel,), payload)

    def _tell(self, channels: Iterable[str], payload: str | None) -> None:
        for channel in channels:
            for hear in self._hears[channel]:
                hear(payload)
