"""Sending a bank its commands. Everything that moves something goes through here, one thing after another."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from app.contact.model import Contact
from app.devices import queries as devices
from app.devices import service as hardware
from app.devices.model import Command, CommandState
from app.devices.port import (
    Ability,
    Adapter,
    Ambiguous,
    AuthFailed,
    BankState,
    Capability,
    ContractBroken,
    DeviceError,
    Door,
    OrderKind,
    Outcome,
    Receipt,
    Unreachable,
)
from app.introductions.service import Introductions
from app.kit.bus import LOST
from app.kit.clock import Clock, utc_now
from app.kit.db import Database
from app.kit.guesses import Monotonic
from app.likeness.jobs import Memory, mistaken, take_note
from app.likeness.service import as_known
from app.lockers import queries as lockers
from app.lockers.model import Bank, Service, Use, Withheld
from app.orders import queries, service
from app.orders.model import Change, Known, Watch, booked, change_of, order_of, sprung, take_in
from app.parcels import queries as parcels
from app.stays.model import PickupCodes
from tenants.system import system_context
from tenants.work import Work

log = logging.getLogger("lockyard.orders")

S = CommandState
T = TypeVar("T")
# More than any adapter's own deadline for reading: what hangs longer is a fault of the adapter.
READ_SECONDS = 20.0
GRACE_SECONDS = 5.0
# Seconds between tries to write an answer down while the database is away.
_WRITE_AGAIN = (0.1, 0.3, 1.0, 2.0, 4.0)


@dataclass(slots=True)
class Hands:
    """What every bank's work is done with. `heard` is told of each answer of a bank."""

    db: Database
    codes: PickupCodes
    heard: Callable[[Bank, datetime, dict[str, str]], None]
    clock: Clock = utc_now
    monotonic: Monotonic = time.monotonic


@dataclass(slots=True)
class Desk:
    """What is known of one bank, and its hardware. Only one task works at a desk."""

    bank: Bank
    adapter: Adapter
    hands: Hands
    known: dict[str, Known] = field(default_factory=dict)
    watches: list[Watch] = field(default_factory=list)
    unsent: dict[UUID, tuple[Command, float]] = field(default_factory=dict)
    contact: Contact = field(default_factory=Contact)
    next_look: float = 0.0
    next_sweep: float = 0.0
    memory: Memory = field(default_factory=Memory)

    def has(self, capability: Capability) -> bool:
        return self.adapter.capabilities.get(capability, Ability.ABSENT) is not Ability.ABSENT

    @property
    def sensor(self) -> bool:
        return self.has(Capability.DOOR_SENSOR)

    @property
    def keeps_books(self) -> bool:
        """Its vendor writes down who has which compartment."""
        return self.has(Capability.VENDOR_RESERVATION) or self.has(Capability.VENDOR_ASSIGNS_UNIT)

    def door_of(self, command: Command) -> Known | None:
        return next((known for known in self.known.values() if known.id == command.compartment_id), None)

    @property
    def usual_seconds(self) -> float:
        """Between two looks while nothing moves. Not more often than the vendor can bear."""
        return max(float(self.bank.poll_seconds), self.adapter.timing.poll.total_seconds())

    def poll_seconds(self) -> float:
        moving = [watch for watch in self.watches if watch.command.kind is OrderKind.OPEN and not watch.given_up]
        usual, quick = self.usual_seconds, self.adapter.timing.poll_while_open.total_seconds()
        return min(usual, quick) if moving else usual

    async def write(self, act: Callable[[Work], Awaitable[T]]) -> T:
        context = system_context(self.hands.db, self.bank.tenant_id, origin="device", clock=self.hands.clock)
        async with context.begin() as work:
            return await act(work)

    async def adopt(self) -> None:
        """Know what is written down: doors, and commands whose end is out. Nothing in memory outlives a doubt."""
        now = self.hands.monotonic()
        await self.write(lambda work: service.adopt(work, self.bank, list(self.unsent)))
        async with self.hands.db.tenant([self.bank.tenant_id]) as conn:
            self.bank = await lockers.kept(conn, self.bank) or self.bank
            rows = await lockers.doors(conn, self.bank)
            open_ = await devices.watched(conn, self.bank.tenant_id, self.bank.id)
            said = await queries.strange(conn, self.bank)
            self.memory = Memory(await lockers.likeness(conn, self.bank))
        self.known = {
            row["external_id"]: Known(
                row["id"], row["external_id"], row["label"], Door(row["door"]), row["openings"], row["item_present"],
                row["service"] != Service.FAULT, used=row["use"] != Use.FREE,
            )
            for row in rows
        }  # fmt: skip
        self.watches = [Watch(command, now, now, blind=True) for command in open_ if command.id not in self.unsent]
        withheld = [(row["id"], Withheld(row["withheld"]) if row["withheld"] else None) for row in rows]
        self.contact.adopt(withheld, now, self.hands.clock())
        self.contact.lost = not self.bank.reachable
        self.contact.strange = self.contact.strange or said
        self.next_look = 0.0

    async def take_in(self, seen: list[Change]) -> None:
        """Write down what doors did, then know it."""
        if not seen:
            return
        moved = await self.write(lambda work: service.observe(work, self.bank, seen, self.watches))
        for change in seen:
            take_in(change)
        for watch in self.watches:
            watch.command = replace(watch.command, state=moved.get(watch.command.id, watch.command.state))


