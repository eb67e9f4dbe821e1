from collections import Counter
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from app.kit.clock import utc_now
from app.kit.db import Database
from app.kit.reading.rows import IDS, Rows
from app.kit.reading.shape import Items
from app.kit.reading.statement import Compiled
from app.lockers import queries
from app.lockers.model import DoorState, Service, Use, Withheld, occupancy
from schema.catalogue import CATALOGUE
from tenants.model import Role
from tenants.scope import Scope, context_parameters
from tests.app.rig import actor, make_world

WAYS = list(product(Use, Service, DoorState, (None, *Withheld)))


@pytest.mark.parametrize("differs", [False, True], ids=["as it was", "differs"])
@pytest.mark.parametrize("silent", [False, True], ids=["answers", "silent"])
@pytest.mark.parametrize("blind", [False, True], ids=["waits", "blind"])
async def test_what_is_read_of_doors_is_what_the_model_says(
    app_db: Database, admin_db: Database, silent: bool, blind: bool, differs: bool
) -> None:
    world = await make_world(admin_db, doors=len(WAYS))
    since, other = utc_now() if silent else None, utc_now() if differs else None
    async with admin_db.plain() as conn:
        await conn.execute(
            "UPDATE bank SET unreachable_since = $2, blind_allocation = $3, differs_since = $4 WHERE id = $1",
            world.bank, since, blind, other,
        )  # fmt: skip
        for id_, (use, service, door, withheld) in zip(world.doors, WAYS, strict=True):
            await conn.execute(
                "UPDATE compartment SET use = $2, service = $3, door = $4, withheld = $5 WHERE id = $1",
                id_, use.value, service.value, door.value, withheld and withheld.value,
            )  # fmt: skip
    member = actor(world, Role.OWNER)
    rows, given = Rows(CATALOGUE, Scope.of(member)), context_parameters(member)
    counted = CATALOGUE.shapes["Bank"].relations["occupancy"]
    assert isinstance(counted, Items)
    async with app_db.tenant(member.tenants) as conn:
        bank = await queries.bank(conn, member, world.bank)
        each: Any = await Compiled(rows.by_ids("Compartment")).rows(conn, {IDS: list(world.doors), **given})
        sums: Any = await Compiled(rows.items("Bank", counted, 0)).rows(conn, {IDS: [world.bank], **given})
    assert bank is not None
    assert (bank.reachable, bank.allocatable) == (not silent, not differs and (not silent or blind))
    said = {row["c_id"]: row["f_occupancy"] for row in each}
    meant = [occupancy(*way, allocatable=bank.allocatable, blind=bank.blind_allocation).value for way in WAYS]
    assert [said[id_] for id_ in world.doors] == meant
    assert {row["f_state"]: row["f_count"] for row in sums} == Counter(meant)
    assert replace(bank, unreachable_since=None, differs_since=None).allocatable
