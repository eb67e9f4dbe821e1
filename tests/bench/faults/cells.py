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
from dataclasses import asdict, dataclass, field, replace
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
from tests.bench.faults.effects import EFFECTS, Asked, show_passes
from tests.bench.faults.kinds import KINDS, Kind
from tests.bench.faults.mortal import SEALER, STEPS
from tests.bench.faults.place import Place, place
from tests.bench.faults.proxy import MODES

KILLS = tuple(f"kill {step}" for step in STEPS)
# Between two orders of a bank; a bank's orders go one by one.
ROUND_SECONDS = 45.0
SETTLE_SECONDS = 75.0
CALM_LOOKS = 30
# How soon what is unknown must be settled, once the hardware itself can do no more.
PROMISED_SECONDS = 60.0
# A bank that is away is asked again, so often and that long after.
ASKS, ASK_SECONDS = 40, 0.5
# Until the order comes up that another one is followed by.
FOLLOWS_SECONDS = 180.0


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

    @property
    def kind(self) -> Kind:
        return KINDS[self.vendor]

    @property
    def late(self) -> float:
        return self.kind.late[self.order] if self.fault == "late" else 0.0


@dataclass(slots=True)
class Outcome:
    """`met`: orders that met the fault. `ends`: how they ended. `untrue`: told one thing, and the other happened.
    `anew`: failed, and a later order for the same stay was done."""

    cell: Cell
    commands: int = 0
    met: int = 0
    deaths: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    doubled: int = 0
    wrong_door: int = 0
    untrue: int = 0
    late_told: int = 0
    anew: int = 0
    unsettled: int = 0
    unrecorded: int = 0
    settle_seconds: float = 0.0

    @property
    def kept(self) -> bool:
        """Whether every promise was."""
        broken = (self.doubled, self.wrong_door, self.untrue, self.unsettled, self.unrecorded)
        # Where nothing can be read back there is no hurry: a person must look.
        readable = (self.cell.vendor, self.cell.order) != ("pitney", "OPEN")
        return not any(broken) and (not readable or self.settle_seconds <= PROMISED_SECONDS + self.cell.kind.slow)

    def row(self) -> dict[str, Any]:
        return {**asdict(self.cell), **{name: getattr(self, name) for name in self.__slots__ if name != "cell"}}


def matrix(commands: int, banks: int) -> list[Cell]:
    return [
        Cell(vendor, order, fault, commands, banks * KINDS[vendor].crowd)
        for vendor, order in EFFECTS
        for fault in (*MODES, *KILLS)
    ]


