"""The keeper of a bank: has sent what waits, reads its doors, settles what is uncertain."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from app.contact import service as contact
from app.contact.model import Look, whose
from app.devices import queries as devices
from app.devices.model import CommandState
from app.devices.port import (
    BankState,
    Capability,
    DeviceError,
    OrderKind,
    Unit,
)
from app.kit.bus import LOST
from app.kit.pause import first_of, pause
from app.likeness.model import astray, names_parcels, one_of_each
from app.likeness.service import WITNESSES, witnesses
from app.lockers import queries as lockers
from app.lockers.model import MISSED_POLLS
from app.orders import service
from app.orders.jobs import READ_SECONDS, Desk, recognise
from app.orders.model import (
    Known,
    Watch,
    changes,
    found_free,
    inside,
    new_word,
    read_at,
)
from app.sending.jobs import send_waiting
from app.settling.jobs import settle
from tenants.work import Work

log = logging.getLogger("lockyard.fleet")

S = CommandState
# A wake-up may be lost; waiting commands are looked for at least this often.
SWEEP_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 60.0
# Of one look, for asking a vendor what became of orders whose answers were lost: people wait for others meanwhile.
SETTLE_SECONDS = 5.0


class Keeper:
    """`wake`: there may be commands. `hint`: a door may have moved; it is read again before anything is believed."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.wake = asyncio.Event()
        self.hint = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. A lost database is waited for; what was in hand is unknown afterwards, never sent again."""
        while not stop.is_set():
            try:
                async with self.desk.pen:
                    await self.desk.adopt()
                while not stop.is_set():
                    await self.step()
                    await first_of((stop, self.wake, self.hint), self._patience())
            except LOST as error:
                log.warning("bank %s: the database is away: %s", self.desk.bank.id, type(error).__name__)
                await pause(stop, 0.5)
        # What is being sent is finished and written down: the shortest way to know how it ended.
        for failed in filter(None, await asyncio.gather(*self.desk.flights, return_exceptions=True)):
            log.error("bank %s: what was being sent when it was left ended badly", self.desk.bank.id, exc_info=failed)

    async def step(self) -> None:
        """What is due now: commands first, then a look at the doors. Sending makes no look late: it goes on beside."""
        desk, now = self.desk, self.desk.hands.monotonic()
        if self.wake.is_set() or now >= desk.next_sweep or any(at <= now for _, at in desk.unsent.values()):
            self.wake.clear()
            desk.next_sweep = now + SWEEP_SECONDS
            desk.tried.clear()
            desk.unfinished = True
        if desk.unfinished:
            left = desk.next_look - now
            await send_waiting(desk, self.wake, left if left > 0 else desk.poll_seconds())
        if self.hint.is_set() or desk.hands.monotonic() >= desk.next_look:
            self.hint.clear()
            await self.look()

    def _patience(self) -> float:
        desk, now = self.desk, self.desk.hands.monotonic()
        if desk.unfinished:
            return 0.0
        due = [desk.next_look, desk.next_sweep, *(at for _, at in desk.unsent.values())]
        return max(0.01, min(due) - now)

    async def look(self) -> None:
        """Read all doors; write what changed, and what became of the commands that are watched."""
        pause, began = timedelta(0), self.desk.hands.monotonic()
        try:
            async with asyncio.timeout(READ_SECONDS):
                state = await self.desk.adapter.read_bank(self.desk.bank.external_id)
        except TimeoutError:
            await self._missed("The bank gave no answer in time.")
        except DeviceError as error:
            await self._missed(error.detail)
            pause = error.retry_after or pause
        else:
            async with self.desk.pen:
                await self._answered(state, began)
        # Who is told to come back later and does not listen misses looks of its own making.
        wait = max(self.desk.poll_seconds(), min(pause.total_seconds(), LONGEST_PAUSE_SECONDS))
        self.desk.next_look = self.desk.hands.monotonic() + wait

    async def _missed(self, detail: str) -> None:
        desk, at = self.desk, self.desk.hands.clock()
        if desk.contact.missed(at):
            since = desk.contact.first_miss or at
            async with desk.pen:
                await desk.write(lambda work: contact.unreachable(work, desk.bank, since, detail))
                desk.contact.lost = True

    async def _answered(self, state: BankState, began: float) -> None:
        now, whole = self.desk.hands.monotonic(), state
        read = read_at(self.desk.known, state.units, sensor=self.desk.sensor)
        touched = {id_ for id_, until in self.desk.touched.items() if until > began}
        silent = {known.unit for known in self.desk.known.values() if known.id in touched}
        state = replace(state, units=tuple(unit for unit in state.units if unit.id not in silent))
        self.desk.contact.answered()
        for watch in self.desk.watches:
            # A look that told nothing of its door is a hole in the watch over it.
            if watch.command.compartment_id in read - touched:
                watch.look(now)
        if self.desk.contact.lost:
            await self.desk.write(lambda work: contact.reachable(work, self.desk.bank))
            self.desk.contact.lost = False
        can = {name.value: ability.value for name, ability in self.desk.adapter.capabilities.items()}
        self.desk.hands.heard(self.desk.bank, self.desk.hands.clock(), can)
        await recognise(self.desk, whole)
        moved = changes(self.desk.known, state.units, sensor=self.desk.sensor)
        await self.desk.take_in(moved, state.units)
        await self._other_news(state)
        await self._doubt(state, read, now)
        await self._settle(self._of(touched), {unit.id: unit for unit in state.units}, read)

    async def _settle(self, watches: list[Watch], units: dict[str, Unit], read: frozenset[UUID]) -> None:
        """Doors first: they are told of by what was read. What has to be asked for takes turns."""
        clock = self.desk.hands.monotonic
        ends = clock() + SETTLE_SECONDS
        for watch in sorted(watches, key=lambda watch: (watch.command.kind is not OrderKind.OPEN, watch.asked)):
            if clock() >= ends:
                return
            watch.asked = clock()
            await settle(self.desk, watch, units, read)

    async def _doubt(self, state: BankState, read: frozenset[UUID], now: float) -> None:
        """What is given to nobody from now on though the bank answers, and what is given out again."""
        desk, usual, books = self.desk, max(self.desk.usual_seconds, 1.0), self.desk.keeps_books
        there = inside(desk.known, state.units)
        for known in desk.known.values():
            known.used = known.used and there.get(known.id, True)
        ours = {known.id for known in desk.known.values() if known.used and books}
        given_up = {watch.command.id for watch in desk.watches if watch.given_up}
        open_ = [each for each in desk.asked() if each.id not in given_up]
        # Where the vendor chooses, its books may have any of them for a reservation whose answer is out.
        anywhere = desk.has(Capability.VENDOR_ASSIGNS_UNIT) and any(each.kind is OrderKind.RESERVE for each in open_)
        busy = set(there) if anywhere else {each.compartment_id for each in open_}
        look = Look(now, state.observed_at, read, there, ours, busy)
        doubts = desk.contact.doubts(look, limit=usual * MISSED_POLLS, patience=usual)
        if doubts:
            names, by = {known.id: known.label for known in desk.known.values()}, whose(books=books)
            written = await desk.write(lambda work: contact.doubt(work, desk.bank, desk.contact, doubts, names, by=by))
            desk.contact.wrote(doubts, written, now)

    def _of(self, touched: set[UUID]) -> list[Watch]:
        """The watches that a look tells something of."""
        return [watch for watch in self.desk.watches if watch.command.compartment_id not in touched]

    async def _other_news(self, state: BankState) -> None:
        over = self.desk.contact.over(state)
        news = self.desk.contact.news(state, self.desk.hands.monotonic())
        turned = await self._turned(state)
        free, worded = await self._books(state)
        if not (over or news or turned or free or worded):
            return

        async def act(work: Work) -> None:
            for unit, what in over:
                await contact.strange(work, self.desk.bank, unit, what, None)
            for unit, what, raw in news:
                await contact.strange(work, self.desk.bank, unit, what, raw)
            for known, well in turned:
                await service.told_service(work, self.desk.bank, (known.id, known.label, well))
            for known in free:
                await service.unit_found_free(work, self.desk.bank, known.id, known.label)
            for known, told in worded:
                await service.unit_word(work, self.desk.bank, known, told)

        await self.desk.write(act)
        for known, well in turned:
            known.in_service = well
        for known, told in worded:
            known.word = told.word

    async def _turned(self, state: BankState) -> list[tuple[Known, bool]]:
        """Units that the device calls broken now, or well again; and those it calls broken still, though they were put
        back into service."""
        told = [(self.desk.known[unit.id], unit.in_service) for unit in state.units if unit.id in self.desk.known]
        turned = [(known, well) for known, well in told if well is not None and well is not known.in_service]
        broken = [known for known, well in told if well is False and not known.in_service]
        back = await self._put_back(broken) if broken else set()
        return [*turned, *((known, False) for known in broken if known.id in back)]

    async def _put_back(self, broken: list[Known]) -> set[UUID]:
        """A device that has yet to be told so is not asked before."""
        desk = self.desk
        async with desk.hands.db.tenant([desk.bank.tenant_id]) as conn:
            back = await lockers.put_back(conn, desk.bank, [known.id for known in broken])
            waiting = await devices.waiting(conn, desk.bank.id) if back else []
        under_way = (*waiting, *desk.asked())
        return back - {each.compartment_id for each in under_way if each.kind is OrderKind.SET_SERVICE}

    async def _books(self, state: BankState) -> tuple[list[Known], list[tuple[Known, Unit]]]:
        """What a vendor's books say that we did not tell them: units found free; where phones open, words."""
        free, worded = [], []
        if self.desk.memory.unlike or self.desk.bank.differs_since is not None:
            # Whose books, and of which doors, is what people have to find out.
            return [], []
        asked = {each.compartment_id for each in self.desk.asked()}
        # What has not left us moves no phone.
        sent = asked - {command.compartment_id for command, _ in self.desk.unsent.values()}
        phones, books = self.desk.has(Capability.PHONE_TOKENS), self.desk.keeps_books
        for unit in state.units:
            known = self.desk.known.get(unit.id)
            if known is None:
                continue
            if phones:
                if new_word(known, unit, busy=known.id in sent):
                    worded.append((known, unit))
                elif known.id not in sent:
                    known.word = unit.word or known.word
            elif books and found_free(known, unit, busy=known.id in asked):
                free.append(known)
        if free or worded:
            # What still waits to be told to the vendor explains it.
            async with self.desk.hands.db.tenant([self.desk.bank.tenant_id]) as conn:
                waiting = {each.compartment_id for each in await devices.waiting(conn, self.desk.bank.id)}
            for known in free:
                known.booked = known.id in waiting
            free = await self._taken_out([known for known in free if not known.booked], state)
            worded = [(known, unit) for known, unit in worded if known.id not in waiting]
        return free, worded

    async def _taken_out(self, free: list[Known], state: BankState) -> list[Known]:
        """Without those whose parcels the vendor has in another unit: units are called otherwise, and all is inside.
        What cannot be found out now is looked at again."""
        named = names_parcels(state.units)
        sure = {known.unit for known in (free if named else free[:WITNESSES])}
        try:
            moved = await self._moved(sure, state, named=named) if sure else set()
        except DeviceError as error:
            log.info("bank %s: what was found free cannot be looked up: %s", self.desk.bank.id, error.detail)
            moved = sure
        for known in free:
            known.booked = known.unit in moved or known.unit not in sure
        return [known for known in free if not known.booked]

    async def _moved(self, units: set[str], state: BankState, *, named: bool) -> set[str]:
        mine = {tracking: there for tracking, there in (await self.desk.lying()).items() if there & units}
        if not named:
            mine = one_of_each(mine)
        return astray(mine, await witnesses(self.desk.adapter, self.desk.bank, mine, state.units))