async def recognise(desk: Desk, state: BankState) -> None:
    if await take_note(desk.memory, desk.write, desk.bank, state):
        desk.bank = replace(desk.bank, differs_since=desk.hands.clock())


async def send_waiting(desk: Desk) -> None:
    async with desk.hands.db.tenant([desk.bank.tenant_id]) as conn:
        waiting = await devices.waiting(conn, desk.bank.id)
    for command, at in list(desk.unsent.values()):
        if at <= desk.hands.monotonic():
            await _send_again(desk, command)
    for command in waiting:
        if command.id not in desk.unsent and not _in_line(desk, command):
            await send(desk, command)


def _in_line(desk: Desk, command: Command) -> bool:
    """An earlier order of the same compartment has not got through, or nobody knows whether it did: this one waits. A
    release that overtakes the next reservation would take its place away."""
    before = [waits for waits, _ in desk.unsent.values()]
    if command.kind is not OrderKind.OPEN:
        uncertain = [watch.command for watch in desk.watches if not watch.given_up]
        before += [each for each in uncertain if each.kind is not OrderKind.OPEN]
    return any(_about_the_same(each, command) for each in before)


def _about_the_same(one: Command, other: Command) -> bool:
    """A stay that was placed elsewhere meanwhile is the same stay still."""
    same_stay = one.stay_id is not None and one.stay_id == other.stay_id and other.kind is not OrderKind.OPEN
    return same_stay or one.compartment_id == other.compartment_id


async def send(desk: Desk, command: Command) -> None:
    """Note the opening count, say SENT, send. Without the count nothing is sent: it could not be settled later."""
    known = desk.door_of(command)
    if command.expires_at <= desk.hands.clock():
        await desk.write(lambda work: service.expired(work, command, "The bank did not answer in time."))
        return
    if known is None:
        await desk.write(lambda work: service.failed(work, command, "The bank has no such compartment."))
        return
    if not await _door_is_read(desk, command, known):
        desk.next_sweep = min(desk.next_sweep, desk.hands.monotonic() + 0.5)
        return
    seen = known.openings if desk.sensor and command.kind is OrderKind.OPEN else None
    after = await desk.write(lambda work: service.sent(work, command, seen))
    if after is not None:
        await _transmit(desk, after)


async def _send_again(desk: Desk, command: Command) -> None:
    """Nothing of it has left us. What was read of its door before then may be over."""
    known, now = desk.door_of(command), desk.hands.monotonic()
    if known is not None and command.expires_at > desk.hands.clock():
        desk.unsent[command.id] = (command, now + 1.0)
        if not await _door_is_read(desk, command, known):
            return
        seen = None if command.seen_openings is None else known.openings
        command = replace(command, seen_openings=seen)
    await _transmit(desk, command, again=True)


async def _door_is_read(desk: Desk, command: Command, known: Known) -> bool:
    """Where a sensor watches the door nothing is sent on what was once seen of it: it is read now, or waited for until
    the command expires."""
    if command.kind is not OrderKind.OPEN or not desk.sensor:
        return True
    try:
        async with asyncio.timeout(READ_SECONDS):
            unit = await desk.adapter.read_unit(desk.bank.external_id, known.unit)
        as_known(desk.memory.likeness, unit)
    except (Unreachable, ContractBroken, Ambiguous) as error:
        log.info("bank %s: door %s cannot be read: %s", desk.bank.id, known.label, error.detail)
        return False
    except DeviceError as error:
        refusal = error.detail
        desk.unsent.pop(command.id, None)
        await desk.write(lambda work: service.failed(work, command, refusal))
        return False
    await desk.take_in([change] if (change := change_of(known, unit)) else [])
    return unit.door is not Door.UNKNOWN


