"""Drawn histories of people, bad luck and somebody at the gateway's own screen: in the end both books say the same."""

import asyncio
import time
from random import Random
from uuid import UUID

import pytest

from app.access import service as access
from app.access.service import Collect, OpenCompartment
from app.kit.db import Database
from app.kit.errors import LockyardError
from app.stays import service
from app.stays.model import StayOutcome
from tenants.model import Role
from tests.app.placing.rig import Chosen, chosen
from tests.app.rig import codes

DOORS, STEPS = 5, 30
BAD_LUCK = [
    {"kind": kind, "where": where}
    for where in ("create", "delete", "open", "transaction", "locker", "lockers")
    for kind in ("reset", "reset_after", "malformed", "status_after")
] + [{"kind": "board_silent"}, {"kind": "board_lost"}, {"kind": "conflict"}]


class History:
    def __init__(self, bank: Chosen, seed: int) -> None:
        self.bank, self.scene = bank, bank.scene
        self.luck = Random(seed)
        self.stays: list[UUID] = []

    async def step(self) -> None:
        acts = (self.reserve, self.reserve, self.open, self.open, self.confirm, self.collect, self.release, self.screen)
        if self.luck.random() < 0.35:
            self.bank.gateway.faults.add(self.luck.choice(BAD_LUCK))
        try:
            await self.luck.choice(acts)()
        except LockyardError:
            # Refused, as people are: what was refused must not have changed anything, which the end shows.
            self.scene.now.pass_(0.1)
        if self.luck.random() < 0.15:
            self.scene.drive.crash()
        await self.scene.drive.work()
        if self.luck.random() < 0.6:
            self.bank.close()
        self.scene.now.pass_(self.luck.choice((0.5, 2.0, 70.0)))

    async def reserve(self) -> None:
        self.stays.append(await self.scene.reserve())

    async def open(self) -> None:
        door = await self.scene.of(
            "SELECT compartment_id FROM stay WHERE id = $1", self.luck.choice(self.stays or [UUID(int=0)])
        )
        if door:
            await self.scene.act(Role.COURIER, access.open_compartment, OpenCompartment(door, "drawn"))

    async def confirm(self) -> None:
        if self.stays:
            await self.scene.act(Role.COURIER, service.confirm_deposit, self.luck.choice(self.stays), None, codes())

    async def collect(self) -> None:
        if self.stays:
            await self.scene.act(Role.RECIPIENT, access.collect, Collect(self.luck.choice(self.stays)), codes())

    async def release(self) -> None:
        if self.stays:
            stay, why = (
                self.luck.choice(self.stays),
                self.luck.choice((StayOutcome.CANCELLED, StayOutcome.REMOVED_BY_STAFF)),
            )
            await self.scene.act(Role.OWNER, service.release, stay, why, "drawn")

    async def screen(self) -> None:
        """Somebody at the bank takes a locker, or gives one back."""
        theirs = [locker for locker in self.bank.gateway.of("B") if (locker.transaction or "").startswith("screen")]
        if theirs:
            self.bank.gateway.delete("B", str(theirs[0].transaction))
        elif any(locker.usable for locker in self.bank.gateway.of("B")):
            self.bank.gateway.give_away("B")

    async def settle(self) -> None:
        """All is well again; whatever is out comes to its end."""
        self.bank.gateway.faults.clear()
        self.bank.close()
        until = time.monotonic() + 20
        while await self.scene.of(OPEN_ENDS, self.scene.world.tenant):
            assert time.monotonic() < until, await self.bank.rows(
                "SELECT kind, state, detail FROM command WHERE NOT settled AND tenant_id = $1"
            )
            self.scene.now.pass_(80)
            await self.scene.drive.work()
            self.bank.close()
            await asyncio.sleep(0.05)


OPEN_ENDS = "SELECT count(*) FROM command WHERE tenant_id = $1 AND NOT settled"
SENT = """SELECT c.external_id, count(*) FROM command m JOIN compartment c ON c.id = m.compartment_id
    WHERE m.tenant_id = $1 AND m.kind = 'OPEN' AND m.sent_at IS NOT NULL GROUP BY 1"""


@pytest.mark.parametrize("seed", [15, 25, 32])
async def test_after_any_history_both_books_say_the_same_and_no_door_opened_unasked(
    app_db: Database, worker_db: Database, admin_db: Database, seed: int
) -> None:
    async with chosen(app_db, worker_db, admin_db, doors=DOORS) as bank:
        history = History(bank, seed)
        for _ in range(STEPS):
            await history.step()
        await history.settle()

        own = {unit: id_ for unit, id_ in bank.held().items() if not id_.startswith("screen")}
        assert own == await bank.ours()
        assert set(await bank.uses()) == set(own)
        asked = {row["external_id"]: row["count"] for row in await bank.rows(SENT)}
        assert all(count <= asked.get(unit, 0) for unit, count in bank.openings().items()), (bank.openings(), asked)
        assert not any(bank.gateway.doors.at("B", str(unit)).forced for unit in range(1, DOORS + 1))
