"""Our words to Pitney's and back. No I/O: what is sent and what silence means is the client's."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import quote

from adapters import config
from adapters.checking import Trial
from adapters.payload import WrongShape, an_object, optional
from adapters.pitney import wire
from adapters.pitney.client import Access, PitneyClient, PitneyPaths, fill
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
    Door,
    DoorHint,
    Evidence,
    Order,
    OrderKind,
    Outcome,
    Receipt,
    Refused,
    Setting,
    SettingKind,
    SizeCount,
    Timing,
    Unit,
    Unmapped,
    Unsupported,
    Vendor,
)

T = TypeVar("T")

# `mlarge` stands last in the vendor's list; a connection may map it otherwise.
SIZES = MappingProxyType({"small": "S", "medium": "M", "large": "L", "mlarge": "XL"})

PRESENT = frozenset(
    {
        Capability.ACCESSIBLE_UNITS,
        Capability.PARTIAL_FREE,
        Capability.READBACK,
        Capability.REMOTE_OPEN,
        Capability.RETURN_FLOW,
        Capability.VENDOR_PICKUP_CODE,
        Capability.VENDOR_RESERVATION,
    }
)
# Nothing is pushed.
NO_HINTS: tuple[DoorHint, ...] = ()
REDACT = frozenset({"Authorization", "access_token", "client_id", "client_secret", "contactName", "pickupCode"})

SETTINGS = (
    Setting("client_id", SettingKind.TEXT, "OAuth client id given by the vendor", required=True, secret=True),
    Setting("client_secret", SettingKind.TEXT, "OAuth client secret given by the vendor", required=True, secret=True),
    Setting("auth_url", SettingKind.TEXT, "whole address of the token call, where it is not on the same host"),
    Setting("location_id", SettingKind.TEXT, "take only the banks of this vendor location"),
    Setting("partner_id", SettingKind.TEXT, "sent as X-PB-Developer-Partner-ID"),
    Setting("paths", SettingKind.MAP, "corrections of operation paths, by operation name"),
    Setting("sizes", SettingKind.MAP, "vendor size word to ours, where not small=S medium=M large=L mlarge=XL"),
    Setting("read_seconds", SettingKind.SECONDS, "how long a read may take, its repetitions included", default=5.0),
    Setting("poll_seconds", SettingKind.SECONDS, "how often a bank is read", default=5.0),
)

ADVICE = MappingProxyType(
    {
        "list banks": "set `paths.banks`, and the address with the product prefix of your account",
        "read a bank": "set `paths.bank`",
        "sizes of a bank": "set `paths.sizes`; nothing else needs it",
        "look up a contact": "set `paths.reserved_by_contact`; nothing else needs it",
        "add a contact": "set `paths.contact`; the account needs the address book",
        "open a door": "set `paths.open`",
        "reserve for a return, and free": "set `paths.reserve_return`",
    }
)


class PitneyAdapter:
    """One connection to the vendor's cloud; it may hold many banks."""

    vendor = "pitney"
    evidence_ceiling = Evidence.E2
    redact = REDACT

    def __init__(
        self, client: PitneyClient, *, location: str | None, sizes: Mapping[str, str], poll: timedelta
    ) -> None:
        self._client = client
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
        return tuple(self._state(bank) for bank in _shaped(wire.banks, answer))

    async def read_bank(self, bank: str) -> BankState:
        answer = await self._client.read(fill(self._client.paths.bank, bank=bank))
        if answer is None:
            raise Refused(f"no bank {bank}", reason="UNKNOWN_BANK")
        read = _shaped(wire.bank, answer)
        # A bank that was renumbered or replaced must not pass for the one that was asked.
        if read.bank != bank:
            raise ContractBroken(f"asked for bank {bank}, the answer is about another")
        return self._state(read)

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
        found = _shaped(wire.reserved_units, answer)
        return self._unit(found[0], datetime.now(UTC)) if found else None

    async def reservations_of(self, bank: str, contact: str) -> tuple[Unit, ...]:
        path = fill(self._client.paths.reserved_by_contact, bank=bank, contact=contact)
        answer = await self._client.read(path, {"includeAllParcels": "true"})
        found = () if answer is None else _shaped(wire.reserved_units, answer)
        now = datetime.now(UTC)
        return tuple(self._unit(unit, now) for unit in found)

    async def add_contact(self, contact: Contact) -> str:
        answer = await self._client.add(self._client.paths.contact, wire.contact_body(contact))
        return _shaped(wire.contact_id, answer)

    async def sizes(self, bank: str) -> tuple[SizeCount, ...]:
        """The vendor's size words in ours; words we have none for keep their own."""
        answer = await self._client.read(fill(self._client.paths.sizes, bank=bank))
        if answer is None:
            raise Refused(f"no bank {bank}", reason="UNKNOWN_BANK")
        rows = _shaped(wire.sizes, answer)
        return tuple(
            SizeCount(self._sizes.get(row.size, row.size), row.total, row.available, row.accessible) for row in rows
        )

    def checks(self, bank: str | None) -> tuple[Check, ...]:
        return Trial(self, bank, ADVICE).checks()

    async def send(self, order: Order) -> Receipt:
        method, path, body = self._request(order)
        answer = await self._client.write(order.id, method, path, body, order.deadline)
        try:
            return _receipt(order, an_object(answer))
        except WrongShape as error:
            raise Ambiguous(f"the answer made no sense: {error}") from error

    async def hints(self) -> AsyncIterator[DoorHint]:
        for hint in NO_HINTS:
            yield hint

    async def close(self) -> None:
        await self._client.close()

    def _request(self, order: Order) -> tuple[str, str, dict[str, object]]:
        paths, kind = self._client.paths, order.kind
        by: dict[str, object] = {"userId": order.asked_by}
        some = {"parcels": wire.parcels_body(order)} if order.parcels else {}
        if kind is OrderKind.OPEN:
            return "POST", fill(paths.open, bank=order.bank, unit=order.unit), by
        if kind is OrderKind.RELEASE:
            return "POST", fill(paths.free, bank=order.bank, unit=order.unit), {**by, **some}
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

    def _state(self, bank: wire.BankObject) -> BankState:
        now = datetime.now(UTC)
        strange = [(unit.unit, name, value) for unit in bank.units for name, value in unit.strange.items()]
        unmapped = [Unmapped(unit, name, wire.short(value)) for unit, name, value in strange]
        unmapped.extend(Unmapped(None, "unit", raw) for raw in bank.broken)
        return BankState(
            id=bank.bank,
            name=bank.name,
            location=bank.location,
            units=tuple(self._unit(unit, now) for unit in bank.units),
            observed_at=now,
            unmapped=tuple(unmapped),
        )

    def _unit(self, unit: wire.UnitObject, now: datetime) -> Unit:
        return Unit(
            id=unit.unit,
            door=Door.UNKNOWN,
            observed_at=now,
            label=unit.unit,
            size=self._sizes.get(unit.size) if unit.size else None,
            accessible=unit.accessible,
            in_service=unit.in_service,
            reserved=unit.reserved,
            occupied=unit.occupied,
            parcels=unit.parcels,
            flags=unit.raw,
        )


