"""Our words to Pitney's and back. No I/O: what is sent and what silence means is the client's."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from adapters import config
from adapters.checking import Trial
from adapters.paths import fill
from adapters.payload import WrongShape, an_object, shaped
from adapters.pitney import answers, wire
from adapters.pitney.client import Access, PitneyClient, PitneyPaths
from adapters.pitney.settings import ADVICE, PRESENT, REDACT, SETTINGS, SIZES, access, paths
from app.devices.port import (
    Ability,
    Adapter,
    Ambiguous,
    BankState,
    Capability,
    Check,
    Connection,
    Contact,
    ContractBroken,
    DoorHint,
    Evidence,
    Order,
    OrderKind,
    Outcome,
    ParcelRef,
    Receipt,
    Refused,
    SizeCount,
    Timing,
    Unit,
    Unreachable,
    Unsupported,
    Vendor,
)

T = TypeVar("T")

LOOK_AGAIN_SECONDS = 4.0
GONE = Receipt(Outcome.ACCEPTED, "the vendor's books had none of it there any more", released=True)
# Nothing is pushed.
NO_HINTS: tuple[DoorHint, ...] = ()


class PitneyAdapter:
    """One connection to the vendor's cloud; it may hold many banks."""

    vendor = "pitney"
    evidence_ceiling = Evidence.E2
    redact = REDACT

    def __init__(
        self,
        client: PitneyClient,
        *,
        stand_in: str | Contact,
        location: str | None,
        sizes: Mapping[str, str],
        poll: timedelta,
    ) -> None:
        """`stand_in`: whom to reserve for where nobody is named: by the book's id, or as they are to be added."""
        self._client = client
        self._stand_in, self._asks = stand_in, asyncio.Lock()
        self._location = location
        self._sizes = sizes
        # Settle: an open that was taken may reach the kiosk late; the vendor states no figure, so ours is long.
        self.timing = Timing(
            deadline=timedelta(seconds=10), settle=timedelta(seconds=30), poll=poll, poll_while_open=poll,
            side_by_side=4,
        )  # fmt: skip

    @property
    def capabilities(self) -> Mapping[Capability, Ability]:
        now = Ability.FAILING if self._client.breaker.failing else Ability.WORKS
        return {each: now if each in PRESENT else Ability.ABSENT for each in Capability}

    async def list_banks(self) -> tuple[BankState, ...]:
        query = {"locationId": self._location} if self._location else None
        answer = await self._client.read(self._client.paths.banks, query)
        return tuple(answers.state(bank, self._sizes) for bank in shaped(wire.banks, answer))

    async def read_bank(self, bank: str) -> BankState:
        answer = await self._client.read(fill(self._client.paths.bank, bank=bank))
        if answer is None:
            raise Refused(f"no bank {bank}", reason="UNKNOWN_BANK")
        read = shaped(wire.bank, answer)
        # A bank that was renumbered or replaced must not pass for the one that was asked.
        if read.bank != bank:
            raise ContractBroken(f"asked for bank {bank}, the answer is about another")
        return answers.state(read, self._sizes)

    async def read_unit(self, bank: str, unit: str) -> Unit:
        """Flags and parcels of one unit. Its door is UNKNOWN for ever: this cannot prove what became of an open."""
        for each in (await self.read_bank(bank)).units:
            if each.id == unit:
                return each
        raise Refused(f"no unit {unit} in bank {bank}", reason="UNKNOWN_UNIT")

    async def find_reservation(self, bank: str, tracking: str) -> Unit | None:
        path = fill(self._client.paths.reserved, bank=bank, tracking=tracking)
        # The flag only where something is escaped: a plain number reads the same with and without it.
        escaped = {"isTrackNumUrlEncoded": "true"} if quote(tracking, safe="") != tracking else {}
        answer = await self._client.read(path, {**escaped, "includeAllParcels": "true"})
        if answer is None:
            return None
        found = answers.reserved(bank, answer, self._sizes)
        return found[0] if found else None

    async def reservations_of(self, bank: str, contact: str) -> tuple[Unit, ...]:
        path = fill(self._client.paths.reserved_by_contact, bank=bank, contact=contact)
        answer = await self._client.read(path, {"includeAllParcels": "true"})
        return () if answer is None else answers.reserved(bank, answer, self._sizes)

    async def add_contact(self, contact: Contact) -> str:
        answer = await self._client.add(self._client.paths.contact, wire.contact_body(contact))
        return shaped(wire.contact_id, answer)

    async def stand_in(self) -> str:
        async with self._asks:
            if isinstance(self._stand_in, Contact):
                self._stand_in = await self.add_contact(self._stand_in)
            return self._stand_in

    async def sizes(self, bank: str) -> tuple[SizeCount, ...]:
        """The vendor's size words in ours; words we have none for keep their own."""
        answer = await self._client.read(fill(self._client.paths.sizes, bank=bank))
        if answer is None:
            raise Refused(f"no bank {bank}", reason="UNKNOWN_BANK")
        rows = shaped(wire.sizes, answer)
        return tuple(
            SizeCount(self._sizes.get(row.size, row.size), row.total, row.available, row.accessible) for row in rows
        )

    def checks(self, bank: str | None) -> tuple[Check, ...]:
        return Trial(self, bank, ADVICE).checks()

    async def send(self, order: Order) -> Receipt:
        if order.kind is OrderKind.RELEASE:
            return await self._free(order)
        return await self._write(order, order.deadline)

    async def _write(self, order: Order, within: timedelta) -> Receipt:
        method, path, body = self._request(order)
        answer = await self._client.write(order.id, method, path, body, within)
        try:
            return answers.receipt(order, an_object(answer))
        except WrongShape as error:
            raise Ambiguous(f"the answer made no sense: {error}") from error

    async def _free(self, order: Order) -> Receipt:
        """By tracking numbers that are there, never the whole unit: the reservation may have run out at the vendor, and
        the unit may be somebody else's by now. What is not there needs no freeing."""
        if not order.parcels:
            raise Refused("a release names its parcels: without them it could be somebody else's", reason="UNNAMED")
        until = time.monotonic() + order.deadline.total_seconds()
        there = await self._there(order, until)
        if not there:
            return GONE
        left = timedelta(seconds=until - time.monotonic())
        try:
            return await self._write(replace(order, parcels=there), left)
        except Refused:
            if await self._there(order, time.monotonic() + LOOK_AGAIN_SECONDS):
                raise
            return GONE

    async def _there(self, order: Order, until: float) -> tuple[ParcelRef, ...]:
        """Which of an order's parcels the vendor has in its unit. Raises Refused where it has them in another, or has
        put in what we know to be empty."""
        elsewhere: Unit | None = None
        try:
            async with asyncio.timeout(until - time.monotonic()):
                for parcel in order.parcels:
                    found = await self.find_reservation(order.bank, parcel.tracking)
                    if found is not None and found.id == order.unit:
                        if answers.filled(order, found):
                            raise Refused("something was put in meanwhile", reason="OCCUPIED")
                        # The answer tells all parcels of the unit.
                        return tuple(
                            each for each in order.parcels if each.tracking in {*found.parcels, parcel.tracking}
                        )
                    elsewhere = found or elsewhere
        except TimeoutError:
            raise Unreachable("nothing was sent: the vendor did not tell in time what is in the unit") from None
        except ContractBroken as error:
            raise Unreachable(f"nothing was sent: {error.detail}") from error
        if elsewhere is not None:
            raise Refused(
                f"the vendor has this parcel in unit {elsewhere.id}, not in {order.unit}", reason="WRONG_UNIT"
            )
        return ()

    async def hints(self) -> AsyncIterator[DoorHint]:
        for hint in NO_HINTS:
            yield hint

    async def close(self) -> None:
        await self._client.close()

    def _request(self, order: Order) -> tuple[str, str, dict[str, object]]:
        paths, kind = self._client.paths, order.kind
        by: dict[str, object] = {"userId": order.asked_by}
        if kind is OrderKind.OPEN:
            return "POST", fill(paths.open, bank=order.bank, unit=order.unit), by
        if kind is OrderKind.RELEASE:
            return (
                "POST",
                fill(paths.free, bank=order.bank, unit=order.unit),
                {**by, "parcels": wire.parcels_body(order)},
            )
        if kind is OrderKind.RESERVE:
            path = paths.reserve_return if order.depositor else paths.reserve
            return "POST", fill(path, bank=order.bank), wire.reservation_body(order)
        if kind is OrderKind.DEPOSIT:
            return (
                "PATCH",
                fill(paths.deposit, bank=order.bank, unit=order.unit),
                {**by, "parcels": wire.parcels_body(order)},
            )
        if kind is OrderKind.EXTEND:
            until = {"reservationExpiryTime": wire.stamp(order.expires_at)} if order.expires_at else {}
            # Documented as required also where only the expiry moves.
            body = {**by, **until, "parcels": wire.parcels_body(order)}
            return "PATCH", fill(paths.update, bank=order.bank, unit=order.unit), body
        raise Unsupported("this vendor lets nobody set a unit's service state from outside")


def _read(connection: Connection) -> tuple[Access, PitneyPaths, Mapping[str, Any]]:
    given = config.values(SETTINGS, connection)
    places = paths(given)
    return access(connection, given, places), places, given


def connect(connection: Connection) -> Adapter:
    let_in, places, given = _read(connection)
    return PitneyAdapter(
        PitneyClient(let_in, places),
        # The same at every start, hence one contact of an account. Nobody collects by it.
        stand_in=given["contact_id"] or Contact(f"lockyard-{connection.id}", "Lockyard"),
        location=given["location_id"],
        sizes={**SIZES, **(given["sizes"] or {})},
        poll=timedelta(seconds=float(given["poll_seconds"])),
    )


VENDOR = Vendor(
    name="pitney",
    title="Pitney Locker APIs",
    address_help="https://api.sendpro360.pitneybowes.com, with the product prefix where your account has one",
    connect=connect,
    read=_read,
    settings=SETTINGS,
)
