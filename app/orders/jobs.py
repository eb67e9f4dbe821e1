"""What is known of a bank while it is kept: its doors, its commands whose end is out, what is being sent to it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from app.contact.model import Contact, Said
from app.devices import queries as devices
from app.devices.model import Command
from app.devices.port import Ability, Adapter, BankState, Capability, Door, OrderKind, Unit
from app.kit.clock import Clock, utc_now
from app.kit.db import Database, begun_anew
from app.kit.guesses import Monotonic
from app.likeness.jobs import Memory, take_note
from app.lockers import queries as lockers
from app.lockers.model import Bank, Service, Use, Withheld
from app.orders import queries, service
from app.orders.model import Change, Known, Watch, note_counts, take_in
from app.parcels import queries as parcels
from app.stays import queries as stays
from app.stays.model import PickupCodes
from tenants.system import system_context
from tenants.work import Work

T = TypeVar("T")
# More than any adapter's own deadline for reading: what hangs longer is a fault of the adapter.
READ_SECONDS = 20.0


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
    """What is known of one bank, and its hardware. Its keeper works here, and whatever the keeper is sending.

    `pen`: held by whoever writes down what was seen or answered. `aloft`: commands being sent; `tried`: in this round.
    `touched`: compartment -> until when something was being sent to it: a look that began before says nothing of it.
    `revision`: of the bank, when its doors and its line were taken up; nothing is sent once it has another.
    """

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
    pen: asyncio.Lock = field(default_factory=asyncio.Lock)
    aloft: dict[UUID, Command] = field(default_factory=dict)
    flights: set[asyncio.Task[None]] = field(default_factory=set)
    landed: asyncio.Event = field(default_factory=asyncio.Event)
    touched: dict[UUID, float] = field(default_factory=dict)
    tried: set[UUID] = field(default_factory=set)
    unfinished: bool = False
    revision: int = field(init=False)

    def __post_init__(self) -> None:
        self.revision = self.bank.revision

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

    def asked(self) -> list[Command]:
        """What has been taken up and has not ended; some of it waits here, and has not left us."""
        waiting = [command for command, _ in self.unsent.values()]
        return [*(watch.command for watch in self.watches), *waiting, *self.aloft.values()]

    async def lying(self) -> dict[str, set[str]]:
        """Tracking number -> the units we have parcels of that number in."""
        tenant, found = self.bank.tenant_id, dict[str, set[str]]()
        async with self.hands.db.tenant([tenant]) as conn:
            places = await stays.places_at(conn, tenant, self.bank.id)
            parcels_in = await parcels.lying_in(conn, tenant, list(places))
        unit_of = {door.id: door.unit for door in self.known.values()}
        for stay, tracking in parcels_in:
            if places[stay] in unit_of:
                found.setdefault(tracking, set()).add(unit_of[places[stay]])
        return found

    @property
    def usual_seconds(self) -> float:
        """Between two looks while nothing moves. Not more often than the vendor can bear."""
        return max(float(self.bank.poll_seconds), self.adapter.timing.poll.total_seconds())

    def poll_seconds(self) -> float:
        moving = [watch for watch in self.watches if watch.command.kind is OrderKind.OPEN and not watch.given_up]
        usual, quick = self.usual_seconds, self.adapter.timing.poll_while_open.total_seconds()
        return min(usual, quick) if moving else usual

    def launch(self, command: Command, sending: Coroutine[None, None, None]) -> None:
        self.aloft[command.id] = command
        flight = asyncio.create_task(sending)
        self.flights.add(flight)
        flight.add_done_callback(lambda _: self.landed.set())

    def clear_landed(self) -> None:
        """Raises what the first of them failed with."""
        ended = {flight for flight in self.flights if flight.done()}
        self.flights -= ended
        for error in filter(None, [flight.exception() for flight in ended]):
            raise error

    async def write(self, act: Callable[[Work], Awaitable[T]]) -> T:
        """In one transaction. It may be begun anew: what it does besides must bear that."""
        context = system_context(self.hands.db, self.bank.tenant_id, origin="device", clock=self.hands.clock)

        async def written() -> T:
            async with context.begin() as work:
                return await act(work)

        return await begun_anew(written, f"what bank {self.bank.id} told")

    async def adopt(self) -> None:
        """Know what is written down: doors, and commands whose end is out. Nothing in memory outlives a doubt."""
        now, ours = self.hands.monotonic(), [*self.unsent, *self.aloft]
        await self.write(lambda work: service.adopt(work, self.bank, ours))
        async with self.hands.db.tenant([self.bank.tenant_id]) as conn:
            self.bank = await lockers.kept(conn, self.bank) or self.bank
            rows = await lockers.doors(conn, self.bank)
            open_ = await devices.watched(conn, self.bank.tenant_id, self.bank.id)
            said = await queries.strange(conn, self.bank)
            self.memory = Memory(await lockers.likeness(conn, self.bank))
        before, books = self.known, self.keeps_books
        # What was taken out while nobody looked must be told as well.
        self.known = {
            row["external_id"]: Known(
                row["id"], row["external_id"], row["label"], Door(row["door"]), row["openings"], row["item_present"],
                row["service"] != Service.FAULT, used=row["use"] != Use.FREE,
                booked=True if books and row["use"] == Use.OCCUPIED else None,
                # Its count begins anew: one noted before proves nothing any more.
                device=before[row["external_id"]].device + 1 if row["external_id"] in before else 0,
            )
            for row in rows
        }  # fmt: skip
        self.watches = [Watch(command, now, now, blind=True) for command in open_ if command.id not in ours]
        withheld = [(row["id"], Withheld(row["withheld"]) if row["withheld"] else None) for row in rows]
        self.contact.adopt(withheld, now, self.hands.clock())
        self.contact.lost = not self.bank.reachable
        self.contact.strange = self.contact.strange or {about: Said(raw, now) for about, raw in said.items()}
        self.next_look = 0.0

    async def take_in(self, seen: list[Change], units: Iterable[Unit]) -> None:
        """Write down what doors did, then know it. `units`: the reading that told it."""
        if seen:
            await self._observe(seen)
        note_counts(self.known, units)

    async def _observe(self, seen: list[Change]) -> None:
        moved = await self.write(lambda work: service.observe(work, self.bank, seen, self.watches))
        for change in seen:
            take_in(change)
        for watch in self.watches:
            watch.command = replace(watch.command, state=moved.get(watch.command.id, watch.command.state))


async def recognise(desk: Desk, state: BankState) -> None:
    if await take_note(desk.memory, desk.write, desk.bank, state):
        desk.bank = replace(desk.bank, differs_since=desk.hands.clock())
