"""A small world for the core: an operator, a site, a bank of doors behind hardware made of memory, and who acts."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.devices.port import (
    Ability,
    Ambiguous,
    BankState,
    Capability,
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
    Unreachable,
)
from app.kit.db import Database
from app.kit.ids import new_id
from app.kit.seal import Sealer
from app.stays.model import PickupCodes
from tenants.carriers.model import Operation
from tenants.model import Actor, ActorKind, OrganizationKind, Role
from tenants.policy import ROLES
from tenants.work import Context

SEALER = Sealer.of(bytes(range(32)))
SENSOR = {"REMOTE_OPEN": "WORKS", "DOOR_SENSOR": "WORKS", "READBACK": "WORKS"}
SENSES = {**SENSOR, "ITEM_SENSOR": "WORKS"}
BOOKS = {"REMOTE_OPEN": "WORKS", "READBACK": "WORKS", "VENDOR_RESERVATION": "WORKS", "VENDOR_PICKUP_CODE": "WORKS"}


class Now:
    """A clock to turn by hand; its monotonic side goes the same way and never back."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)
        self.seconds = 1000.0

    def __call__(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds

    def pass_(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds


@dataclass(frozen=True, slots=True)
class World:
    """`carrier` is its organization, `known_carrier` its id as the operator knows it."""

    tenant: UUID
    carrier: UUID
    known_carrier: UUID
    site: UUID
    bank: UUID
    connection: UUID
    doors: tuple[UUID, ...]
    recipient: UUID
    recipient_account: UUID


def codes() -> PickupCodes:
    return PickupCodes.of(SEALER)


async def make_world(
    admin: Database,
    *,
    doors: int = 3,
    capabilities: Mapping[str, str] = SENSOR,
    operations: tuple[Operation, ...] = tuple(Operation),
) -> World:
    ids = [new_id() for _ in range(8 + doors)]
    tenant, carrier, known_carrier, site, bank, connection, person, account = ids[:8]
    async with admin.plain() as conn:
        await conn.execute("INSERT INTO organization (id, kind, name) VALUES ($1, 'OPERATOR', 'Harbour')", tenant)
        await conn.execute("INSERT INTO organization (id, kind, name) VALUES ($1, 'CARRIER', 'Heron')", carrier)
        await conn.execute(
            "INSERT INTO site (tenant_id, id, name, address_line, city, country, timezone, locale) "
            "VALUES ($1, $2, 'Quay', '1 Quay', 'Lisboa', 'PT', 'Europe/Lisbon', 'pt-BR')", tenant, site,
        )  # fmt: skip
        await conn.execute(
            "INSERT INTO vendor_connection (tenant_id, id, name, vendor, base_url) "
            "VALUES ($1, $2, 'c', 'memory', 'memory:')",
            tenant, connection,
        )  # fmt: skip
        await conn.execute(
            "INSERT INTO bank "
            "(tenant_id, id, site_id, connection_id, vendor, external_id, label, poll_seconds, capabilities) "
            "VALUES ($1, $2, $3, $4, 'memory', 'B', 'A', 1, $5)", tenant, bank, site, connection, dict(capabilities),
        )  # fmt: skip
        await conn.executemany(
            "INSERT INTO compartment "
            "(tenant_id, id, site_id, bank_id, external_id, label, size, row_no, column_no, door) "
            "VALUES ($1, $2, $3, $4, $5, $5, 'M', 1, 1, 'CLOSED')",
            [(tenant, id_, site, bank, f"{number:03}") for number, id_ in enumerate(ids[8:], 1)],
        )  # fmt: skip
        await conn.execute(
            "INSERT INTO person (tenant_id, id, kind, name, account_id) VALUES ($1, $2, 'RECIPIENT', 'Ana', $3)",
            tenant, person, account,
        )  # fmt: skip
        await conn.execute(
            "INSERT INTO carrier (tenant_id, id, carrier_id, name) VALUES ($1, $2, $3, 'Heron')",
            tenant, known_carrier, carrier,
        )  # fmt: skip
        await conn.execute(
            "INSERT INTO carrier_grant "
            "(tenant_id, id, carrier_id, operations, all_sites, all_banks, all_sizes, valid_from, state) "
            "VALUES ($1, $2, $3, $4, true, true, true, $5, 'ACTIVE')",
            tenant, new_id(), carrier, [str(each) for each in operations], datetime.now(UTC) - timedelta(days=1),
        )  # fmt: skip
    return World(tenant, carrier, known_carrier, site, bank, connection, tuple(ids[8:]), person, account)


def actor(world: World, role: Role = Role.OWNER) -> Actor:
    """A member: of the carrier for CARRIER_ADMIN and COURIER, else of the operator."""
    of_carrier = role in {Role.CARRIER_ADMIN, Role.COURIER}
    organization = world.carrier if of_carrier else world.tenant
    return Actor(
        kind=ActorKind.PERSON,
        account_id=world.recipient_account if role is Role.RECIPIENT else new_id(),
        label=role.title(),
        organization_id=organization,
        organization_kind=OrganizationKind.CARRIER if of_carrier else OrganizationKind.OPERATOR,
        role=role,
        permissions=ROLES[role],
        all_sites=True,
        site_ids=(),
        tenants=(world.tenant, world.carrier) if of_carrier else (world.tenant,),
        membership_id=new_id(),
    )


def context(db: Database, actor: Actor, now: Callable[[], datetime] | None = None) -> Context:
    return Context(db, actor, request_id="test", origin="test", clock=now or (lambda: datetime.now(UTC)))


@dataclass(slots=True)
class Cell:
    """One door of the hardware, with what a test wants to count."""

    door: Door = Door.CLOSED
    pulses: int = 0
    openings: int = 0
    reserved: bool = False
    occupied: bool = False
    parcels: dict[str, None] = field(default_factory=dict)
    deposited: dict[str, None] = field(default_factory=dict)


class Hardware:
    """An adapter made of memory. `fate` decides what becomes of the next orders: '', 'lost', 'cut', 'away', 'no'."""

    vendor = "memory"
    evidence_ceiling = Evidence.E3
    redact: frozenset[str] = frozenset()

    def __init__(self, units: int, capabilities: Mapping[str, str] = SENSOR, *, settle: float = 3.0) -> None:
        self.cells = {f"{number:03}": Cell() for number in range(1, units + 1)}
        self.capabilities = {each: Ability(capabilities.get(each, "ABSENT")) for each in Capability}
        self.timing = Timing(
            timedelta(seconds=5), timedelta(seconds=settle), timedelta(seconds=1), timedelta(seconds=0.2)
        )
        self.away = False
        # Units whose door cannot be read at present.
        self.blind: set[str] = set()
        self.unmapped: tuple[Unmapped, ...] = ()
        self.fates: list[str] = []
        self.sent: list[UUID] = []
        self.pushed: list[DoorHint] = []
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.on_send: Callable[[Order], None] = lambda _: None

    async def list_banks(self) -> tuple[BankState, ...]:
        return (await self.read_bank("B"),)

    async def read_bank(self, bank: str) -> BankState:
        if self.away:
            raise Unreachable("away")
        return BankState(bank, tuple(self._unit(id_) for id_ in self.cells), self.now(), unmapped=self.unmapped)

    async def read_unit(self, _bank: str, unit: str) -> Unit:
        if self.away:
            raise Unreachable("away")
        return self._unit(unit)

    async def send(self, order: Order) -> Receipt:
        fate = "away" if self.away else (self.fates.pop(0) if self.fates else "")
        if fate == "away":
            raise Unreachable("away")
        self.sent.append(order.id)
        self.on_send(order)
        if fate == "no":
            raise Refused("no")
        if fate == "cut":
            raise Ambiguous("cut on the way there")
        receipt = self._do(order)
        if fate == "lost":
            raise Ambiguous("the answer was lost")
        return receipt

    async def hints(self) -> AsyncIterator[DoorHint]:
        for hint in self.pushed:
            yield hint

    async def close(self) -> None:
        self.away = True

    async def find_reservation(self, _bank: str, tracking: str) -> Unit | None:
        return next((self._unit(id_) for id_, cell in self.cells.items() if tracking in cell.parcels), None)

    @property
    def _sensor(self) -> bool:
        return self.capabilities[Capability.DOOR_SENSOR] is Ability.WORKS

    def _unit(self, id_: str) -> Unit:
        cell, books = self.cells[id_], self.capabilities[Capability.VENDOR_RESERVATION] is Ability.WORKS
        senses = self.capabilities[Capability.ITEM_SENSOR] is Ability.WORKS
        counted = self.capabilities[Capability.OPENING_COUNTER] is Ability.WORKS
        door = cell.door if self._sensor and id_ not in self.blind else Door.UNKNOWN
        return Unit(
            id_, door, self.now(), reserved=cell.reserved if books else None,
            occupied=cell.occupied if books or senses else None, openings=cell.openings if counted else None,
            parcels=tuple(cell.parcels), deposited=tuple(cell.deposited) if books else None,
        )  # fmt: skip

    def _do(self, order: Order) -> Receipt:
        cell = self.cells[order.unit]
        code = None
        if order.kind is OrderKind.OPEN:
            cell.pulses += 1
            if cell.door is Door.CLOSED:
                cell.door, cell.openings = Door.OPEN, cell.openings + 1
            return Receipt(Outcome.OPENED if self._sensor else Outcome.ACCEPTED)
        if order.kind is OrderKind.RESERVE:
            if cell.reserved:
                raise Refused("taken")
            cell.reserved, cell.parcels = True, {each.tracking: None for each in order.parcels}
        elif order.kind is OrderKind.DEPOSIT:
            cell.occupied, code = True, "ABC234"
            cell.deposited |= {each.tracking: None for each in order.parcels}
            cell.parcels |= cell.deposited
        elif order.kind is OrderKind.RELEASE:
            gone = {each.tracking for each in order.parcels}
            cell.parcels = {each: None for each in cell.parcels if each not in gone}
            cell.deposited = {each: None for each in cell.deposited if each not in gone}
            cell.reserved, cell.occupied = bool(cell.parcels), bool(cell.deposited)
        return Receipt(Outcome.ACCEPTED, pickup_code=code)


TABLES = (
    "site", "bank", "compartment", "person", "parcel", "stay", "command", "alarm", "alarm_handling", "audit_entry",
    "audit_personal", "outbox", "fact", "idempotency_key", "vendor_connection", "carrier", "carrier_grant",
)  # fmt: skip


async def snapshot(admin: Database) -> dict[str, list[str]]:
    """Every row of every table of the core, as text: what must be equal when nothing changed."""
    found = {}
    async with admin.plain() as conn:
        for table in TABLES:
            rows = await conn.fetch(f"SELECT to_jsonb(t)::text AS row FROM {table} t")
            found[table] = sorted(row["row"] for row in rows)
    return found


async def value(admin: Database, sql: str, *given: Any) -> Any:
    async with admin.plain() as conn:
        return await conn.fetchval(sql, *given)
