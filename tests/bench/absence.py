"""`python -m tests.bench.absence`: one vendor away for ten minutes; how quick the doors of all others are meanwhile."""

import argparse
import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID, uuid4

from app.access import service as access
from app.kit.db import Database
from app.kit.embedded import Dsns, EmbeddedPostgres
from app.kit.errors import LockyardError
from tests.app.rig import context
from tests.bench.faults.effects import EFFECTS
from tests.bench.faults.kinds import KINDS
from tests.bench.faults.place import Place, place
from tests.bench.fresh import fresh
from tests.bench.polling import worker_of

ROOT = Path(__file__).resolve().parents[2] / "var" / "absence"
UNITS = 8
# Between two orders to a bank; its doors have fallen shut when their turn comes again.
PACE_SECONDS = 2.0
# Lines are dialled and statements planned by the first orders.
WARM_SECONDS = 30.0
SETTLE_SECONDS = 120.0
# The pauses of breakers and brokers.
BACK_SECONDS = 60.0
ALLOWED = 0.2
MOVED = "coalesce(opened_at, accepted_at)"


@dataclass(slots=True)
class Visit:
    """Orders at all banks without a pause. `asked`: those the product took, by vendor."""

    app: Database
    places: list[Place]
    asked: dict[str, list[UUID]] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)

    async def go_on(self, seconds: float) -> None:
        until, turn = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            await asyncio.gather(*(self._order(each, bank, turn) for each in self.places for bank in each.banks))
            turn += 1
            await asyncio.sleep(PACE_SECONDS)

    async def _order(self, here: Place, bank: UUID, turn: int) -> None:
        door, _ = here.doors[bank][turn % UNITS]
        with suppress(LockyardError):
            # Somebody else each time: one person opens few doors a minute alone.
            async with context(self.app, replace(here.owner, account_id=uuid4())).begin() as work:
                command = await access.open_compartment(work, access.OpenCompartment(door, "a visit"))
            self.asked.setdefault(here.vendor, []).append(command)
            return
        self.refused[here.vendor] = self.refused.get(here.vendor, 0) + 1


async def measure(dsns: Dsns, away: str, banks: int, before: float, minutes: float) -> dict[str, object]:
    admin, app = await Database.connect(dsns.admin, size=2), await Database.connect(dsns.app, size=8)
    async with AsyncExitStack() as stack:
        for database in (admin, app):
            stack.push_async_callback(database.close)
        # Towers open to phones only: of their banks absence can be tried, and no order be timed.
        vendors = [vendor for vendor in KINDS if vendor == away or (vendor, "OPEN") in EFFECTS]
        places = [await stack.enter_async_context(place(vendor, admin, banks, UNITS)) for vendor in vendors]
        worker = await worker_of(dsns, admin, stack)
        await Visit(app, places).go_on(WARM_SECONDS)
        quiet = Visit(app, places)
        await quiet.go_on(before)
        gone = next(each for each in places if each.vendor == away)
        gone.simulated.faults.go_away(how="silent")
        meanwhile = Visit(app, places)
        await meanwhile.go_on(minutes * 60)
        gone.simulated.faults.come_back()
        await asyncio.sleep(BACK_SECONDS)
        afterwards = Visit(app, places)
        await afterwards.go_on(10)
        left = await _settled(admin)
        found = {each.vendor: await _compared(admin, each.vendor, quiet, meanwhile) for each in places}
        return {
            "away": away,
            "minutes": minutes,
            "others": {vendor: row for vendor, row in found.items() if vendor != away},
            "asked of it meanwhile": len(meanwhile.asked.get(away, ())),
            "refused meanwhile": meanwhile.refused.get(away, 0),
            "taken again": len(afterwards.asked.get(away, ())),
            "not settled": left,
            "opened more often than asked": await _too_often(admin, places),
            "restarted": worker.poll() is not None,
        }


_LEFT = "SELECT count(*) FROM command WHERE NOT settled"


async def _settled(admin: Database) -> int:
    """How many orders nobody has been told the end of, when there was time for it."""
    until = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < until:
        if not await admin.pool.fetchval(_LEFT):
            return 0
        await asyncio.sleep(1)
    return int(await admin.pool.fetchval(_LEFT))


async def _compared(admin: Database, vendor: str, quiet: Visit, meanwhile: Visit) -> dict[str, float]:
    """The 99th of a hundred, in seconds from the asking until the door moved (or the cloud took it)."""
    sql = f"""SELECT count(*), percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM {MOVED} - requested_at))
        FROM command WHERE id = ANY($1) AND {MOVED} IS NOT NULL"""
    (before, usual), (during, now) = [
        tuple(await admin.pool.fetchrow(sql, visit.asked.get(vendor, []))) for visit in (quiet, meanwhile)
    ]
    change = float(now or 0) / float(usual or 1) - 1
    return {"orders before": before, "orders meanwhile": during, "p99 before": round(float(usual or 0), 3), "p99 meanwhile": round(float(now or 0), 3),
            "change": round(change, 2)}  # fmt: skip


async def _too_often(admin: Database, places: list[Place]) -> int:
    """Doors that opened more often than the orders that left us."""
    rows = await admin.pool.fetch(
        """SELECT b.tenant_id, b.external_id AS bank, c.external_id AS unit, count(o.id) AS sent
        FROM compartment c JOIN bank b ON b.id = c.bank_id
        LEFT JOIN command o ON o.compartment_id = c.id AND o.sent_at IS NOT NULL GROUP BY 1, 2, 3"""
    )
    worlds = {each.owner.organization_id: each.simulated for each in places}
    return sum(worlds[row["tenant_id"]].doors.at(row["bank"], row["unit"]).openings > row["sent"] for row in rows)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.absence", description=__doc__)
    parser.add_argument("--away", default="kerong_cu16", choices=sorted(KINDS))
    parser.add_argument("--banks", type=int, default=3, help="of each vendor")
    parser.add_argument("--before", type=float, default=120, help="seconds in which all are there, to compare with")
    parser.add_argument("--minutes", type=float, default=10)
    given = parser.parse_args()
    server = EmbeddedPostgres(ROOT, durable=False)
    running = server.start()
    try:
        dsns = fresh(running, "absence")
        found = asyncio.run(measure(dsns, given.away, given.banks, given.before, given.minutes))
    finally:
        server.stop()
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    lost = found["not settled"] or found["opened more often than asked"] or found["restarted"]
    others = found["others"]
    assert isinstance(others, dict)
    slower = [row for row in others.values() if row["change"] > ALLOWED]
    return 1 if lost or slower or not found["taken again"] else 0


if __name__ == "__main__":
    sys.exit(main())
