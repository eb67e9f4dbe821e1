"""The keeper of a bank: sends what waits, reads its doors, settles what is uncertain, one thing after another."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from app.devices import queries as devices
from app.devices.model import CommandState
from app.devices.port import (
    BankState,
    Capability,
    DeviceError,
    Door,
    FindsPlacements,
    FindsReservations,
    OrderKind,
    Outcome,
    Receipt,
    Unit,
)
from app.kit.bus import LOST
from app.kit.pause import first_of, pause
from app.orders import service
from app.orders.jobs import READ_SECONDS, Desk, send_waiting
from app.orders.model import (
    Known,
    Verdict,
    Watch,
    booked,
    changes,
    found_free,
    new_word,
    parcels_of,
    reference_of,
    verdict_on_books,
    verdict_on_open,
    verdict_on_placement,
)
from tenants.work import Work

log = logging.getLogger("lockyard.fleet")

S = CommandState
# A wake-up may be lost; waiting commands are looked for at least this often.
SWEEP_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 60.0
# A door may still open for a command that was given up on; such an opening is its own, not a burglar's.
REMEMBER_SETTLES = 4
# One reading may leave a unit out; so long after the time to settle another may still tell of it.
UNTOLD_SECONDS = 20.0


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
                await self.desk.adopt()
                while not stop.is_set():
                    await self.step()
                    await first_of((stop, self.wake, self.hint), self._patience())
            except LOST as error:
                log.warning("bank %s: the database is away: %s", self.desk.bank.id, type(error).__name__)
                await pause(stop, 0.5)

    async def step(self) -> None:
        """What is due now: commands first, then a look at the doors."""
        desk, now = self.desk, self.desk.hands.monotonic()
        if self.wake.is_set() or now >= desk.next_sweep or any(at <= now for _, at in desk.unsent.values()):
            self.wake.clear()
            desk.next_sweep = now + SWEEP_SECONDS
            await send_waiting(desk)
        if self.hint.is_set() or desk.hands.monotonic() >= desk.next_look:
            self.hint.clear()
            await self.look()

    def _patience(self) -> float:
        desk, now = self.desk, self.desk.hands.monotonic()
        due = [desk.next_look, desk.next_sweep, *(at for _, at in desk.unsent.values())]
        return max(0.01, min(due) - now)

    async def look(self) -> None:
        """Read all doors; write what changed, and what became of the commands that are watched."""
        pause = timedelta(0)
        try:
            async with asyncio.timeout(READ_SECONDS):
                state = await self.desk.adapter.read_bank(self.desk.bank.external_id)
        except TimeoutError:
            await self._missed("The bank gave no answer in time.")
        except DeviceError as error:
            await self._missed(error.detail)
            pause = error.retry_after or pause
        else:
            await self._answered(state)
        # Who is told to come back later and does not listen misses looks of its own making.
        wait = max(self.desk.poll_seconds(), min(pause.total_seconds(), LONGEST_PAUSE_SECONDS))
        self.desk.next_look = self.desk.hands.monotonic() + wait

    async def _missed(self, detail: str) -> None:
        at = self.desk.hands.clock()
        if self.desk.contact.missed(at):
            since = self.desk.contact.first_miss or at
            await self.desk.write(lambda work: service.unreachable(work, self.desk.bank, since, detail))
            self.desk.contact.lost = True

    async def _answered(self, state: BankState) -> None:
        now = self.desk.hands.monotonic()
        self.desk.contact.answered()
        for watch in self.desk.watches:
            watch.look(now)
        if self.desk.contact.lost:
            await self.desk.write(lambda work: service.reachable(work, self.desk.bank))
            self.desk.contact.lost = False
        abilities = {name.value: ability.value for name, ability in self.desk.adapter.capabilities.items()}
        self.desk.hands.heard(self.desk.bank, self.desk.hands.clock(), abilities)
        await self.desk.take_in(changes(self.desk.known, state.units, sensor=self.desk.sensor))
        await self._other_news(state)
        units = {unit.id: unit for unit in state.units}
        for watch in list(self.desk.watches):
            await self._settle(watch, units)

    async def _other_news(self, state: BankState) -> None:
        over = self.desk.contact.over(state)
        news, turned = self.desk.contact.news(state), self._turned(state)
        free, worded = await self._books(state)
        if not (over or news or turned or free or worded):
            return

        async def act(work: Work) -> None:
            for unit, what in over:
                await service.strange(work, self.desk.bank, unit, what, None)
            for unit, what, raw in news:
                await service.strange(work, self.desk.bank, unit, what, raw)
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

    def _turned(self, state: BankState) -> list[tuple[Known, bool]]:
        """Units that the device calls broken now, or well again."""
        found = []
        for unit in state.units:
            known = self.desk.known.get(unit.id)
            if known is not None and unit.in_service is not None and unit.in_service is not known.in_service:
                found.append((known, unit.in_service))
        return found

    async def _books(self, state: BankState) -> tuple[list[Known], list[tuple[Known, Unit]]]:
        """What a vendor's books say that we did not tell them: units found free; where phones open, words."""
        free, worded = [], []
        for unit in state.units:
            known = self.desk.known.get(unit.id)
            if known is None:
                continue
            busy = any(watch.command.compartment_id == known.id for watch in self.desk.watches)
            if self.desk.has(Capability.PHONE_TOKENS):
                if new_word(known, unit, busy=busy):
                    worded.append((known, unit))
                elif not busy:
                    known.word = unit.word or known.word
            elif self.desk.keeps_books and found_free(known, unit, busy=busy):
                free.append(known)
        if free or worded:
            # What still waits to be told to the vendor explains it.
            async with self.desk.hands.db.tenant([self.desk.bank.tenant_id]) as conn:
                waiting = {each.compartment_id for each in await devices.waiting(conn, self.desk.bank.id)}
            free = [known for known in free if known.id not in waiting]
            worded = [(known, unit) for known, unit in worded if known.id not in waiting]
        return free, worded

    async def _settle(self, watch: Watch, units: dict[str, Unit]) -> None:
        command, known = watch.command, self.desk.door_of(watch.command)
        if known is None or watch.given_up or command.state not in {S.ACCEPTED, S.UNCONFIRMED, S.DOOR_OPENED}:
            self._forget()
            return
        if command.state is S.DOOR_OPENED:
            if self.desk.sensor and known.door is Door.CLOSED:
                await self._end(
                    watch, lambda work: service.closed(work, command, self.desk.hands.clock()), S.DOOR_CLOSED
                )
            return
        verdict = await self._verdict(watch, known, units)
        if verdict is Verdict.HAPPENED and command.kind is OrderKind.OPEN:
            await self._end(watch, lambda work: service.opened(work, command, self.desk.hands.clock()), S.DOOR_OPENED)
        elif verdict is Verdict.HAPPENED:
            booked(self.desk.known.get(watch.unit or known.unit, known), command)
            took = Receipt(Outcome.ACCEPTED, "found in the vendor's books", unit=watch.unit)
            codes = self.desk.hands.codes
            await self._end(
                watch, lambda work: service.answered(work, command, took, sensor=False, codes=codes), S.ACCEPTED
            )
        elif verdict is Verdict.DID_NOT:
            absent, words = command.kind is not OrderKind.OPEN, "Reading back showed that it did not take effect."
            await self._end(watch, lambda work: service.failed(work, command, words, absent=absent), S.FAILED)
        elif verdict is Verdict.UNKNOWN:
            words = "Nothing can be read back that would tell: somebody must look."
            await self._end(watch, lambda work: service.unconfirmed(work, command, words, settled=True), S.UNCONFIRMED)
            watch.given_up = True

    async def _verdict(self, watch: Watch, known: Known, units: dict[str, Unit]) -> Verdict:
        command, settle, now = watch.command, self.desk.adapter.timing.settle, self.desk.hands.monotonic()
        if command.kind is OrderKind.OPEN:
            counter = self.desk.has(Capability.OPENING_COUNTER)
            return verdict_on_open(watch, known, now, settle, counter=counter, sensor=self.desk.sensor)
        here: bool | None = None
        if self.desk.has(Capability.VENDOR_ASSIGNS_UNIT) and command.kind is not OrderKind.SET_SERVICE:
            return await self._placement(watch)
        if command.kind is OrderKind.RESERVE and isinstance(self.desk.adapter, FindsReservations):
            try:
                found = await self.desk.adapter.find_reservation(
                    self.desk.bank.external_id, parcels_of(command)[0].tracking
                )
                here = found is not None and found.id == known.unit
            except DeviceError as error:
                log.info("bank %s: no lookup: %s", self.desk.bank.id, error.detail)
                return Verdict.WAIT
        verdict = verdict_on_books(command, units.get(known.unit), here)
        waits = settle.total_seconds() + (UNTOLD_SECONDS if verdict is Verdict.UNKNOWN else 0.0)
        return verdict if verdict is Verdict.HAPPENED or now - watch.sent >= waits else Verdict.WAIT

    async def _placement(self, watch: Watch) -> Verdict:
        """By our own id: what the flags of a compartment say may be about somebody else by now."""
        adapter, reference = self.desk.adapter, reference_of(watch.command)
        if reference is None or not isinstance(adapter, FindsPlacements):
            return Verdict.UNKNOWN
        try:
            watch.unit = await adapter.find_placement(self.desk.bank.external_id, reference)
        except DeviceError as error:
            log.info("bank %s: no lookup: %s", self.desk.bank.id, error.detail)
            return Verdict.WAIT
        verdict = verdict_on_placement(watch.command, watch.unit)
        late = self.desk.hands.monotonic() - watch.sent >= adapter.timing.settle.total_seconds()
        return verdict if late or verdict is Verdict.HAPPENED else Verdict.WAIT

    async def _end(self, watch: Watch, act: Callable[[Work], Awaitable[object]], after: CommandState) -> None:
        if await self.desk.write(act):
            watch.command = replace(watch.command, state=after)
        else:
            # Somebody else wrote first: what is written down is what counts.
            await self.desk.adopt()
        self._forget()

    def _forget(self) -> None:
        now, long = self.desk.hands.monotonic(), self.desk.adapter.timing.settle.total_seconds() * REMEMBER_SETTLES
        ended = {S.DOOR_CLOSED, S.FAILED, S.EXPIRED}
        self.desk.watches = [
            watch
            for watch in self.desk.watches
            if watch.command.state not in ended
            and not (watch.command.kind is not OrderKind.OPEN and watch.command.state is S.ACCEPTED)
            and not (watch.given_up and now - watch.sent > long)
        ]
