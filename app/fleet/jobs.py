"""The fleet: a keeper for every bank there is, while this process holds the lease; others stand by."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import orjson

from app.contact import service as contact
from app.devices import queries as devices
from app.devices.port import Adapter, Connection, DeviceError, Refused
from app.devices.store import LOOK
from app.fleet.service import Keeper
from app.kit.bus import COMMANDS, LOST, Bus
from app.kit.clock import Clock, utc_now
from app.kit.db import Conn, Database
from app.kit.lease import lease
from app.kit.pause import first_of, pause
from app.kit.seal import SealBroken, Sealer
from app.lockers import queries as lockers
from app.lockers import store as lockers_store
from app.lockers.model import Bank
from app.orders.jobs import Desk, Hands
from app.stays.model import PickupCodes
from app.vendors import store as vendors_store
from app.vendors.jobs import Surveyor
from app.vendors.service import UNUSABLE, Places
from tenants.system import system_context

log = logging.getLogger("lockyard.fleet")

# Who keeps the fleet holds the lease of this name.
FLEET = "fleet"

# Banks may come, go and change; whoever adds one rings the bell of commands, this is for lost bells.
CENSUS_SECONDS = 10.0
CONTACTS_SECONDS = 0.3
SURVEYS_SECONDS = 5.0
LEASE_SECONDS = 1.0

OpenAdapter = Callable[[Connection], Adapter]


@dataclass(slots=True)
class _Kept:
    keeper: Keeper
    stop: asyncio.Event
    task: asyncio.Task[None]
    revision: int


@dataclass(slots=True)
class _Line:
    """One connection's adapter, and the task that listens to what it pushes."""

    adapter: Adapter
    listening: asyncio.Task[None]


