"""One cell: many orders to one vendor under one fault, and what the hardware's own counters say of them."""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any
from uuid import UUID, uuid4

from app.access import service as access
from app.kit.db import Database
from app.kit.embedded import Dsns
from app.kit.errors import LockyardError
from app.lockers.model import Size
from app.reserving import service as reserving
from tests.app.rig import context
from tests.bench.faults import place as places
from tests.bench.faults.mortal import STEPS
from tests.bench.faults.place import Place
from tests.bench.faults.proxy import MODES

PLACES = {"pitney": places.pitney, "kerong_cu16": places.kerong}
# Vendors without a door sensor are asked for what they do keep: reservations can be read back, openings cannot.
ORDERS = {"pitney": ("OPEN", "RESERVE"), "kerong_cu16": ("OPEN",)}
KILLS = tuple(f"kill {step}" for step in STEPS)
# Between two orders of a bank; a bank's orders go one by one.
ROUND_SECONDS = 45.0
SETTLE_SECONDS = 75.0


@dataclass(frozen=True, slots=True)
class Cell:
    """`fault`: a mode of the line, or `kill` and a step. `banks` work side by side."""

    vendor: str
    order: str
    fault: str
    commands: int
    banks: int

    @property
    def name(self) -> str:
        return f"{self.vendor} {self.order} {self.fault}"


@dataclass(slots=True)
class Outcome:
    """`met`: orders that met the fault. `ends`: how they ended. `untrue`: told one thing, and the other happened."""

    cell: Cell
    commands: int = 0
    met: int = 0
    deaths: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    doubled: int = 0
    wrong_door: int = 0
    untrue: int = 0
    late_told: int = 0
    unsettled: int = 0
    unrecorded: int = 0
    settle_seconds: float = 0.0

    @property
    def kept(self) -> bool:
        """Whether every promise was."""
        broken = (self.doubled, self.wrong_door, self.untrue, self.unsettled, self.unrecorded)
        # Where nothing can be read back there is no hurry: a person must look.
        readable = (self.cell.vendor, self.cell.order) != ("pitney", "OPEN")
        return not any(broken) and (not readable or self.settle_seconds <= 60)

    def row(self) -> dict[str, Any]:
        return {**asdict(self.cell), **{name: getattr(self, name) for name in self.__slots__ if name != "cell"}}


def matrix(commands: int, banks: int) -> list[Cell]:
    return [
        # A cloud that hangs holds each of its banks up for ten seconds.
        Cell(vendor, order, fault, commands, banks * 2 if vendor == "pitney" else banks)
        for vendor, orders in ORDERS.items()
        for order in orders
        for fault in (*MODES, *KILLS)
    ]


async def run(cell: Cell, dsns: Dsns, *, settle: bool = True) -> Outcome:
    """On a database of its own. Without `settle` nobody waits for what is still being settled at the end."""
    admin, app = await Database.connect(dsns.admin, size=2), await Database.connect(dsns.app, size=8)
    # One door more than orders in each bank: one that must stay shut.
    units = -(-cell.commands // cell.banks) + 1
    try:
        async with PLACES[cell.vendor](admin, cell.banks, units) as place, _worker(cell, dsns) as died:
            await _answering(place, admin)
            place.strike("" if cell.fault in KILLS else cell.fault)
            asked = await _ask_all(cell, place, app, admin)
            place.strike("")
            await _quiet(admin, asked, settle=settle)
            if cell.fault == "late":
                await asyncio.sleep(places.LATE[cell.vendor])
            deaths = [line.split() for line in died.read_text().splitlines()]
            outcome = await _judge(cell, place, admin, asked, [float(at) for at, *_ in deaths], settle=settle)
            outcome.met = sum(len(who) for _, *who in deaths) if cell.fault in KILLS else place.struck
            outcome.deaths = len(deaths)
            return outcome
    finally:
        await app.close()
        await admin.close()


@asynccontextmanager
async def _worker(cell: Cell, dsns: Dsns) -> AsyncIterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lockyard-faults-") as folder:
        died = Path(folder) / "died"
        died.touch()
        step = cell.fault.partition(" ")[2]
        given = {"dsn": dsns.worker, "step": step, "quorum": cell.banks, "died": str(died)}
        with (Path(folder) / "log").open("w+") as log:
            process = _started(given, log)
            try:
                yield died
            finally:
                process.terminate()
                await asyncio.to_thread(process.wait, 10)
            log.seek(0)
            assert "ended by itself" not in log.read()


def _started(given: dict[str, Any], log: IO[str]) -> "subprocess.Popen[str]":
    words = [sys.executable, "-m", "tests.bench.faults.mortal"]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stderr=log, text=True)
    assert process.stdin is not None
    process.stdin.write(json.dumps(given))
    process.stdin.close()
    return process