def _shaped(read: Callable[[Any], T], answer: Any) -> T:
    try:
        return read(answer)
    except WrongShape as error:
        raise ContractBroken(str(error)) from error


def _receipt(order: Order, answer: Mapping[str, Any]) -> Receipt:
    """Never OPENED: the vendor's word is no door sensor. An answer about another unit is no answer to this order."""
    echoed = optional(answer, "lockerUnitId", str)
    if echoed is not None and echoed != order.unit:
        raise WrongShape("it is about another unit")
    code = None
    if order.kind is OrderKind.DEPOSIT and wire.contact_kind(order.contact_kind) == "recipient":
        code = optional(answer, "pickupCode", str)
    released = None
    if order.kind is OrderKind.RELEASE:
        still = optional(answer, "unitReserved", bool)
        # Older versions of this answer lack the flag; freeing without parcels frees the whole unit by contract.
        released = not still if still is not None else (None if order.parcels else True)
    return Receipt(
        outcome=Outcome.ACCEPTED,
        pickup_code=code,
        deposit_expires_at=wire.moment(answer, "depositExpiryTime"),
        released=released,
    )


def connect(connection: Connection) -> Adapter:
    given = config.values(SETTINGS, connection)
    base = config.http_address(connection.base_url, where="the address")
    paths = PitneyPaths.corrected(given["paths"] or {})
    access = Access(
        base_url=base,
        auth_url=config.http_address(given["auth_url"] or base + paths.token, where="auth_url"),
        client_id=given["client_id"],
        client_secret=given["client_secret"],
        partner_id=given["partner_id"],
        read_seconds=float(given["read_seconds"]),
    )
    return PitneyAdapter(
        PitneyClient(access, paths),
        location=given["location_id"],
        sizes={**SIZES, **(given["sizes"] or {})},
        poll=timedelta(seconds=float(given["poll_seconds"])),
    )


VENDOR = Vendor(
    name="pitney",
    title="Pitney Locker APIs",
    address_help="https://api.sendpro360.pitneybowes.com, with the product prefix where your account has one",
    connect=connect,
    settings=SETTINGS,
)