@dataclass(slots=True)
class Fleet:
    db: Database
    bus: Bus
    open_adapter: OpenAdapter
    sealer: Sealer
    clock: Clock = utc_now
    places: Places | None = None
    _kept: dict[UUID, _Kept] = field(default_factory=dict)
    _lines: dict[UUID, _Line] = field(default_factory=dict)
    _leaving: dict[asyncio.Task[None], frozenset[UUID]] = field(default_factory=dict)
    _heard: dict[UUID, Mapping[str, object]] = field(default_factory=dict)
    _written: dict[UUID, datetime] = field(default_factory=dict)
    _census: asyncio.Event = field(default_factory=asyncio.Event)
    _asked: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.bus.on(COMMANDS, self._ring)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, or until the lease is lost: then it raises, and whoever supervises starts it again."""
        async with lease(self.db, FLEET, stop) as conn:
            if conn is None:
                return
            log.info("keeping the fleet")
            duties = (self._hold(conn, stop), self._count(stop), self._tell_contacts(stop), self._survey(stop))
            tasks = [asyncio.create_task(duty) for duty in duties]
            try:
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await self._disband()

    def _ring(self, payload: str | None) -> None:
        """There may be commands for a bank; None: for any of them. A bank nobody keeps is a new one."""
        asked, look = (None, False) if payload is None else (payload.removesuffix(LOOK), payload.endswith(LOOK))
        named = [kept for id_, kept in self._kept.items() if asked in {None, str(id_)}]
        for kept in named:
            (kept.keeper.hint if look else kept.keeper.wake).set()
        self._asked.set()
        if not named or payload is None:
            self._census.set()

    async def _hold(self, conn: Conn, stop: asyncio.Event) -> None:
        """The lock lives and dies with its connection: without it another process may be sending."""
        while not stop.is_set():
            await conn.fetchval("SELECT 1")
            await pause(stop, LEASE_SECONDS)

    async def _count(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._census.clear()
            async with self.db.plain() as conn:
                banks = {bank.id: bank for bank in await lockers.fleet(conn)}
            self._let_go(banks)
            for id_, bank in banks.items():
                if id_ in self._kept:
                    self._kept[id_].keeper.desk.bank = bank
                elif not self._left(id_) and not self._left(bank.connection_id):
                    await self._keep(bank)
            await first_of((stop, self._census), CENSUS_SECONDS)

    def _let_go(self, banks: Mapping[UUID, Bank]) -> None:
        """Banks that are gone, and those whose doors or line changed: they are kept anew, over a new line."""
        changed = {id_ for id_, kept in self._kept.items() if id_ in banks and kept.revision != banks[id_].revision}
        lines = {self._line_of(id_) for id_ in changed}
        wanted = {bank.connection_id for bank in banks.values()} - lines
        leaving: dict[UUID, list[UUID]] = {id_: [] for id_ in self._lines.keys() - wanted}
        for id_ in self._kept:
            if id_ not in banks or self._line_of(id_) in lines:
                leaving.setdefault(self._line_of(id_), []).append(id_)
        for line, ids in leaving.items():
            self._see_off([self._kept.pop(id_) for id_ in ids], line, ids, hang_up=line not in wanted)

    def _line_of(self, bank_id: UUID) -> UUID:
        return self._kept[bank_id].keeper.desk.bank.connection_id

    def _see_off(self, kept: Sequence[_Kept], line: UUID, ids: Sequence[UUID], *, hang_up: bool) -> None:
        """Apart, because a keeper may be in a long call to its vendor and others are not to wait for it. Until they
        have ended nobody else keeps these banks, or opens this line: a bus has one master."""
        for each in kept:
            each.stop.set()
        gone = self._lines.pop(line, None) if hang_up else None
        task = asyncio.create_task(self._gone(kept, gone))
        self._leaving[task] = frozenset((*ids, line) if hang_up else ids)
        task.add_done_callback(self._is_gone)

    async def _gone(self, kept: Sequence[_Kept], line: _Line | None) -> None:
        if kept:
            await asyncio.wait([each.task for each in kept])
        if line is not None:
            await self._hang_up(line)

    def _is_gone(self, task: asyncio.Task[None]) -> None:
        del self._leaving[task]
        self._census.set()
        if not task.cancelled() and (error := task.exception()):
            log.error("a line did not end in order: %s", error)

    def _left(self, id_: UUID) -> list[asyncio.Task[None]]:
        """What has yet to end before this bank, or this line, is anybody's again."""
        return [task for task, ids in self._leaving.items() if id_ in ids]

    async def _survey(self, stop: asyncio.Event) -> None:
        """Surveys go over the same lines: a bus has one master."""
        surveyor = Surveyor(self.db, self._lend, self._asked.set, self.clock)
        try:
            while not stop.is_set():
                self._asked.clear()
                try:
                    await surveyor.begin_waiting()
                except LOST as error:
                    log.warning("surveys wait: the database is away: %s", type(error).__name__)
                await first_of((stop, self._asked), SURVEYS_SECONDS)
        finally:
            await surveyor.abandon()

    @asynccontextmanager
    async def _lend(self, tenant_id: UUID, connection_id: UUID) -> AsyncIterator[Adapter]:
        """The line its banks are kept by; for an account without banks one of its own, hung up afterwards."""
        while before := self._left(connection_id):
            await asyncio.wait(before)
        kept = self._lines.get(connection_id)
        adapter = kept.adapter if kept else await self._opened(tenant_id, connection_id)
        try:
            yield adapter
        finally:
            if kept is None:
                await adapter.close()

    async def _opened(self, tenant_id: UUID, connection_id: UUID) -> Adapter:
        """Raises SealBroken, and DeviceError for what its vendor cannot work with."""
        async with self.db.tenant([tenant_id]) as conn:
            row = await devices.connection(conn, tenant_id, connection_id)
        if row is None:
            raise Refused("This account was removed.")
        given = connection_of(row, self.sealer)
        if self.places is not None:
            # Here too: it may have been connected before addresses had owners, or have moved behind its name.
            async with self.db.tenant([tenant_id]) as conn:
                if await vendors_store.own(conn, tenant_id, connection_id, await self.places(given)) is None:
                    raise Refused(UNUSABLE)
        return self.open_adapter(given)

    async def _keep(self, bank: Bank) -> None:
        try:
            adapter = await self._adapter(bank)
        except (DeviceError, SealBroken) as error:
            await self._give_up(bank, str(error))
            return
        except LOST:
            raise
        except Exception as error:  # noqa: BLE001 - what one tenant enters must not end the keeping of all banks
            await self._give_up(bank, f"Its settings cannot be worked with: {type(error).__name__}.")
            return
        hands = Hands(self.db, PickupCodes.of(self.sealer), self._hear, self.clock)
        keeper, ended = Keeper(Desk(bank, adapter, hands)), asyncio.Event()
        self._written.pop(bank.id, None)
        self._kept[bank.id] = _Kept(keeper, ended, asyncio.create_task(self._watched(keeper, ended)), bank.revision)

    async def _give_up(self, bank: Bank, why: str) -> None:
        """Told once; the next census tries again."""
        if bank.reachable:
            log.error("bank %s cannot be kept: %s", bank.id, why)
            async with system_context(self.db, bank.tenant_id, origin="device", clock=self.clock).begin() as work:
                await contact.unreachable(work, bank, work.now, why)

    async def _watched(self, keeper: Keeper, stop: asyncio.Event) -> None:
        """One bank's fault must not end the others' keeping."""
        while not stop.is_set():
            try:
                await keeper.run(stop)
            except Exception:
                log.exception("the keeper of bank %s failed", keeper.desk.bank.id)
                await pause(stop, 1.0)

    async def _adapter(self, bank: Bank) -> Adapter:
        if bank.connection_id not in self._lines:
            adapter = await self._opened(bank.tenant_id, bank.connection_id)
            self._lines[bank.connection_id] = _Line(adapter, asyncio.create_task(self._listen(adapter)))
        return self._lines[bank.connection_id].adapter

    async def _listen(self, adapter: Adapter) -> None:
        try:
            async for hint in adapter.hints():
                for kept in self._kept.values():
                    if kept.keeper.desk.adapter is adapter and kept.keeper.desk.bank.external_id == hint.bank:
                        kept.keeper.hint.set()
        except DeviceError as error:
            # Hints only make things quicker: the polls go on without them.
            log.warning("%s pushes no more hints: %s", adapter.vendor, error.detail)

    def _hear(self, bank: Bank, at: datetime, abilities: dict[str, str]) -> None:
        """A bank answered. Written at most once in its poll time, and only of the line that it is behind now."""
        before, kept = self._written.get(bank.id), self._kept.get(bank.id)
        if kept is None or kept.revision != bank.revision:
            return
        if before is None or (at - before).total_seconds() >= min(bank.poll_seconds, 60) * 0.9:
            told = {"at": at, "capabilities": abilities, "revision": kept.revision}
            self._heard[bank.id] = {"tenant_id": bank.tenant_id, "id": bank.id, **told}

    async def _tell_contacts(self, stop: asyncio.Event) -> None:
        """All banks in one small statement; a dozen of them every second, each on its own, would be all the writing."""
        while not stop.is_set():
            heard, self._heard = self._heard, {}
            if heard:
                tenants = sorted({str(row["tenant_id"]) for row in heard.values()})
                async with self.db.tenant(map(UUID, tenants)) as conn:
                    await lockers_store.CONTACTS.run(conn, heard=[heard[id_] for id_ in sorted(heard)])
                self._written |= {id_: row["at"] for id_, row in heard.items() if isinstance(row["at"], datetime)}
            await pause(stop, CONTACTS_SECONDS)

    async def _disband(self) -> None:
        """What is being sent is finished and written down: the shortest way to know how it ended."""
        self._let_go({})
        if self._leaving:
            await asyncio.wait(list(self._leaving))

    async def _hang_up(self, line: _Line) -> None:
        line.listening.cancel()
        await line.adapter.close()


def connection_of(row: Mapping[str, object], sealer: Sealer) -> Connection:
    """Raises SealBroken. The secret is opened here and goes to the adapter alone."""
    id_, sealed = row["id"], row["secret_sealed"]
    assert isinstance(id_, UUID)
    bare = Connection(id_, str(row["vendor"]), str(row["base_url"]), row["settings"])  # type: ignore[arg-type]
    if not isinstance(sealed, bytes):
        return bare
    return replace(bare, secret=orjson.loads(sealer.open(sealed, id_.bytes)))