async def run(cell: Cell, dsns: Dsns, *, settle: bool = True) -> Outcome:
    """On a database of its own. Without `settle` nobody waits for what is still being settled at the end."""
    admin, app = await Database.connect(dsns.admin, size=2), await Database.connect(dsns.app, size=8)
    # One door more than orders in each bank: one that must stay shut.
    units = -(-cell.commands // cell.banks) + 1
    try:
        async with place(cell.vendor, admin, cell.banks, units) as here, _worker(cell, dsns) as died:
            await _answering(admin)
            here.strike("" if cell.fault in KILLS else cell.fault, cell.late)
            asked = await _ask_all(cell, here, app, admin)
            here.strike("")
            await _quiet(cell, admin, settle=settle)
            await asyncio.sleep(cell.late)
            await show_passes(here, admin, SEALER)
            deaths = [line.split() for line in died.read_text().splitlines()]
            outcome = await _judge(cell, here, admin, asked, [float(at) for at, *_ in deaths], settle=settle)
            outcome.met = sum(len(who) for _, *who in deaths) if cell.fault in KILLS else here.struck
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
        meant = {"step": step, "order": cell.order, "quorum": cell.banks, "gathers": cell.kind.gathers}
        given = {"dsn": dsns.worker, "died": str(died), **meant}
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


async def _answering(admin: Database) -> None:
    async def heard() -> bool:
        sql = "SELECT count(*) FROM bank WHERE last_contact_at IS NULL"
        return not await admin.pool.fetchval(sql)

    assert await _until(heard, 180), "the banks do not answer"


async def _ask_all(cell: Cell, here: Place, app: Database, admin: Database) -> dict[UUID, Asked]:
    """One order for each door but the last of each bank, a bank's one after another; by command."""
    asked: dict[UUID, Asked] = {}
    rounds = min(-(-cell.commands // cell.banks), *(len(doors) - 1 for doors in here.doors.values()))
    for turn in range(rounds):
        makes = [_order(cell, here, app, admin, bank, here.doors[bank][turn]) for bank in here.banks]
        fresh = dict(made for made in await asyncio.gather(*makes) if made is not None)
        asked |= fresh

        async def gone(ids: tuple[UUID, ...] = tuple(fresh)) -> bool:
            sql = "SELECT count(*) FROM command WHERE id = ANY($1) AND state IN ('REQUESTED', 'SENT')"
            return not await admin.pool.fetchval(sql, ids)

        await _until(gone, ROUND_SECONDS + cell.kind.slow + cell.late)
    return asked


async def _order(
    cell: Cell, here: Place, app: Database, admin: Database, bank: UUID, door: tuple[UUID, str]
) -> tuple[UUID, Asked] | None:
    """None where the product refused: a bank that is away is not asked."""
    for _ in range(ASKS):
        try:
            if cell.order == "OPEN":
                # Somebody else each time: one person opens few doors a minute alone.
                async with context(app, replace(here.owner, account_id=uuid4())).begin() as work:
                    ask = access.OpenCompartment(door[0], "a fault")
                    return await access.open_compartment(work, ask), Asked(here.banks[bank], door[1])
            async with context(app, here.owner).begin() as work:
                wanted = reserving.ReserveCompartment(bank, Size.M, uuid4().hex, recipient_id=here.recipient)
                stay = await reserving.reserve(work, wanted)
        except LockyardError:
            await asyncio.sleep(ASK_SECONDS)
        else:
            return await _follows(cell, here, admin, bank, stay)
    return None


async def _follows(cell: Cell, here: Place, admin: Database, bank: UUID, stay: UUID) -> tuple[UUID, Asked] | None:
    """The order that a reservation leads to, at once or when the vendor has taken what comes before it."""
    found: list[Any] = []

    async def there() -> bool:
        found[:] = await admin.pool.fetch(
            "SELECT o.id, c.external_id FROM command o JOIN compartment c ON c.id = o.compartment_id "
            "WHERE o.stay_id = $1 AND o.kind = $2 ORDER BY o.id LIMIT 1", stay, cell.order,
        )  # fmt: skip
        return bool(found)

    if not await _until(there, FOLLOWS_SECONDS):
        return None
    return found[0]["id"], Asked(here.banks[bank], found[0]["external_id"], stay)


async def _quiet(cell: Cell, admin: Database, *, settle: bool) -> None:
    """Nothing is under way any more, what came of the orders included: seen so several times, for what an order's end
    leads to comes a moment after it."""
    calm = 0

    async def settled() -> bool:
        nonlocal calm
        moving = "NOT settled" if settle else "state IN ('REQUESTED', 'SENT')"
        calm = 0 if await admin.pool.fetchval(f"SELECT count(*) FROM command WHERE {moving}") else calm + 1
        return calm > (CALM_LOOKS if settle else 0)

    # What is settled is a result too, and each death on the way has the others wait anew.
    await _until(settled, SETTLE_SECONDS + cell.kind.slow * (3 if cell.fault in KILLS else 1))


_ENDS = """SELECT o.id, o.state, o.settled, extract(epoch FROM o.settled_at)::float AS settled_at,
      extract(epoch FROM o.sent_at)::float AS sent_at,
      (SELECT c.external_id FROM stay s JOIN compartment c ON c.id = s.compartment_id
        WHERE s.id = o.stay_id AND s.placed) AS unit,
      EXISTS (SELECT FROM fact f WHERE f.subject_id = o.id AND f.kind = 'CommandUnconfirmed') AS doubted,
      EXISTS (SELECT FROM command later WHERE (later.compartment_id = o.compartment_id OR later.stay_id = o.stay_id)
        AND later.id > o.id AND later.kind = o.kind AND later.state IN ('SENT', 'ACCEPTED', 'UNCONFIRMED')) AS again,
      EXISTS (SELECT FROM command later WHERE later.stay_id = o.stay_id AND later.id > o.id
        AND later.kind = o.kind AND later.state = 'ACCEPTED') AS anew,
      EXISTS (SELECT FROM alarm a WHERE a.compartment_id = o.compartment_id) AS alarmed,
      EXISTS (SELECT FROM audit_entry a WHERE a.tenant_id = o.tenant_id AND a.occurred_at <= o.requested_at
        AND (a.details->>'command' = o.id::text OR a.target_id = o.stay_id)) AS recorded
    FROM command o WHERE o.id = ANY($1)"""


_HANDED = """SELECT DISTINCT b.external_id AS bank, c.external_id AS unit FROM pass p
    JOIN stay s ON s.id = p.stay_id JOIN compartment c ON c.id = s.compartment_id JOIN bank b ON b.id = c.bank_id"""


async def _judge(
    cell: Cell,
    here: Place,
    admin: Database,
    asked: dict[UUID, Asked],
    deaths: list[float],
    *,
    settle: bool,
) -> Outcome:
    # The hardware first: what a later order does meanwhile is on record then as sent.
    effect = EFFECTS[cell.vendor, cell.order]
    happened = {id_: effect.happened(here, each) for id_, each in asked.items()}
    rows = await admin.pool.fetch(_ENDS, list(asked))
    outcome = Outcome(cell, commands=len(rows))
    for row in rows:
        _count(outcome, row, happened[row["id"]], settle=settle)
        if row["doubted"] and row["settled_at"] is not None:
            # Nobody can settle anything before the process is back.
            since = max([row["sent_at"], *(at for at in deaths if at < row["settled_at"])])
            outcome.settle_seconds = max(outcome.settle_seconds, round(row["settled_at"] - since, 1))
    # A vendor that chooses may have put a stay elsewhere: where we have it now is what must be so.
    now = {row["id"]: row["unit"] for row in rows}
    placed = [
        replace(each, unit=now[id_] or each.unit, placed=each.stay is None or now[id_] is not None)
        for id_, each in asked.items()
    ]
    # An order that came up too late to be followed is none of the cell's; its pass opens its own door all the same.
    handed = [Asked(row["bank"], row["unit"]) for row in await admin.pool.fetch(_HANDED)]
    outcome.wrong_door = effect.elsewhere(here, [*placed, *handed])
    return outcome


def _count(outcome: Outcome, row: Any, happened: int, *, settle: bool) -> None:
    state = row["state"]
    opened = state in {"DOOR_OPENED", "DOOR_CLOSED", "ACCEPTED"}
    outcome.ends["unknown, said so" if state == "UNCONFIRMED" else "done" if opened else state.lower()] += 1
    outcome.doubled += happened > 1
    outcome.anew += state == "FAILED" and row["anew"]
    outcome.unrecorded += not row["recorded"]
    outcome.unsettled += state in {"REQUESTED", "SENT"} or (settle and not row["settled"])
    refused = state in {"FAILED", "EXPIRED"}
    if refused and happened and row["alarmed"]:
        # It came after all, much too late, and people were told.
        outcome.late_told += 1
    elif ((opened or row["anew"]) and not happened) or (refused and happened and not row["again"]):
        outcome.untrue += 1
