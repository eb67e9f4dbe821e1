"""Our words to Harbor Gateway's and back. No I/O: what is sent and what silence means is the client's."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters import config
from adapters.harbor_gateway import wire
from adapters.harbor_gateway.checks import checks as tried
from adapters.harbor_gateway.client import CLOUD_LIMIT, KEPT_FOR_ORDERS, Access, GatewayClient
from adapters.harbor_gateway.settings import SETTINGS, SIZES, access, hardware, paths_of
from adapters.payload import WrongShape, beforehand, shaped
from app.devices.port import (
    Ability,
    Adapter,
    Ambiguous,
    BankState,
    Capability,
    Check,
    Connection,
    ContractBroken,
    Door,
    DoorHint,
    Evidence,
    Order,
    OrderKind,
    Outcome,
    Receipt,
    Refused,
    Timing,
    Unit,
    Unmapped,
    Unsupported,
    Vendor,
)

PRESENT = frozenset(
    {
        Capability.DOOR_SENSOR,
        Capability.READBACK,
        Capability.REMOTE_OPEN,
        Capability.SERVICE_WRITE,
        Capability.VENDOR_ASSIGNS_UNIT,
    }
)
NO_HINTS: tuple[DoorHint, ...] = ()
REDACT = frozenset({"Authorization", "X-API-Key", "api_key"})
# The gateway tries an open 3 times for 20 s, 1 s apart. Whoever stops listening before that opens twice.
OPEN_TAKES = timedelta(seconds=62)
# Its books are quick; a bank's other doors must not wait for them as long as for a lock.
CHANGE_TAKES = timedelta(seconds=20)
READS_A_LOOK = 2


class GatewayAdapter:
    """One box, which is one bank, or one key of the cloud, which may hold many."""

    vendor = "harbor_gateway"
    evidence_ceiling = Evidence.E3
    redact = REDACT

    def __init__(
        self,
        client: GatewayClient,
        *,
        bank: str,
        sizes: Mapping[str, str],
        labels: Mapping[str, object],
        poll: timedelta,
        reason_code: str | None = None,
    ) -> None:
        self._client = client
        self._bank = bank
        self._sizes = sizes
        self._labels = labels
        self._poll = poll
        self._reason_code = reason_code
        # Bank -> locker -> slug of its type, as last read: what to ask for when one like it is wanted.
        self._types: dict[str, dict[str, str]] = {}

    @property
    def timing(self) -> Timing:
        """Reads share what the cloud allows a minute, however many banks there are behind the key."""
        poll, moving = self._poll, min(self._poll, timedelta(seconds=1))
        if self._client.cloud:
            share = timedelta(minutes=1) * READS_A_LOOK / (CLOUD_LIMIT - KEPT_FOR_ORDERS)
            poll, moving = max(poll, share * len(self._types)), max(share, timedelta(seconds=3))
        slack = timedelta(seconds=3)
        return Timing(
            deadline=OPEN_TAKES + 4 * slack, settle=OPEN_TAKES + slack, poll=poll, poll_while_open=min(poll, moving),
            side_by_side=4,
        )  # fmt: skip

    @property
    def capabilities(self) -> Mapping[Capability, Ability]:
        now = Ability.FAILING if self._client.breaker.failing else Ability.WORKS
        # Only the cloud promises to answer an order's key from memory.
        present = PRESENT | ({Capability.IDEMPOTENT_OPEN} if self._client.cloud else frozenset())
        return {each: now if each in present else Ability.ABSENT for each in Capability}

    async def list_banks(self) -> tuple[BankState, ...]:
        if not self._client.cloud:
            return (await self.read_bank(self._bank),)
        found = shaped(wire.locations, await self._client.read(self._client.path("locations")))
        return tuple([await self._look(place.id, place.name) for place in found])

    async def read_bank(self, bank: str) -> BankState:
        return await self._look(self._known(bank), None)

    async def read_unit(self, bank: str, unit: str) -> Unit:
        """One locker's flags. Whose transaction holds it is told by `read_bank` only."""
        path = self._client.path("locker", bank=self._known(bank), unit=unit)
        answer = await self._client.read(path)
        if answer is None:
            raise Refused(f"no locker {unit} in bank {bank}", reason="UNKNOWN_UNIT")
        locker = shaped(wire.locker, answer)
        if str(locker.id) != unit:
            raise ContractBroken(f"asked for locker {unit}, the answer is about another")
        return self._unit(locker, datetime.now(UTC))

    async def find_placement(self, bank: str, reference: str) -> str | None:
        found = await self._transaction(self._known(bank), reference)
        return str(found.locker) if found else None

    async def send(self, order: Order) -> Receipt:
        bank = self._known(order.bank)
        if order.kind is OrderKind.OPEN:
            return await self._open(order, bank)
        if order.kind is OrderKind.RESERVE:
            return await self._create(order, bank)
        if order.kind is OrderKind.RELEASE:
            path = self._client.path("transaction", bank=bank, reference=_reference(order))
            gone = await self._client.change("DELETE", path, None, _soon(order))
            return Receipt(Outcome.ACCEPTED, "" if gone is not None else "it was gone before", released=True)
        if order.kind is OrderKind.SET_SERVICE:
            return await self._set_service(order, bank)
        raise Unsupported("the gateway keeps no deposits and no times: there is nothing to tell it")

    async def hints(self) -> AsyncIterator[DoorHint]:
        for hint in NO_HINTS:
            yield hint

    async def close(self) -> None:
        await self._client.close()

    def checks(self, bank: str | None) -> tuple[Check, ...]:
        return tried(self, self._client, bank if self._client.cloud else self._bank)

    async def _look(self, bank: str, name: str | None) -> BankState:
        answers = await asyncio.gather(
            self._client.read(self._client.path("lockers", bank=bank)),
            self._client.read(self._client.path("transactions", bank=bank)),
        )
        if None in answers:
            raise Refused(f"no bank {bank}", reason="UNKNOWN_BANK")
        lockers, broken = shaped(wire.lockers, answers[0])
        held = {each.locker: each.id for each in shaped(wire.transactions, answers[1])}
        now = datetime.now(UTC)
        self._types[bank] = {str(each.id): each.type for each in lockers if each.type}
        strange = [each for each in lockers if each.type is not None and each.type not in self._sizes]
        unmapped = [Unmapped(str(each.id), "lockerType", str(each.type)) for each in strange]
        unmapped += [Unmapped(None, "locker", raw) for raw in broken]
        units = tuple(self._unit(each, now, held) for each in lockers)
        return BankState(bank, units, now, name=name, unmapped=tuple(unmapped))

    def _unit(self, locker: wire.LockerObject, now: datetime, held: Mapping[int, str] | None = None) -> Unit:
        doors = {True: Door.OPEN, False: Door.CLOSED, None: Door.UNKNOWN}
        id = str(locker.id)
        return Unit(
            id=id,
            door=doors[locker.door_open],
            observed_at=now,
            label=str(self._labels.get(id) or locker.label or id),
            size=self._sizes.get(locker.type) if locker.type else None,
            in_service=locker.in_service,
            reserved=None if held is None else locker.id in held,
            reference=held.get(locker.id) if held else None,
            flags={**locker.raw, "lockerType": locker.type},
        )

    async def _transaction(self, bank: str, reference: str) -> wire.TransactionObject | None:
        answer = await self._client.read(self._client.path("transaction", bank=bank, reference=reference))
        if answer is None:
            return None
        found = shaped(wire.transaction, answer)
        if found.id != reference:
            raise ContractBroken("the answer is about another transaction")
        return found

    async def _open(self, order: Order, bank: str) -> Receipt:
        """By transaction, so that the gateway too opens only what it gave out; a door without one by its own number."""
        path = self._client.path("locker_open", bank=bank, unit=order.unit)
        if order.reference:
            held = await beforehand(self._transaction(bank, order.reference))
            if held is None or str(held.locker) != order.unit:
                where = "nowhere" if held is None else f"in locker {held.locker}"
                raise Refused(f"the gateway has this transaction {where}, we have it here", reason="WRONG_UNIT")
            path = self._client.path("open", bank=bank, reference=order.reference)
        answer = await self._client.open(order.id, path, order.deadline)
        try:
            seen = wire.opened(answer)
        except WrongShape as error:
            raise Ambiguous(f"the answer made no sense: {error}") from error
        if str(seen.locker) != order.unit:
            raise Ambiguous(f"locker {seen.locker} was opened, {order.unit} was asked for")
        if seen.success:
            return Receipt(Outcome.OPENED if seen.door_open else Outcome.ACCEPTED, seen.message)
        if seen.door_open is False:
            raise Refused(f"the door stayed closed: {seen.message}", reason="OPEN_FAILED")
        # It failed by its word and stands open, or nobody knows: the next reading tells.
        raise Ambiguous(f"the gateway reports a failure: {seen.message}")

    async def _create(self, order: Order, bank: str) -> Receipt:
        body = {"transactionId": _reference(order), "lockerType": await self._type_of(order, bank)}
        answer = await self._client.change("POST", self._client.path("transactions", bank=bank), body, _soon(order))
        if answer is None:
            raise Refused(f"no bank {bank}", reason="UNKNOWN_BANK")
        try:
            made = wire.transaction(answer)
        except WrongShape as error:
            raise Ambiguous(f"the answer made no sense: {error}") from error
        if made.id != order.reference:
            raise Ambiguous("the answer is about another transaction")
        return Receipt(Outcome.ACCEPTED, unit=str(made.locker))

    async def _type_of(self, order: Order, bank: str) -> str:
        """The gateway is asked for a type by name, not for a locker: of the same type as the one that was named."""
        known = self._types.get(bank, {}).get(order.unit)
        if known is None:
            locker = await beforehand(self.read_unit(order.bank, order.unit))
            known = str(locker.flags["lockerType"] or "")
        if not known:
            raise Refused(f"locker {order.unit} has no type to ask for", reason="REFUSED")
        return known

    async def _set_service(self, order: Order, bank: str) -> Receipt:
        if order.in_service is None:
            raise Refused("whether it is in service is missing", reason="INCOMPLETE_ORDER")
        body = wire.service(order.in_service, self._reason_code, order.reason)
        path = self._client.path("locker", bank=bank, unit=order.unit)
        if await self._client.change("PATCH", path, body, _soon(order)) is None:
            raise Refused(f"no locker {order.unit} in bank {order.bank}", reason="UNKNOWN_UNIT")
        return Receipt(Outcome.ACCEPTED)

    def _known(self, bank: str) -> str:
        if not self._client.cloud and bank != self._bank:
            raise Refused(f"no bank {bank} behind this gateway", reason="UNKNOWN_BANK")
        return bank


def _soon(order: Order) -> timedelta:
    return min(order.deadline, CHANGE_TAKES)


def _reference(order: Order) -> str:
    if not order.reference:
        raise Refused("the gateway needs our id of the reservation", reason="INCOMPLETE_ORDER")
    return order.reference


def _read(connection: Connection) -> tuple[Access, Mapping[str, str], Mapping[str, Any]]:
    given = config.values(SETTINGS, connection)
    return access(connection.base_url, given), paths_of(given), given


def connect(connection: Connection) -> Adapter:
    door, paths, given = _read(connection)
    return GatewayAdapter(
        GatewayClient(door, paths),
        bank=given["bank"],
        sizes={**SIZES, **(given["sizes"] or {})},
        labels=given["labels"] or {},
        poll=timedelta(seconds=float(given["poll_seconds"])),
        reason_code=given["reason_code"],
    )


VENDOR = Vendor(
    name="harbor_gateway",
    title="Harbor Gateway",
    address_help="http://host:port of the box in the bank, or https:// of the vendor's cloud",
    connect=connect,
    read=_read,
    settings=SETTINGS,
    hardware=hardware,
)
