"""Many banks of one vendor, doors that are opened without a pause, and installers who number units anew meanwhile."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field, replace
from uuid import UUID

from adapters import registry
from adapters.pitney.simulator.cloud import CLIENT
from adapters.pitney.simulator.world import MIX, PitneyWorld
from adapters.simulation.doors import Doors
from app.devices import store as devices_store
from app.devices.port import Adapter, Connection
from app.fleet.jobs import Fleet
from app.kit.bus import PostgresBus
from app.kit.db import Database
from app.kit.embedded import Dsns
from app.kit.ids import new_id
from app.likeness import service as likeness
from app.lockers import queries as lockers
from app.lockers import store as lockers_store
from tenants.system import system_context
from tests.app.rig import SEALER
from tests.bench.faults import place as places
from tests.bench.faults.place import Place

UNITS = 20
# A tower that is installed anew is off the net for minutes; here no longer than a busy process may take from its look
# to the opening that follows.
AWAY_SECONDS = 2.0
PAUSED_SECONDS = 20.0
OTHERWISE_SECONDS = 8.0
ROUND_SECONDS = 2.0
PER_INSTALLER = 8
# Every fourth door holds nothing: staff open it, and no parcel tells which it is.
EMPTY = 4

_ASK = """INSERT INTO command (tenant_id, id, site_id, bank_id, compartment_id, stay_id, kind, purpose, state, parameters,
  requested_by, requested_by_name, requested_at, expires_at)
SELECT c.tenant_id, given.id, c.site_id, c.bank_id, c.id, s.id, 'OPEN', CASE WHEN s.id IS NULL THEN 'NONE' ELSE 'PICKUP' END,
  'REQUESTED', '{}', $3, 'bench', now(), now() + interval '30 seconds'
FROM unnest($1::uuid[], $2::uuid[]) AS given (id, door) JOIN compartment c ON c.id = given.door
  LEFT JOIN stay s ON s.compartment_id = c.id
WHERE NOT EXISTS (SELECT FROM command o WHERE o.compartment_id = c.id AND NOT o.settled)"""
_STAY = """INSERT INTO stay (tenant_id, id, site_id, bank_id, compartment_id, recipient_id, flow, state, evidence,
  created_by, created_at, expires_at, deposited_at, deposit_expires_at, placed)
SELECT tenant_id, $2, site_id, bank_id, id, $3, 'DELIVER', 'DEPOSITED', 'E1', $3, now(), now(), now(),
  now() + interval '1 day', true FROM compartment WHERE id = $1"""
_PARCEL = """INSERT INTO parcel (tenant_id, id, site_id, stay_id, tracking, state)
SELECT tenant_id, $2, site_id, $3, $4, 'IN_LOCKER' FROM compartment WHERE id = $1"""


class Witness(Doors):
    """Knows which thing was meant by each number when all began."""

    def __init__(self, seen: Doors) -> None:
        super().__init__(seen.clock, seen.close_after)
        self._doors = dict(seen._doors)
        self._meant = dict(self._doors)
        self.wrong: list[tuple[str, str]] = []

    def unlock(self, bank: str, unit: str) -> bool:
        if self.at(bank, unit) is not self._meant[bank, unit]:
            self.wrong.append((bank, unit))
        return super().unlock(bank, unit)


@dataclass(slots=True)
class Outcome:
    """`ends`: how the openings ended. `otherwise`: those that were asked for while their bank was numbered otherwise."""

    openings: int = 0
    banks: int = 0
    renumbered: int = 0
    otherwise: int = 0
    told: int = 0
    pulses: int = 0
    wrong_doors: int = 0
    seconds: float = 0.0
    ends: Counter[str] = field(default_factory=Counter)

    @property
    def kept(self) -> bool:
        return self.wrong_doors == 0

    def row(self) -> dict[str, object]:
        return {**asdict(self), "ends": dict(self.ends)}


@dataclass(slots=True)
class Town:
    place: Place
    world: PitneyWorld
    admin: Database
    worker: Database
    outcome: Outcome
    odd: set[UUID] = field(default_factory=set)


async def run(dsns: Dsns, openings: int, banks: int, seconds: float, *, seed: int = 7, otherwise: int = 0) -> Outcome:
    """Until so many were asked for, and so many of them while their bank was numbered otherwise, or time is up."""
    admin, worker = await Database.connect(dsns.admin, size=8), await Database.connect(dsns.worker, size=20)
    outcome, begun = Outcome(banks=banks), time.monotonic()
    try:
        async with places.place("pitney", admin, banks, UNITS) as place:
            assert isinstance(place.simulated, PitneyWorld)
            witness = Witness(place.simulated.doors)
            place.simulated.doors = witness
            town = Town(place, place.simulated, admin, worker, outcome)
            await _furnish(town)
            await _busy(town, dsns, (openings, otherwise), begun + seconds, random.Random(seed))
            rows = await admin.pool.fetch("SELECT state, count(*) AS many FROM command WHERE kind = 'OPEN' GROUP BY 1")
            outcome.ends = Counter({row["state"]: row["many"] for row in rows})
            outcome.pulses = sum(row["pulses"] for row in witness.dump())
            outcome.wrong_doors = len(witness.wrong)
    finally:
        await admin.close()
        await worker.close()
    outcome.seconds = round(time.monotonic() - begun, 1)
    return outcome


async def _furnish(town: Town) -> None:
    """A deposited parcel behind most doors, in our record and in the vendor's."""
    async with town.admin.plain() as conn:
        for bank, doors in town.place.doors.items():
            for door, unit in doors:
                if int(unit) % EMPTY == 0:
                    continue
                stay = new_id()
                await conn.execute(_STAY, door, stay, town.place.recipient)
                await conn.execute(_PARCEL, door, new_id(), stay, stay.hex)
                held = town.world.unit(town.place.banks[bank], unit)
                held.contact, held.deposited = "ana", {stay.hex: None}


