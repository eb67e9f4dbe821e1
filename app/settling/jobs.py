"""Settling what is uncertain about a bank's commands by what it is seen or read back to be."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

from app.devices.model import CommandState
from app.devices.port import (
    Capability,
    ContractBroken,
    DeviceError,
    Door,
    FindsAccesses,
    FindsPlacements,
    FindsReservations,
    OrderKind,
    Outcome,
    Receipt,
    Refused,
    Unit,
)
from app.likeness.service import booked_in
from app.orders import service
from app.orders.jobs import READ_SECONDS, Desk
from app.orders.model import Known, Watch, booked, order_of, reference_of, trackings_of
from app.pushes import queries as pushes
from app.settling.model import (
    BY_PARCEL,
    Verdict,
    verdict_on_books,
    verdict_on_open,
    verdict_on_parcels,
    verdict_on_placement,
)
from tenants.work import Work

log = logging.getLogger("lockyard.settling")

S = CommandState
IN_BOOKS = "found in the vendor's books"
# A door may still open for a command that was given up on; such an opening is its own, not a burglar's.
REMEMBER_SETTLES = 4
# One reading may leave a unit out; so long after the time to settle another may still tell of it.
UNTOLD_SECONDS = 20.0


async def settle(desk: Desk, watch: Watch, units: dict[str, Unit], read: frozenset[UUID]) -> None:
    command, known = watch.command, desk.door_of(watch.command)
    if known is None or watch.given_up or command.state not in {S.ACCEPTED, S.UNCONFIRMED, S.DOOR_OPENED}:
        _forget(desk)
        return
    if command.state is S.DOOR_OPENED:
        if desk.sensor and known.door is Door.CLOSED:
            bank, at, item = desk.bank, desk.hands.clock(), known.item
            await _end(desk, watch, lambda work: service.closed(work, bank, command, at, item), S.DOOR_CLOSED)
        return
    try:
        async with asyncio.timeout(READ_SECONDS):
            verdict = await _verdict(desk, watch, known, units, read)
    except TimeoutError:
        verdict = Verdict.WAIT
    if verdict is Verdict.HAPPENED and command.kind is OrderKind.OPEN:
        await _end(desk, watch, lambda work: service.opened(work, command, desk.hands.clock()), S.DOOR_OPENED)
    elif verdict is Verdict.HAPPENED:
        booked(desk.known.get(watch.unit or known.unit, known), command)
        took = watch.found or Receipt(Outcome.ACCEPTED, IN_BOOKS, unit=watch.unit)
        codes = desk.hands.codes
        await _end(
            desk, watch, lambda work: service.answered(work, command, took, sensor=False, codes=codes), S.ACCEPTED
        )
    elif verdict is Verdict.DID_NOT:
        absent, words = command.kind is not OrderKind.OPEN, "Reading back showed that it did not take effect."
        await _end(desk, watch, lambda work: service.failed(work, command, words, absent=absent), S.FAILED)
    elif verdict is Verdict.UNKNOWN:
        words = "Nothing can be read back that would tell: somebody must look."
        await _end(desk, watch, lambda work: service.unconfirmed(work, command, words, settled=True), S.UNCONFIRMED)
        watch.given_up = True


async def _verdict(desk: Desk, watch: Watch, known: Known, units: dict[str, Unit], read: frozenset[UUID]) -> Verdict:
    command, settle, now = watch.command, desk.adapter.timing.settle, desk.hands.monotonic()
    if command.kind is OrderKind.OPEN and desk.sensor and known.id not in read:
        # What was seen of the door before proves nothing now; it may yet be read.
        long = settle.total_seconds() * REMEMBER_SETTLES
        return Verdict.WAIT if now - watch.sent < long else Verdict.UNKNOWN
    if command.kind is OrderKind.OPEN:
        # Only the count of the same device goes on from what was noted before sending.
        counter = desk.has(Capability.OPENING_COUNTER) and watch.device == known.device
        return verdict_on_open(watch, known, now, settle, counter=counter, sensor=desk.sensor)
    if command.kind is OrderKind.ISSUE_ACCESS:
        return await _access(desk, watch, known)
    phones = desk.has(Capability.PHONE_TOKENS)
    if not phones and desk.has(Capability.VENDOR_ASSIGNS_UNIT) and command.kind is not OrderKind.SET_SERVICE:
        return await _placement(desk, watch)
    named = trackings_of(command) if command.kind in BY_PARCEL else []
    if named and isinstance(desk.adapter, FindsReservations):
        try:
            found = await booked_in(desk.adapter, desk.bank, named, known.unit)
        except DeviceError as error:
            log.info("bank %s: no lookup: %s", desk.bank.id, error.detail)
            return Verdict.WAIT
        verdict = verdict_on_parcels(command, found, known.unit)
        if command.kind is OrderKind.DEPOSIT and verdict is Verdict.HAPPENED and found is not None:
            until = found.deposit_expires_at
            watch.found = Receipt(Outcome.ACCEPTED, IN_BOOKS, unit=watch.unit, deposit_expires_at=until)
    else:
        verdict = verdict_on_books(command, units.get(known.unit))
    return _in_time(desk, watch, verdict)


async def _placement(desk: Desk, watch: Watch) -> Verdict:
    """By our own id: what the flags of a compartment say may be about somebody else by now."""
    adapter, reference = desk.adapter, reference_of(watch.command)
    if reference is None or not isinstance(adapter, FindsPlacements):
        return Verdict.UNKNOWN
    try:
        watch.unit = await adapter.find_placement(desk.bank.external_id, reference)
    except DeviceError as error:
        log.info("bank %s: no lookup: %s", desk.bank.id, error.detail)
        return Verdict.WAIT
    return _in_time(desk, watch, verdict_on_placement(watch.command, watch.unit))


async def _access(desk: Desk, watch: Watch, known: Known) -> Verdict:
    """Of a way in whose answer was lost: looked up where the vendor's own event about it has told by which id.
    Where it has not, nobody has what the vendor made, and another may be asked for."""
    command = watch.command
    if isinstance(desk.adapter, FindsAccesses):
        async with desk.hands.db.tenant([desk.bank.tenant_id]) as conn:
            made = await pushes.made_for(conn, desk.bank.tenant_id, desk.bank.connection_id, command.id)
        order = order_of(command, desk.bank, known, desk.adapter.timing.deadline)
        try:
            since = made.since(command.sent_at) if made else None
            watch.found = await desk.adapter.find_access(order, made.reference, since) if made else None
        except (ContractBroken, Refused) as error:
            log.info("bank %s: what was issued cannot be used: %s", desk.bank.id, error.detail)
        except DeviceError as error:
            log.info("bank %s: no lookup: %s", desk.bank.id, error.detail)
            return Verdict.WAIT
    watch.unit = watch.found.unit if watch.found else None
    return _in_time(desk, watch, Verdict.HAPPENED if watch.found else Verdict.DID_NOT)


def _in_time(desk: Desk, watch: Watch, verdict: Verdict) -> Verdict:
    """What has not taken effect may do so until the hardware's time for that is over."""
    waits = desk.adapter.timing.settle.total_seconds() + (UNTOLD_SECONDS if verdict is Verdict.UNKNOWN else 0.0)
    late = desk.hands.monotonic() - watch.sent >= waits
    return verdict if late or verdict is Verdict.HAPPENED else Verdict.WAIT


async def _end(desk: Desk, watch: Watch, act: Callable[[Work], Awaitable[object]], after: CommandState) -> None:
    if await desk.write(act):
        watch.command = replace(watch.command, state=after)
    else:
        # Somebody else wrote first: what is written down is what counts.
        await desk.adopt()
    _forget(desk)


def _forget(desk: Desk) -> None:
    now, long = desk.hands.monotonic(), desk.adapter.timing.settle.total_seconds() * REMEMBER_SETTLES
    ended = {S.DOOR_CLOSED, S.FAILED, S.EXPIRED}
    desk.watches = [
        watch
        for watch in desk.watches
        if watch.command.state not in ended
        and not (watch.command.kind is not OrderKind.OPEN and watch.command.state is S.ACCEPTED)
        and not (watch.given_up and now - watch.sent > long)
    ]
