from collections.abc import Sequence
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from app.alarms.model import AlarmState, state, suppression
from app.alarms.shape import ALARM
from app.kit.clock import utc_now
from app.kit.db import Conn, Database
from app.kit.ids import new_id
from app.kit.reading.rows import IDS, Rows
from app.kit.reading.statement import Compiled
from app.lockers.model import Service
from schema.catalogue import CATALOGUE
from tenants.model import Role
from tenants.scope import Scope, context_parameters
from tests.app.rig import World, actor, make_world

OUT, GOOD, BROKEN = (Service.OUT_OF_SERVICE, False), (Service.IN_SERVICE, False), (Service.FAULT, False)
MAINTAINED = (Service.OUT_OF_SERVICE, True)
Doors = Sequence[tuple[Service, bool]]


async def put(conn: Conn, world: World, doors: Doors, *, at_door: bool, active: bool, handled: str) -> UUID:
    """An alarm of the first door or of its bank, the bank's three doors being as given."""
    now, id_ = utc_now(), new_id()
    for door, (service, ends) in zip(world.doors, doors, strict=True):
        until = now + timedelta(hours=1) if ends else None
        await conn.execute(
            "UPDATE compartment SET service = $2, service_until = $3 WHERE id = $1", door, service.value, until
        )
    await conn.execute(
        """INSERT INTO alarm (tenant_id, id, site_id, bank_id, compartment_id, kind, severity, condition, cause, detail,
        raised_at, last_seen_at) VALUES ($1, $2, $3, $4, $5, 'HELD_OPEN', 'HIGH', $6, $7, 'x', $8, $8)""",
        world.tenant, id_, world.site, world.bank, world.doors[0] if at_door else None,
        "ACTIVE" if active else "CLEARED", str(id_), now,
    )  # fmt: skip
    if handled:
        await conn.execute(
            "INSERT INTO alarm_handling (tenant_id, alarm_id, acknowledged_at, shelved_until) VALUES ($1, $2, $3, $4)",
            world.tenant, id_, now if handled == "acknowledged" else None,
            {"shelved": now + timedelta(hours=1), "was shelved": now - timedelta(hours=1)}.get(handled),
        )  # fmt: skip
    return id_


async def read(app: Database, world: World, id_: UUID) -> str:
    member = actor(world, Role.OWNER)
    select: Any = Rows(CATALOGUE, Scope.of(member)).by_ids(ALARM.name)
    async with app.tenant(member.tenants) as conn:
        rows = await Compiled(select).rows(conn, {IDS: [id_], **context_parameters(member)})
    found: str = rows[0]["f_state"]
    return found


@pytest.mark.parametrize("at_door", [True, False], ids=["door", "bank"])
@pytest.mark.parametrize("doors", [*product((GOOD, OUT, MAINTAINED), repeat=3), (OUT, OUT, BROKEN), (BROKEN,) * 3])
async def test_the_state_read_is_the_one_the_model_says(
    app_db: Database, admin_db: Database, doors: Doors, at_door: bool
) -> None:
    world = await make_world(admin_db, doors=3)
    suppressed = suppression(doors[:1] if at_door else doors)
    for active, handled in product((True, False), ("", "acknowledged", "shelved", "was shelved")):
        async with admin_db.plain() as conn:
            id_ = await put(conn, world, doors, at_door=at_door, active=active, handled=handled)
        expected = state(
            active=active, acknowledged=handled == "acknowledged", shelved=handled == "shelved", suppressed=suppressed
        )
        assert await read(app_db, world, id_) == expected


def test_every_letter_of_the_standard_can_be_said() -> None:
    ways = product((True, False), (True, False), (True, False), (None, suppression([OUT]), suppression([MAINTAINED])))
    said = {state(active=a, acknowledged=k, shelved=s, suppressed=p) for a, k, s, p in ways}
    assert said == set(AlarmState)


def test_a_bank_without_doors_is_not_out_of_service() -> None:
    assert suppression([]) is None