async def _transmit(desk: Desk, command: Command, *, again: bool = False) -> None:
    """The one call that moves something. Whatever comes of it is written down before anything else is done."""
    desk.unsent.pop(command.id, None)
    known, now = desk.door_of(command), desk.hands.monotonic()
    assert known is not None, "a sent command has a door"
    if again and await desk.write(lambda work: hardware.bar(work, command)):
        return
    if command.expires_at <= desk.hands.clock():
        await desk.write(lambda work: service.expired(work, command, "The bank did not answer in time."))
        return
    watch = Watch(command, now, now)
    if command.kind is OrderKind.OPEN and desk.sensor and known.door is Door.OPEN:
        answer: Receipt | DeviceError = Receipt(Outcome.OPENED, "The door was open already; nothing was sent.")
    else:
        answer = await _mistaken(desk, command, known) or await _ask(desk, command, known)
    if isinstance(answer, Unreachable) or (isinstance(answer, AuthFailed) and command.kind is not OrderKind.OPEN):
        # Refused credentials are mended by people; who waits at a door is told, a vendor's books are told later.
        wait = answer.retry_after or timedelta(seconds=1)
        desk.unsent[command.id] = (command, desk.hands.monotonic() + min(wait.total_seconds(), 10.0))
        return
    watch.sent = desk.hands.monotonic() if isinstance(answer, DeviceError) else now
    await _write_answer(desk, watch, known, answer)


async def _mistaken(desk: Desk, command: Command, known: Known) -> DeviceError | None:
    """Asked each time before the one call that opens a door: numbers may have changed while the command waited."""
    if command.kind is not OrderKind.OPEN:
        return None
    # Where a sensor tells of the door, it was read just now; a vendor that chooses is asked by its adapter.
    asks = desk.has(Capability.VENDOR_RESERVATION) and not desk.sensor
    inside: list[str] = []
    if asks and command.stay_id:
        async with desk.hands.db.tenant([desk.bank.tenant_id]) as conn:
            inside = await parcels.open_in(conn, desk.bank.tenant_id, command.stay_id)
    return await mistaken(desk.memory, desk.adapter if asks else None, desk.bank, command, known.unit, inside)


async def _ask(desk: Desk, command: Command, known: Known) -> Receipt | DeviceError:
    deadline = desk.adapter.timing.deadline
    try:
        async with asyncio.timeout(deadline.total_seconds() + GRACE_SECONDS):
            introductions = Introductions(desk.hands.db, desk.bank, desk.write)
            order = await introductions.made(desk.adapter, order_of(command, desk.bank, known, deadline))
            return await desk.adapter.send(order)
    except DeviceError as error:
        return error
    except TimeoutError:
        return Ambiguous("The bank gave no answer in time.")
    except Exception:
        # Whatever broke, it may have broken after the sending.
        log.exception("adapter of bank %s failed on command %s", desk.bank.id, command.id)
        return Ambiguous("The adapter failed; the command may have reached the bank.")


async def _write_answer(desk: Desk, watch: Watch, known: Known, answer: Receipt | DeviceError) -> None:
    """Tried until the database takes it: an answer must not be lost while this process lives."""
    command, at = watch.command, desk.hands.clock()
    opened = isinstance(answer, Receipt) and answer.outcome is Outcome.OPENED and desk.sensor
    moved = [sprung(known, at)] if opened and known.door is not Door.OPEN else []

    async def act(work: Work) -> CommandState | None:
        if moved:
            return (await service.observe(work, desk.bank, moved, [watch])).get(command.id)
        if opened and isinstance(answer, Receipt) and command.kind is OrderKind.OPEN:
            return S.DOOR_OPENED if await service.opened(work, command, at, answer.detail or None) else None
        return await service.answered(work, command, answer, sensor=desk.sensor, codes=desk.hands.codes)

    state = await _write_surely(desk, act)
    if state is None:
        # Written before, by a try whose answer was lost, or settled by another: what is written down is what counts.
        await desk.adopt()
        return
    for change in moved:
        take_in(change)
    if state is S.ACCEPTED:
        chosen = answer.unit if isinstance(answer, Receipt) else None
        booked(desk.known.get(chosen or known.unit, known), command)
    if state is S.FAILED and command.kind is OrderKind.RESERVE:
        # Whoever is in there, it is not the stay that this process found there when it began.
        known.used = False
    final = state is S.ACCEPTED and not (desk.sensor and command.kind is OrderKind.OPEN)
    if state is not S.FAILED and not final:
        watch.command = replace(command, state=state)
        desk.watches.append(watch)
        desk.next_look = min(desk.next_look, desk.hands.monotonic() + desk.poll_seconds())


async def _write_surely(desk: Desk, act: Callable[[Work], Awaitable[T]]) -> T:
    for wait in _WRITE_AGAIN:
        try:
            return await desk.write(act)
        except LOST as error:
            log.warning("bank %s: an answer waits for the database: %s", desk.bank.id, type(error).__name__)
            await asyncio.sleep(wait)
    return await desk.write(act)
