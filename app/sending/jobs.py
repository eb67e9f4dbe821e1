"""Sending a bank its commands. Everything that moves something goes through here, one order of a door after another."""

import asyncio
import itertools
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from app.devices import queries as devices
from app.devices.model import Command, CommandState
from app.devices.port import (
    Ambiguous,
    AuthFailed,
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
from app.kit.pause import first_of
from app.likeness.jobs import mistaken
from app.likeness.model import Meant
from app.likeness.service import as_known
from app.orders import service
from app.orders.jobs import READ_SECONDS, Desk
from app.orders.model import Known, Watch, answered_open, booked, by_staff, change_of, order_of, sprung
from app.parcels import queries as parcels
from app.sending import service as leaving
from app.sending.model import held_up, in_turn, ripe, waits
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
    now, at = desk.hands.monotonic(), desk.hands.clock()
    again = [command for command, due in desk.unsent.values() if due <= now]
    # What could not go in this round goes in the next; what waits in our own memory comes back by itself.
    turn = in_turn(ripe(waiting, at))
    fresh = [each for each in turn if each.id not in desk.tried and each.id not in desk.unsent]
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
    earlier = waiting[: waiting.index(command)]
    if command.kind is OrderKind.OPEN:
        earlier = [each for each in earlier if not waits(each, desk.hands.clock())]
    return [*ahead, *earlier]


async def _fly(desk: Desk, command: Command) -> None:
    """Looks say nothing of its door as long as this lasts: the order and its answer do."""
    desk.touched[command.compartment_id] = math.inf
    try:
        await (_send_again if command.id in desk.unsent else send)(desk, command)
    finally:
        desk.aloft.pop(command.id, None)
        desk.touched[command.compartment_id] = desk.hands.monotonic()


async def send(desk: Desk, command: Command) -> None:
    """Note the opening count, say SENT, send. Without the count nothing is sent: it could not be settled later."""
    known = desk.door_of(command)
    if await _too_late(desk, command):
        return
    if known is None:
        await desk.write(lambda work: service.failed(work, command, "The bank has no such compartment."))
        return
    if not await _door_is_read(desk, command, known):
        desk.next_sweep = min(desk.next_sweep, desk.hands.monotonic() + 0.5)
        return
    known = desk.known.get(known.unit, known)
    seen = known.openings if desk.sensor and command.kind is OrderKind.OPEN else None
    after = await desk.write(lambda work: leaving.sent(work, command, seen, desk.revision))
    if after is not None:
        await _transmit(desk, after)


async def _too_late(desk: Desk, command: Command) -> bool:
    """Whether its time is over; then that is written down."""
    late = command.expires_at <= desk.hands.clock()
    if late:
        await desk.write(lambda work: service.expired(work, command, "The bank did not answer in time."))
    return late


async def _send_again(desk: Desk, command: Command) -> None:
    """Nothing of it has left us. What was read of its door before then may be over."""
    known, now = desk.door_of(command), desk.hands.monotonic()
    if known is not None and command.expires_at > desk.hands.clock():
        desk.unsent[command.id] = (command, now + 1.0)
        if not await _door_is_read(desk, command, known):
            return
        known = desk.known.get(known.unit, known)
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
    async with desk.pen:
        known = desk.known.get(known.unit, known)
        await desk.take_in([change] if (change := change_of(known, unit)) else [], [unit])
    return unit.door is not Door.UNKNOWN


async def _transmit(desk: Desk, command: Command, *, again: bool = False) -> None:
    """The one call that moves something. Whatever comes of it is written down before anything else is done."""
    desk.unsent.pop(command.id, None)
    known = desk.door_of(command)
    assert known is not None, "a sent command has a door"
    if again and not await desk.write(lambda work: leaving.sent_again(work, command, desk.revision)):
        return
    open_already = command.kind is OrderKind.OPEN and desk.sensor and known.door is Door.OPEN
    mistake = None if open_already else await _mistaken(desk, command, known)
    # Only now: to look for the right door may have taken longer than anybody waits at it.
    if await _too_late(desk, command):
        return
    now = desk.hands.monotonic()
    watch = Watch(command, now, now, device=known.device or None)
    if open_already:
        answer: Receipt | DeviceError = Receipt(Outcome.OPENED, "The door was open already; nothing was sent.")
    else:
        answer = mistake or await _ask(desk, command, known)
    if isinstance(answer, Unreachable) or (isinstance(answer, AuthFailed) and command.kind is not OrderKind.OPEN):
        # Refused credentials are mended by people; who waits at a door is told, a vendor's books are told later.
        wait = answer.retry_after or timedelta(seconds=1)
        desk.unsent[command.id] = (command, desk.hands.monotonic() + min(wait.total_seconds(), 10.0))
        return
    watch.sent = desk.hands.monotonic() if isinstance(answer, DeviceError) else now
    # Looks write too, and one at a time: what a door did must not be told twice.
    async with desk.pen:
        await _write_answer(desk, watch, desk.known.get(known.unit, known), answer)


async def _mistaken(desk: Desk, command: Command, known: Known) -> DeviceError | None:
    """Asked each time before the one call that opens a door: numbers may have changed while the command waited."""
    if command.kind is not OrderKind.OPEN:
        return None
    # Where a sensor tells of the door, it was read just now; a vendor that chooses is asked by its adapter.
    asks = desk.has(Capability.VENDOR_RESERVATION) and not desk.sensor
    meant = await _meant(desk, command, known) if asks else Meant(known.unit)
    return await mistaken(desk.memory, desk.adapter if asks else None, desk.bank, meant, desk.lying)


async def _meant(desk: Desk, command: Command, known: Known) -> Meant:
    inside: list[str] = []
    if command.stay_id:
        async with desk.hands.db.tenant([desk.bank.tenant_id]) as conn:
            inside = await parcels.open_in(conn, desk.bank.tenant_id, command.stay_id)
    return Meant(known.unit, inside, staff=by_staff(command))


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

    tries = itertools.count()

    async def act(work: Work) -> CommandState | None:
        # The try before may have been written unheard; what it told is not told twice.
        if next(tries) and await _written(work, command):
            return None
        if moved:
            return (await service.observe(work, desk.bank, moved, [watch])).get(command.id)
        if opened and isinstance(answer, Receipt) and command.kind is OrderKind.OPEN:
            return S.DOOR_OPENED if await service.opened(work, command, at, answer.detail or None) else None
        return await service.answered(work, command, answer, sensor=desk.sensor, codes=desk.hands.codes)

    state = await _write_surely(desk, act)
    if state is None:
        # Written before, by a try whose answer was lost, or settled by another: what is written down is what counts,
        # and it is followed from there: nothing of it is on its way any more.
        desk.aloft.pop(command.id, None)
        await desk.adopt()
        return
    for change in moved:
        answered_open(change)
    if state is S.ACCEPTED:
        chosen = answer.unit if isinstance(answer, Receipt) else None
        booked(desk.known.get(chosen or known.unit, known), command)
    ended = command.kind is OrderKind.RELEASE and command.parameters.get("ended") is True
    if state is S.FAILED and (command.kind is OrderKind.RESERVE or ended):
        # Whoever is in there, it is not the stay that this process found there when it began, nor one of ours that goes
        # on: it is kept from the next.
        known.used = False
    final = state is S.ACCEPTED and not (desk.sensor and command.kind is OrderKind.OPEN)
    if state is not S.FAILED and not final:
        watch.command = replace(command, state=state)
        desk.watches.append(watch)
        desk.next_look = min(desk.next_look, desk.hands.monotonic() + desk.poll_seconds())


async def _written(work: Work, command: Command) -> bool:
    now = await devices.command(work.conn, command.tenant_id, command.id)
    return now is None or now.state is not S.SENT


async def _write_surely(desk: Desk, act: Callable[[Work], Awaitable[T]]) -> T:
    for wait in _WRITE_AGAIN:
        try:
            return await desk.write(act)
        except LOST as error:
            log.warning("bank %s: an answer waits for the database: %s", desk.bank.id, type(error).__name__)
            await asyncio.sleep(wait)
    return await desk.write(act)