async def _busy(town: Town, dsns: Dsns, least: tuple[int, int], until: float, luck: random.Random) -> None:
    def open_adapter(connection: Connection) -> Adapter:
        return registry.connect(replace(connection, secret={"client_id": CLIENT[0], "client_secret": CLIENT[1]}))

    bus, stop, enough = PostgresBus(dsns.worker), asyncio.Event(), asyncio.Event()
    tasks = [
        asyncio.create_task(each) for each in (bus.run(stop), Fleet(town.worker, bus, open_adapter, SEALER).run(stop))
    ]
    try:
        await _until(lambda: _none(town, "SELECT count(*) FROM bank WHERE likeness IS NULL"), 60.0)
        installers = [
            _installer(town, mine, luck, enough, least[1])
            for mine in _shares(list(town.place.banks), max(1, len(town.place.banks) // PER_INSTALLER))
        ]
        askers = [_asker(town, bank, least, until) for bank in town.place.banks]
        working = [asyncio.create_task(each) for each in installers]
        await asyncio.gather(*askers)
        enough.set()
        await asyncio.gather(*working)
    finally:
        stop.set()
        await asyncio.gather(*tasks)


def _shares(banks: list[UUID], many: int) -> list[list[UUID]]:
    return [share for place in range(many) if (share := banks[place::many])]


async def _asker(town: Town, bank: UUID, least: tuple[int, int], until: float) -> None:
    """All doors of a bank at once, and again as soon as that is over."""
    doors, asked_by = [door for door, _ in town.place.doors[bank]], new_id()
    waits = "SELECT count(*) FROM command WHERE bank_id = $1 AND state IN ('REQUESTED', 'SENT')"
    while (town.outcome.openings < least[0] or town.outcome.otherwise < least[1]) and time.monotonic() < until:
        done = await town.admin.pool.execute(_ASK, [new_id() for _ in doors], doors, asked_by)
        asked = int(done.rpartition(" ")[2])
        town.outcome.openings += asked
        town.outcome.otherwise += asked * (bank in town.odd)
        await town.admin.pool.execute("SELECT pg_notify('lockyard_commands', $1)", str(bank))
        await _until(lambda: _none(town, waits, bank), ROUND_SECONDS)


async def _none(town: Town, count: str, *given: object) -> bool:
    return not await town.admin.pool.fetchval(count, *given)


async def _until(look: Callable[[], Awaitable[bool]], seconds: float) -> None:
    over = time.monotonic() + seconds
    while time.monotonic() < over:
        if await look():
            return
        await asyncio.sleep(0.25)


async def _installer(town: Town, banks: list[UUID], luck: random.Random, enough: asyncio.Event, otherwise: int) -> None:
    """One bank after the other comes back with its units called otherwise, and some time later as it was."""
    while not enough.is_set():
        bank = luck.choice(banks)
        # By so many, and no unit has another size than before: what lies in them alone tells.
        by = luck.choice((len(MIX), luck.randrange(1, UNITS)))
        await _renumber(town, bank, by)
        town.odd.add(bank)
        await asyncio.sleep(luck.uniform(0.1, OTHERWISE_SECONDS))
        # The adapter gives a line that failed a pause; what is to be seen comes after it.
        await _until(lambda: _met(town, otherwise), PAUSED_SECONDS)
        await _renumber(town, bank, UNITS - by)
        town.odd.discard(bank)
        await _confirm(town, bank)


async def _met(town: Town, otherwise: int) -> bool:
    return town.outcome.otherwise >= otherwise


async def _renumber(town: Town, bank: UUID, by: int) -> None:
    name, units = town.place.banks[bank], [unit for _, unit in town.place.doors[bank]]
    town.world.faults.go_away(name, "reset")
    await asyncio.sleep(AWAY_SECONDS)
    town.world.renumber(name, {unit: units[(index + by) % UNITS] for index, unit in enumerate(units)})
    town.world.faults.come_back(name)
    town.outcome.renumbered += 1


async def _confirm(town: Town, bank: UUID) -> None:
    """Somebody has compared: it is as it was."""
    tenant = town.place.owner.tenants[0]
    async with system_context(town.worker, tenant).begin() as work:
        now = await lockers.by_id(work.conn, tenant, bank)
        assert now is not None
        if now.differs_since is not None:
            town.outcome.told += 1
            await likeness.recognised(work, now, await lockers.likeness(work.conn, now) or {})
            await lockers_store.REVISE.row(work.conn, tenant_id=tenant, bank_id=bank, through=None)
            await devices_store.ring(work.conn, now.connection_id)