async def _until(look: Any, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if await look():
            return True
        await asyncio.sleep(0.1)
    return False


async def _answering(place: Place, admin: Database) -> None:
    async def heard() -> bool:
        sql = "SELECT count(*) FROM bank WHERE last_contact_at IS NULL"
        return not await admin.pool.fetchval(sql)

    assert await _until(heard, 180), "the banks do not answer"


async def _ask_all(cell: Cell, place: Place, app: Database, admin: Database) -> dict[UUID, tuple[UUID, str]]:
    """One order for each door but the last of each bank, a bank's one after another; by command: bank and unit."""
    asked: dict[UUID, tuple[UUID, str]] = {}
    rounds = min(-(-cell.commands // cell.banks), *(len(doors) - 1 for doors in place.doors.values()))
    for turn in range(rounds):
        makes = [_order(cell, place, app, admin, bank, place.doors[bank][turn]) for bank in place.banks]
        fresh = [made for made in await asyncio.gather(*makes) if made is not None]
        asked.update(fresh)
        ids = [id_ for id_, _ in fresh]

        async def gone(ids: list[UUID] = ids) -> bool:
            sql = "SELECT count(*) FROM command WHERE id = ANY($1) AND state IN ('REQUESTED', 'SENT')"
            return not await admin.pool.fetchval(sql, ids)

        await _until(gone, ROUND_SECONDS)
    return asked


async def _order(
    cell: Cell, place: Place, app: Database, admin: Database, bank: UUID, door: tuple[UUID, str]
) -> tuple[UUID, tuple[UUID, str]] | None:
    """None where the product refused: a bank that is away is not asked."""
    for _ in range(100):
        try:
            if cell.order == "OPEN":
                async with context(app, place.owner).begin() as work:
                    ask = access.OpenCompartment(door[0], "a fault")
                    return await access.open_compartment(work, ask), (bank, door[1])
            async with context(app, place.owner).begin() as work:
                wanted = reserving.ReserveCompartment(bank, Size.M, uuid4().hex, recipient_id=place.recipient)
                stay = await reserving.reserve(work, wanted)
            row = await admin.pool.fetchrow(
                "SELECT o.id, c.external_id FROM command o JOIN compartment c ON c.id = o.compartment_id "
                "WHERE o.stay_id = $1 AND o.kind = 'RESERVE'", stay,
            )  # fmt: skip
            return row["id"], (bank, row["external_id"])
        except LockyardError:
            await asyncio.sleep(0.2)
    return None


async def _quiet(admin: Database, asked: dict[UUID, Any], *, settle: bool) -> None:
    async def settled() -> bool:
        moving = "NOT settled" if settle else "state IN ('REQUESTED', 'SENT')"
        sql = f"SELECT count(*) FROM command WHERE id = ANY($1) AND {moving}"
        return not await admin.pool.fetchval(sql, list(asked))

    await _until(settled, SETTLE_SECONDS)


async def _judge(
    cell: Cell,
    place: Place,
    admin: Database,
    asked: dict[UUID, tuple[UUID, str]],
    deaths: list[float],
    *,
    settle: bool,
) -> Outcome:
    # The hardware first: what a later order does meanwhile is on record then as sent.
    happened = {id_: _effects(cell, place, place.banks[bank], unit) for id_, (bank, unit) in asked.items()}
    rows = await admin.pool.fetch(
        """SELECT o.id, o.state, o.settled, extract(epoch FROM o.settled_at)::float AS settled_at,
          extract(epoch FROM o.sent_at)::float AS sent_at,
          EXISTS (SELECT FROM fact f WHERE f.subject_id = o.id AND f.kind = 'CommandUnconfirmed') AS doubted,
          EXISTS (SELECT FROM command later WHERE later.compartment_id = o.compartment_id AND later.id > o.id
            AND later.kind = o.kind AND later.state IN ('SENT', 'ACCEPTED', 'UNCONFIRMED')) AS again,
          EXISTS (SELECT FROM alarm a WHERE a.compartment_id = o.compartment_id) AS alarmed,
          EXISTS (SELECT FROM audit_entry a WHERE a.tenant_id = o.tenant_id AND a.occurred_at <= o.requested_at
            AND (a.details->>'command' = o.id::text OR a.target_id = o.stay_id)) AS recorded
        FROM command o WHERE o.id = ANY($1)""",
        list(asked),
    )
    outcome = Outcome(cell, commands=len(rows))
    for row in rows:
        _count(outcome, row, happened[row["id"]], settle=settle)
        if row["doubted"] and row["settled_at"] is not None:
            # Nobody can settle anything before the process is back.
            since = max([row["sent_at"], *(at for at in deaths if at < row["settled_at"])])
            outcome.settle_seconds = max(outcome.settle_seconds, round(row["settled_at"] - since, 1))
    named = {(place.banks[bank], unit) for bank, unit in asked.values()}
    others = [key for key in place.simulated.doors if key not in named]
    outcome.wrong_door = sum(_effects(cell, place, *key) for key in others)
    return outcome


def _effects(cell: Cell, place: Place, bank: str, unit: str) -> int:
    """How often it happened, by the hardware's own counter."""
    if cell.order == "OPEN":
        return place.simulated.doors.at(bank, unit).openings
    return int(place.simulated.units[bank, unit].contact is not None)  # type: ignore[union-attr]


def _count(outcome: Outcome, row: Any, happened: int, *, settle: bool) -> None:
    state = row["state"]
    opened = state in {"DOOR_OPENED", "DOOR_CLOSED", "ACCEPTED"}
    outcome.ends["unknown, said so" if state == "UNCONFIRMED" else "done" if opened else state.lower()] += 1
    outcome.doubled += happened > 1
    outcome.unrecorded += not row["recorded"]
    outcome.unsettled += state in {"REQUESTED", "SENT"} or (settle and not row["settled"])
    refused = state in {"FAILED", "EXPIRED"}
    if refused and happened and row["alarmed"]:
        # It came after all, much too late, and people were told.
        outcome.late_told += 1
    elif (opened and not happened) or (refused and happened and not row["again"]):
        outcome.untrue += 1
