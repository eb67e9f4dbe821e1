"""Tries the operations of an adapter against the real account, one by one, in words of the port: for every vendor."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import uuid4

from app.devices.port import (
    Ability,
    Adapter,
    BankState,
    Capability,
    Check,
    Contact,
    Door,
    FindsReservations,
    KeepsContacts,
    Order,
    OrderKind,
    ParcelRef,
    Refused,
    TellsSizes,
    Unit,
)

NEEDED = "needs what failed above"
HOLD = timedelta(minutes=15)
PLAIN: Mapping[str, str] = {
    "list banks": "compare the address and the credentials with what the vendor gave you",
    "read a bank": "name a bank of this account",
}


def opening(adapter: Adapter, bank: str | None, advice: str) -> Check:
    """Of hardware that keeps no books: nobody but who stands before it knows which compartment is empty."""

    async def run() -> str:
        states = await adapter.list_banks() if bank is None else (await adapter.read_bank(bank),)
        shut = [(state.id, unit) for state in states for unit in state.units if unit.door is not Door.OPEN]
        free = next(((where, unit) for where, unit in shut if unit.occupied is not True), None)
        if free is None:
            raise Refused("no shut door is there to try with")
        where, unit = free
        order = Order(uuid4(), OrderKind.OPEN, where, unit.id, adapter.timing.deadline)
        receipt = await adapter.send(order)
        after = (await adapter.read_unit(where, unit.id)).door
        return f"unit {unit.id}: {receipt.outcome.value.lower()}, its door reads {after.value.lower()}; shut it again"

    return Check("open a door", run, advice, writes=True)


class Lists(Protocol):
    async def list_banks(self) -> tuple[BankState, ...]: ...


class Place:
    """Where to try: the bank that is named, or the first that is listed, looked up only where it is needed."""

    def __init__(self, adapter: Lists, bank: str | None) -> None:
        self._adapter, self._bank = adapter, bank

    async def banks(self) -> tuple[BankState, ...]:
        banks = await self._adapter.list_banks()
        self._bank = self._bank or (banks[0].id if banks else None)
        return banks

    async def bank(self) -> str:
        if self._bank is None:
            await self.banks()
        return self.known()

    def known(self) -> str:
        if self._bank is None:
            raise Refused("no bank is known: name one")
        return self._bank


class Trial:
    """The checks of one adapter. `bank`: where to try; without one the first that is listed. `advice`: check -> what to
    change. What writes takes one free unit, uses it and gives it back."""

    def __init__(self, adapter: Adapter, bank: str | None, advice: Mapping[str, str]) -> None:
        self._adapter, self._place = adapter, Place(adapter, bank)
        self._advice = {**PLAIN, **advice}
        self._state: BankState | None = None
        self._unit: Unit | None = None
        self._contact = "lockyard-check"
        self._first, self._second = (ParcelRef(f"LOCKYARD/{uuid4().hex[:8]}-{place}") for place in (1, 2))

    def checks(self) -> tuple[Check, ...]:
        adapter = self._adapter
        found = [self._check("list banks", self._banks), self._check("read a bank", self._read)]
        if isinstance(adapter, TellsSizes):
            found.append(self._check("sizes of a bank", self._sizes))
        if isinstance(adapter, FindsReservations):
            found.append(self._check("look up a parcel", self._find_none))
        if isinstance(adapter, KeepsContacts):
            found.append(self._check("look up a contact", self._reservations))
            found.append(self._check("add a contact", self._add_contact, writes=True))
        if self._can(Capability.VENDOR_RESERVATION):
            found += self._books()
        if self._can(Capability.REMOTE_OPEN):
            found.append(self._check("open a door", self._open, writes=True))
        if self._can(Capability.VENDOR_RESERVATION):
            found += self._books_end()
        return tuple(found)

    def _books(self) -> list[Check]:
        steps = [("reserve a unit", self._reserve)]
        if isinstance(self._adapter, FindsReservations):
            steps.append(("find it by its parcel", self._find))
        steps.append(("add a parcel and move the expiry", self._extend))
        return [self._check(name, run, writes=True) for name, run in steps]

    def _books_end(self) -> list[Check]:
        steps = [("confirm the deposit", self._deposit)]
        if self._can(Capability.PARTIAL_FREE):
            steps.append(("free one of two parcels", self._free_one))
        steps.append(("free the unit", self._free))
        if self._can(Capability.RETURN_FLOW):
            steps.append(("reserve for a return, and free", self._return))
        return [self._check(name, run, writes=True) for name, run in steps]

    def _check(self, name: str, run: Callable[[], Awaitable[str]], *, writes: bool = False) -> Check:
        return Check(name, run, self._advice.get(name, "ask the vendor for what this account may do"), writes)

    def _can(self, capability: Capability) -> bool:
        return self._adapter.capabilities.get(capability, Ability.ABSENT) is not Ability.ABSENT

    # --- reading

    async def _banks(self) -> str:
        banks = await self._place.banks()
        listed = ", ".join(each.id for each in banks[:5]) + (", …" if len(banks) > 5 else "")
        return f"{len(banks)} banks: {listed}" if banks else "no banks"

    async def _read(self) -> str:
        self._state = state = await self._adapter.read_bank(self._place.known())
        used = sum(bool(unit.reserved or unit.occupied) for unit in state.units)
        broken = sum(unit.in_service is False for unit in state.units)
        strange = f"; not understood: {', '.join(each.what for each in state.unmapped[:5])}" if state.unmapped else ""
        return f"{state.id} has {len(state.units)} units, {used} in use, {broken} out of service{strange}"

    async def _sizes(self) -> str:
        assert isinstance(self._adapter, TellsSizes)
        rows = await self._adapter.sizes(self._place.known())
        return ", ".join(f"{row.size}: {row.available} of {row.total}" for row in rows) or "no sizes"

    async def _find_none(self) -> str:
        assert isinstance(self._adapter, FindsReservations)
        found = await self._adapter.find_reservation(self._place.known(), self._first.tracking)
        return "a number that is not there is not found" if found is None else f"found in unit {found.id}"

    async def _reservations(self) -> str:
        assert isinstance(self._adapter, KeepsContacts)
        found = await self._adapter.reservations_of(self._place.known(), self._contact)
        return f"{len(found)} units"

    # --- writing

    async def _add_contact(self) -> str:
        assert isinstance(self._adapter, KeepsContacts)
        self._contact = await self._adapter.add_contact(Contact("lockyard-check", "Lockyard check"))
        return f"added as {self._contact}"

    async def _reserve(self) -> str:
        unit = self._free_unit()
        await self._adapter.send(self._order(OrderKind.RESERVE, unit.id, self._first))
        self._unit = unit
        return f"unit {unit.id}"

    async def _find(self) -> str:
        assert isinstance(self._adapter, FindsReservations)
        found = await self._adapter.find_reservation(self._place.known(), self._first.tracking)
        if found is None or found.id != self._taken().id:
            raise Refused("the parcel that was just reserved for is not found")
        return f"unit {found.id}, flags {'; '.join(sorted(found.flags))}"

    async def _extend(self) -> str:
        await self._adapter.send(self._order(OrderKind.EXTEND, self._taken().id, self._second))
        return "taken"

    async def _open(self) -> str:
        unit = self._taken() if self._can(Capability.VENDOR_RESERVATION) else self._free_unit()
        receipt = await self._adapter.send(self._order(OrderKind.OPEN, unit.id))
        return f"unit {unit.id}: {receipt.outcome.value.lower()}"

    async def _deposit(self) -> str:
        both = (self._first, self._second)
        receipt = await self._adapter.send(self._order(OrderKind.DEPOSIT, self._taken().id, *both))
        return "taken, with a pickup code" if receipt.pickup_code else "taken, without a pickup code"

    async def _free_one(self) -> str:
        receipt = await self._adapter.send(self._order(OrderKind.RELEASE, self._taken().id, self._second))
        if receipt.released:
            raise Refused("the unit was freed, though one parcel is left")
        return "the unit is kept for the other"

    async def _free(self) -> str:
        unit = self._taken()
        await self._adapter.send(self._order(OrderKind.RELEASE, unit.id, self._first, self._second))
        self._unit = None
        left = await self._adapter.read_unit(self._place.known(), unit.id)
        if left.reserved or left.occupied:
            raise Refused(f"unit {unit.id} is still in use after it was freed: free it at the vendor")
        return f"unit {unit.id} is free again"

    async def _return(self) -> str:
        if self._unit is not None:
            raise Refused(NEEDED)
        unit = self._free_unit()
        asked = replace(self._order(OrderKind.RESERVE, unit.id, self._first), depositor=self._contact)
        await self._adapter.send(asked)
        await self._adapter.send(self._order(OrderKind.RELEASE, unit.id, self._first))
        return f"unit {unit.id}"

    def _free_unit(self) -> Unit:
        if self._state is None:
            raise Refused(NEEDED)
        for unit in self._state.units:
            if not unit.reserved and not unit.occupied and unit.in_service is not False:
                return unit
        raise Refused("no unit is free to try with")

    def _taken(self) -> Unit:
        if self._unit is None:
            raise Refused(NEEDED)
        return self._unit

    def _order(self, kind: OrderKind, unit: str, *parcels: ParcelRef) -> Order:
        return Order(
            id=uuid4(),
            kind=kind,
            bank=self._place.known(),
            unit=unit,
            deadline=self._adapter.timing.deadline,
            parcels=parcels,
            contact=self._contact,
            contact_kind="recipient",
            expires_at=datetime.now(UTC) + HOLD,
        )
