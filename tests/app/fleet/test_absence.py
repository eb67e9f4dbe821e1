import asyncio
import time
from datetime import datetime
from uuid import UUID

import pytest

from app.access import service as access
from app.kit.db import Database
from app.kit.errors import Reason, Rejected
from tests.app.rig import context
from tests.bench.day.judge import judge
from tests.bench.day.run import reconcile
from tests.bench.day.town import Town, town
from tests.bench.faults.place import Place

AWAY, HERE = "frame_board", ("modbus_io", "mqtt", "pitney")
MINUTES = 10
PAUSES_SECONDS = 40.0
OPENED = {"DOOR_OPENED", "DOOR_CLOSED"}


async def opened(here: Town, place: Place, which: int) -> UUID:
    """An order for a door of the vendor's only bank."""
    (bank,) = place.banks
    async with context(here.app, place.owner, here.now).begin() as work:
        return await access.open_compartment(work, access.OpenCompartment(place.doors[bank][which][0], "a visit"))


async def state(here: Town, command: UUID) -> str:
    found: str = await here.admin.pool.fetchval("SELECT state FROM command WHERE id = $1", command)
    return found


async def unreachable(here: Town, place: Place) -> datetime | None:
    (bank,) = place.banks
    sql = "SELECT unreachable_since FROM bank WHERE id = $1"
    found: datetime | None = await here.admin.pool.fetchval(sql, bank)
    return found


@pytest.mark.slow
async def test_a_vendor_that_is_away_for_ten_minutes_holds_nobody_else_up_and_goes_on_by_itself(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    async with town(app_db, worker_db, admin_db, dict.fromkeys((AWAY, *HERE), 1)) as here:
        places = {place.vendor: place for place in here.places}
        await here.settle(set(here.keepers))
        # Sent on the way into the outage: what becomes of it is told, and it opens nothing afterwards.
        lost = await opened(here, places[AWAY], 0)
        places[AWAY].simulated.faults.go_away(how="reset")
        done: list[UUID] = []
        for minute in range(MINUTES):
            done += [await opened(here, places[vendor], minute % 6) for vendor in HERE]
            await here.settle(set(here.keepers))
            here.pass_(60)
        assert {await state(here, command) for command in done} <= {"ACCEPTED", "DOOR_CLOSED"}
        assert await unreachable(here, places[AWAY]) is not None
        with pytest.raises(Rejected) as refused:
            await opened(here, places[AWAY], 1)
        assert refused.value.reason is Reason.BANK_UNREACHABLE
        assert await state(here, lost) == "EXPIRED"

        here.end_bad_luck()
        await reconcile(here)
        # Nobody asks what was silent more often than its pauses allow; these are real seconds.
        until = time.monotonic() + PAUSES_SECONDS
        tried: list[str] = []
        while not set(tried) & OPENED and time.monotonic() < until:
            await asyncio.sleep(0.5)
            await here.settle(set(here.keepers))
            if await unreachable(here, places[AWAY]) is None:
                again = await opened(here, places[AWAY], 1)
                await here.settle(set(here.keepers))
                tried.append(await state(here, again))
        assert set(tried) <= OPENED | {"EXPIRED"}
        assert tried
        assert tried[-1] in OPENED
        verdict = await judge(here.admin, here.places)
        assert verdict.differences == ()
        assert verdict.commands == len(done) + 1 + len(tried)
