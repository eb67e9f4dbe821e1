"""Sending a bank its commands. Everything that moves something goes through here, one order of a door after another."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from app.devices import queries as devices
from app.devices.model import Command, CommandState
from app.devices.port import (
    Ambiguous,
    AuthFailed,
    ContractBroken,
    DeviceError,
    Door,
    KeepsContacts,
    Order,
    OrderKind,
    Outcome,
    Receipt,
    Unreachable,
)
from app.devices.port import Contact as Person
from app.kit.bus import LOST
from app.kit.pause import first_of
from app.orders import service
from app.orders.jobs import READ_SECONDS, Desk
from app.orders.model import Known, Watch, booked, change_of, order_of, sprung, take_in
from app.people import queries as people
from app.sending.model import held_up, in_turn
from tenants.work import Work

log = logging.getLogger("lockyard.sending")

S = CommandState
T = TypeVar("T")
GRACE_SECONDS = 5.0
# Seconds between tries to write an answer down while the database is away.
_WRITE_AGAIN = (0.1, 0.3, 1.0, 2.0, 4.0)


async def send_waiting(desk: Desk, wake: asyncio.Event, seconds: float) -> None:
    """Send what waits, as many side by side as the hardware bears. Ends when all is sent, when `wake` says that there
    is more, or after so many seconds: it is time for a look, and what is aloft goes on meanwhile."""
    ends = asyncio.get_running_loop().time() + seconds
    while not wake.is_set():
        await _start(desk)
        if not desk.flights:
            desk.unfinished = False
            return
        left = ends - asyncio.get_running_loop().time()
        if left <= 0:
            return
        await first_of((wake, desk.landed), left)
        desk.landed.clear()
        desk.clear_landed()


async def _start(desk: Desk) -> None:
    room = desk.adapter.timing.side_by_side - len(desk.aloft)
    if room <= 0:
        return
    async with desk.hands.db.tenant([desk.bank.tenant_id]) as conn:
        waiting = await devices.waiting(conn, desk.bank.id)
    now = desk.hands.monotonic()
    again = [command for command, at in desk.unsent.values() if at <= now]
    # What could not go in this round goes in the next; what waits in our own memory comes back by itself.
    fresh = [each for each in in_turn(waiting) if each.id not in desk.tried and each.id not in desk.unsent]
    for command in (*again, *fresh):
        if room <= 0:
            return
        if command.id in desk.aloft or held_up(command, _ahead(desk, command, waiting), desk.aloft.values()):
            continue
        desk.tried.add(command.id)
        desk.launch(command, _fly(desk, command))
        room -= 1


def _ahead(desk: Desk, command: Command, waiting: list[Command]) -> list[Command]:
    """Earlier orders that have not got through, and of the books those of which nobody knows whether they did."""
    if command.id in desk.unsent:
        return []
    ahead = [each for each, _ in desk.unsent.values()]
    if command.kind is not OrderKind.OPEN:
        uncertain = [watch.command for watch in desk.watches if not watch.given_up]
        ahead += [each for each in uncertain if each.kind is not OrderKind.OPEN]
    return [*ahead, *waiting[: waiting.index(command)]]


async def _fly(desk: Desk, command: Command) -> None:
    """Looks say nothing of its door as long as this lasts: the order and its answer do."""
    desk.touched[command.compartment_id] = math.inf
    try:
        await (_transmit if command.id in desk.unsent else send)(desk, command)
    finally:
        desk.aloft.pop(command.id, None)
        desk.touched[command.compartment_id] = desk.hands.monotonic()


async def send(desk: Desk, command: Command) -> None:
    """Note the opening count, say SENT, send. Without the count nothing is sent: it could not be settled later."""
    known = desk.door_of(command)
    if command.expires_at <= desk.hands.clock():
        await desk.write(lambda work: service.expired(work, command, "The bank did not answer in time."))
        return
    if known is None:
        await desk.write(lambda work: service.failed(work, command, "The bank has no such compartment."))
        return
    if command.kind is OrderKind.OPEN and desk.sensor:
        try:
            await _read_door(desk, known)
        except (Unreachable, ContractBroken, Ambiguous) as error:
            log.info("bank %s: door %s cannot be read: %s", desk.bank.id, known.label, error.detail)
            desk.next_sweep = min(desk.next_sweep, desk.hands.monotonic() + 0.5)
            return
        except DeviceError as error:
            refusal = error.detail
            await desk.write(lambda work: service.failed(work, command, refusal))
            return
    known = desk.known.get(known.unit, known)
    seen = known.openings if desk.sensor and command.kind is OrderKind.OPEN else None
    after = await desk.write(lambda work: service.sent(work, command, seen))
    if after is not None:
        await _transmit(desk, after)


async def _read_door(desk: Desk, known: Known) -> None:
    async with asyncio.timeout(READ_SECONDS):
        unit = await desk.adapter.read_unit(desk.bank.external_id, known.unit)
    async with desk.pen:
        known = desk.known.get(known.unit, known)
        await desk.take_in([change] if (change := change_of(known, unit)) else [])


async def _transmit(desk: Desk, command: Command) -> None:
    """The one call that moves something. Whatever comes of it is written down before anything else is done."""
    desk.unsent.pop(command.id, None)
    known, now = desk.door_of(command), desk.hands.monotonic()
    assert known is not None, "a sent command has a door"
    if command.expires_at <= desk.hands.clock():
        await desk.write(lambda work: service.expired(work, command, "The bank did not answer in time."))
        return
    watch = Watch(command, now, now)
    if command.kind is OrderKind.OPEN and desk.sensor and known.door is Door.OPEN:
        answer: Receipt | DeviceError = Receipt(Outcome.OPENED, "The door was open already; nothing was sent.")
    else:
        answer = await _ask(desk, command, known)
    if isinstance(answer, Unreachable) or (isinstance(answer, AuthFailed) and command.kind is not OrderKind.OPEN):
        # Refused credentials are mended by people; who waits at a door is told, a vendor's books are told later.
        wait = answer.retry_after or timedelta(seconds=1)
        desk.unsent[command.id] = (command, desk.hands.monotonic() + min(wait.total_seconds(), 10.0))
        return
    watch.sent = desk.hands.monotonic() if isinstance(answer, DeviceError) else now
    # Looks write too, and one at a time: what a door did must not be told twice.
    async with desk.pen:
        await _write_answer(desk, watch, desk.known.get(known.unit, known), answer)


async def _ask(desk: Desk, command: Command, known: Known) -> Receipt | DeviceError:
    deadline = desk.adapter.timing.deadline
    try:
        async with asyncio.timeout(deadline.total_seconds() + GRACE_SECONDS):
            order = await _introduced(desk, order_of(command, desk.bank, known, deadline))
            return await desk.adapter.send(order)
    except DeviceError as error:
        return error
    except TimeoutError:
        return Ambiguous("The bank gave no answer in time.")
    except Exception:
        # Whatever broke, it may have broken after the sending.
        log.exception("adapter of bank %s failed on command %s", desk.bank.id, command.id)
        return Ambiguous("The adapter failed; the command may have reached the bank.")


async def _introduced(desk: Desk, order: Order) -> Order:
    """Where the vendor keeps an address book, whom a reservation names stands in it before the reservation is made."""
    adapter = desk.adapter
    if order.kind is not OrderKind.RESERVE or not isinstance(adapter, KeepsContacts):
        return order
    try:
        contact = await _known_as(desk, adapter, order.contact)
        return replace(order, contact=contact, depositor=await _known_as(desk, adapter, order.depositor))
    except (Ambiguous, ContractBroken) as error:
        # Of the reservation itself nothing has left us.
        raise Unreachable(error.detail) from error


async def _known_as(desk: Desk, adapter: KeepsContacts, id_: str | None) -> str | None:
    """The vendor's id of a person, who is added where it has none. Who is no person of ours keeps the given id."""
    async with desk.hands.db.tenant([desk.bank.tenant_id]) as conn:
        found = await people.card(conn, desk.bank.tenant_id, desk.bank.connection_id, UUID(id_)) if id_ else None
    if found is None or found["external_id"]:
        return found["external_id"] if found else id_
    person = Person(found["personal_id"] or str(id_), found["name"], found["email"], found["phone"])
    named = await adapter.add_contact(person)
    await desk.write(lambda work: service.introduced(work, desk.bank, UUID(id_), named))
    return named


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
