from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from app.devices.port import Adapter
from app.kit.db import Database
from app.vendors import service
from app.vendors.jobs import LARGEST_FOUND, Surveyor
from app.vendors.service import Account, Vendors
from tests.app.rig import SEALER, Hardware, actor, context, make_world, value


class Endless(Hardware):
    """Tells of labels that never end."""

    def _unit(self, id_: str) -> Any:
        seen = super()._unit(id_)
        return type(seen)(seen.id, seen.door, seen.observed_at, label="x" * (LARGEST_FOUND // 3))


async def test_more_than_can_be_kept_of_an_account_fails_its_survey(
    app_db: Database, worker_db: Database, admin_db: Database
) -> None:
    world = await make_world(admin_db)
    async with context(app_db, actor(world)).begin() as work:
        account = await service.connect(work, Account("C", "memory", "memory:"), Vendors(lambda _: (), SEALER))

    @asynccontextmanager
    async def lend(_: UUID, __: UUID) -> AsyncIterator[Adapter]:
        yield Endless(3)

    assert await Surveyor(worker_db, lend).run_waiting() == 1
    ended = "SELECT state || ' ' || problem || ' ' || found::text FROM survey WHERE connection_id = $1"
    found = await value(admin_db, ended, account)
    assert found == "FAILED The account holds more than can be shown at once. []"
