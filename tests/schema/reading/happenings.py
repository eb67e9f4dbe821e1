"""What is on record: alarms, audit entries, facts, an export."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.alarms.model import AlarmKind, Severity
from app.alarms.tables import alarms, handlings
from app.kit.outbox import facts
from app.reports.tables import exports, occupancy_hours
from tenants.audit.tables import entries, seals
from tenants.model import Actor
from tests.schema.reading.world import NAMES, NOW, World


def record(world: World, owner: dict[str, Any], there: Sequence[dict[str, Any]], carrier: Actor) -> None:
    """What went wrong, what was done, what was told of it."""
    tenant = owner["id"]
    doors = [row for row in world.rows["compartment"] if row["tenant_id"] == tenant]
    sound(world, tenant, doors)
    for index in range(20):
        site: UUID | None = world.random.choice([*(row["id"] for row in there), None])
        enter(world, tenant, index, site, carrier)
        tell(world, tenant, index, site, carrier, world.random.choice(doors)["id"])
    export(world, tenant, carrier)
    for hour in range(5):
        for size in "SM":
            world.add(
                occupancy_hours,
                tenant_id=tenant,
                site_id=there[0]["id"],
                hour=NOW + timedelta(hours=hour),
                size=size,
                compartments=3,
                used_seconds=hour * 100,
            )


def sound(world: World, tenant: UUID, doors: Sequence[dict[str, Any]]) -> None:
    random = world.random
    for index in range(12):
        door = random.choice(doors)
        active = index % 2 == 0
        alarm = world.add(
            alarms,
            tenant_id=tenant,
            site_id=door["site_id"],
            bank_id=door["bank_id"] if index % 4 else None,
            compartment_id=door["id"] if index % 3 else None,
            kind=random.choice(list(AlarmKind)).value,
            severity=random.choice(list(Severity)).value,
            condition="ACTIVE" if active else "CLEARED",
            cause=f"cause {index}",
            detail=random.choice(NAMES),
            raised_at=world.at(index // 3),
            last_seen_at=world.at(9),
            cleared_at=None if active else world.at(8),
            repeats=index,
        )
        if index % 3 == 1:
            world.add(
                handlings,
                tenant_id=tenant,
                alarm_id=alarm["id"],
                acknowledged_at=world.at(7),
                acknowledged_by=None,
                acknowledged_by_name="somebody",
                comment=random.choice(NAMES),
                shelved_until=NOW + timedelta(days=30) if index % 2 else None,
            )


def enter(world: World, tenant: UUID, index: int, site: UUID | None, carrier: Actor) -> None:
    random = world.random
    entry = world.add(
        entries,
        tenant_id=tenant,
        occurred_at=world.at(index // 4),
        actor_id=world.id(),
        actor_kind="PERSON",
        actor_label=random.choice(NAMES),
        action=random.choice(["stay:create", "compartment:open"]),
        target_type="Site",
        target_id=site,
        site_id=site,
        carrier_id=carrier.organization_id if index % 4 == 0 else None,
        outcome="DONE",
        reason=None,
        request_id="r",
        origin="127.0.0.1",
        details={"b": [1, 2.5, None], "a": {"ü": 'x"y'}},
    )
    if index % 5:
        world.add(seals, tenant_id=tenant, sequence=index, entry_id=entry["id"], hash=bytes([index]) * 32)


def tell(world: World, tenant: UUID, index: int, site: UUID | None, carrier: Actor, door: UUID) -> None:
    world.add(
        facts,
        tenant_id=tenant,
        sequence=index + 1,
        kind="DoorOpened",
        version=1,
        subject_type="Compartment",
        subject_id=door,
        site_id=site,
        bank_id=None,
        carrier_id=carrier.organization_id if index % 3 == 0 else None,
        occurred_at=world.at(index),
        recorded_at=world.at(index),
        source="poll",
        evidence=world.random.choice([None, "E3"]),
        actor_id=None,
        payload={"n": index},
        trace_id=None,
    )


def export(world: World, tenant: UUID, carrier: Actor) -> None:
    for index, actor in enumerate([world.actors["owner"], world.actors["manager"], carrier]):
        world.add(
            exports,
            tenant_id=tenant,
            kind="AUDIT",
            format="CSV",
            state="DONE" if index else "QUEUED",
            filter={"x": 1},
            requested_by=actor.account_id,
            requested_by_name=actor.label,
            membership_id=actor.membership_id,
            created_at=world.at(index),
            rows=index,
            expected_rows=None,
            bytes=index,
        )
