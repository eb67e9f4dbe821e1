"""Who and what is in the small world: two operators, two carriers, people with and without rights."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from app.alarms.model import AlarmKind, Severity
from app.alarms.tables import alarms, handlings
from app.devices.model import CommandState
from app.devices.tables import commands, connections
from app.kit.outbox import facts
from app.lockers.tables import banks, compartments
from app.parcels.tables import parcels
from app.people.tables import people
from app.reports.tables import exports, occupancy_hours
from app.sites.tables import sites
from app.stays.tables import stays
from tenants.audit.tables import entries, seals
from tenants.carriers.model import Operation
from tenants.carriers.tables import carriers, grants
from tenants.identity.tables import api_keys, organizations
from tenants.model import Actor, Role
from tests.schema.reading.world import NAMES, NOW, World, member


def build(seed: int = 7, *, site_count: int = 4) -> World:
    world = World(Random(seed))
    north = world.add(organizations, kind="OPERATOR", name="North")
    south = world.add(organizations, kind="OPERATOR", name="South")
    quick = world.add(organizations, kind="CARRIER", name="Quick")
    other = world.add(organizations, kind="CARRIER", name='Other "carrier"')
    places = {owner["name"]: furnish(world, owner, site_count) for owner in (north, south)}
    own, foreign = places["North"], places["South"]
    member(world, "owner", north, Role.OWNER)
    member(world, "manager", north, Role.MANAGER, [own[0]["id"], own[1]["id"]])
    member(world, "auditor", north, Role.AUDITOR)
    member(world, "stranger", south, Role.OWNER)
    recipient = member(world, "recipient", north, Role.RECIPIENT)
    carrier = member(world, "carrier", quick, Role.CARRIER_ADMIN, tenants=[north["id"], south["id"]])
    member(world, "courier", quick, Role.COURIER, [own[0]["id"]], tenants=[north["id"], south["id"]])
    member(world, "rival", other, Role.CARRIER_ADMIN, tenants=[north["id"]])
    grant(world, north, quick, own[:3])
    grant(world, south, quick, [], sizes=["S"])
    grant(world, north, other, own[:1], sizes=["M"], state="SUSPENDED")
    grant(world, north, other, own[1:3])
    for owner, there in ((north, own), (south, foreign)):
        populate(world, owner, there, [quick, other], recipient.account_id if owner is north else None)
    for name in ("owner", "carrier"):
        actor = world.actors[name]
        for index in range(2):
            world.add(
                api_keys,
                organization_id=actor.organization_id,
                membership_id=actor.membership_id,
                name=f"key {index}",
                prefix=f"lyk_{index}",
                secret_hash=world.id().bytes,
                scopes=["site:read", "stay:read"][: index + 1],
                created_at=world.at(index),
                last_used_at=None,
                expires_at=None,
            )
    record(world, north, own, carrier)
    record(world, south, foreign, carrier)
    return world


def furnish(world: World, owner: dict[str, Any], site_count: int) -> list[dict[str, Any]]:
    tenant, made = owner["id"], []
    connection = world.add(connections, tenant_id=tenant, name="c", vendor="generic", base_url="http://127.0.0.1:1")
    for index in range(site_count):
        site = world.add(
            sites,
            tenant_id=tenant,
            name=f"{NAMES[index % len(NAMES)]} {owner['name']}",
            address_line=f"{index} Quay",
            city=NAMES[-index % 3],
            country="BR",
            timezone="America/Sao_Paulo",
            locale="pt-BR",
            latitude=[None, 52.0, -23.5505, 0.0][index % 4],
            longitude=[None, 4.25, 0.125, -0.5][index % 4],
            created_at=world.at(index // 2),
        )
        made.append(site)
        for number in range(index % 3 + 1):
            bank = world.add(
                banks,
                tenant_id=tenant,
                site_id=site["id"],
                connection_id=connection["id"],
                vendor="generic",
                external_id=f"b{index}{number}",
                label=f"Bank {number}",
                poll_seconds=5,
                capabilities={"DOOR_SENSOR": "WORKS", "REMOTE_OPEN": "FAILING"} if number else {},
                last_contact_at=None if number == 2 else datetime.now(UTC) + timedelta(days=number),
                unreachable_since=world.at(3) if number == 1 else None,
                created_at=world.at(number),
            )
            for door in range(world.random.randrange(2, 7)):
                furnish_door(world, bank, door)
    return made


def furnish_door(world: World, bank: dict[str, Any], door: int) -> None:
    random = world.random
    out = random.random() < 0.2
    world.add(
        compartments,
        tenant_id=bank["tenant_id"],
        site_id=bank["site_id"],
        bank_id=bank["id"],
        external_id=str(door),
        label=f"{door:02}",
        size=random.choice("SML"),
        accessible=random.random() < 0.3,
        row_no=door,
        column_no=1,
        row_span=1,
        use="FREE",
        service="OUT_OF_SERVICE" if out else "IN_SERVICE",
        service_reason="rust" if out else None,
        service_until=world.at(9) if out else None,
        door=random.choice(["CLOSED", "OPEN", "UNKNOWN"]),
        door_observed_at=world.at(1),
        door_open_since=None,
        door_source="poll",
        openings=0,
        item_present=random.choice([None, True, False]),
    )


def grant(
    world: World,
    owner: dict[str, Any],
    carrier: dict[str, Any],
    where: Sequence[dict[str, Any]],
    *,
    sizes: Sequence[str] = (),
    state: str = "ACTIVE",
) -> None:
    met = {"tenant_id": owner["id"], "carrier_id": carrier["id"]}
    if not any(met.items() <= row.items() for row in world.rows.get("carrier", ())):
        world.add(carriers, **met, name=carrier["name"], created_at=world.at(0))
    world.add(
        grants,
        **met,
        operations=[each.value for each in Operation],
        all_sites=not where,
        site_ids=[site["id"] for site in where],
        all_banks=True,
        bank_ids=[],
        all_sizes=not sizes,
        sizes=list(sizes),
        valid_from=world.at(-9),
        valid_to=None,
        windows=[{"days": [1, 5], "from": "08:00", "to": "18:00"}] if where else [],
        max_open_stays=5,
        max_deposits_per_day=None,
        max_hold_hours=72,
        state=state,
        version=1,
        created_at=world.at(0),
    )


def populate(
    world: World,
    owner: dict[str, Any],
    there: Sequence[dict[str, Any]],
    carriers: Sequence[dict[str, Any]],
    account: UUID | None,
) -> None:
    tenant, random = owner["id"], world.random
    persons = [
        world.add(
            people,
            tenant_id=tenant,
            kind="RECIPIENT",
            name=name,
            email=f"p{index}@example.org",
            phone=None,
            unit=f"{index}A",
            personal_id=None,
            locale="en",
            account_id=account if index == 0 else None,
            created_at=world.at(0),
            deleted_at=world.at(1) if index == 3 else None,
        )
        for index, name in enumerate(NAMES)
    ]
    doors = [row for row in world.rows["compartment"] if row["tenant_id"] == tenant]
    for index in range(24):
        door, open_ = random.choice(doors), index % 3 == 0
        if open_ and door["use"] != "FREE":
            continue
        if open_:
            door["use"] = random.choice(["RESERVED", "OCCUPIED"])
        stay(world, door, random.choice([*carriers, None]), random.choice([*persons[:4], None]), open_=open_)


def stay(
    world: World, door: dict[str, Any], carrier: dict[str, Any] | None, person: dict[str, Any] | None, *, open_: bool
) -> None:
    random, tenant = world.random, door["tenant_id"]
    at = world.at(random.randrange(5))
    place = {"tenant_id": tenant, "site_id": door["site_id"]}
    carrier_id, person_id = carrier and carrier["id"], person and person["id"]
    kept = world.add(
        stays,
        **place,
        bank_id=door["bank_id"],
        compartment_id=door["id"],
        placed=not open_ or person is not None,
        carrier_id=carrier_id,
        recipient_id=person_id,
        flow="DELIVER",
        state="DEPOSITED" if open_ else "RELEASED",
        outcome=None if open_ else "COLLECTED",
        evidence="E1",
        created_by=world.id(),
        created_at=at,
        expires_at=at + timedelta(hours=1),
        deposited_at=at,
        deposit_expires_at=None,
        overdue_at=at if random.random() < 0.4 else None,
        released_at=None if open_ else at,
        note=random.choice(NAMES),
        pickup_sealed=b"sealed" if open_ else None,
    )
    fill(world, kept, place, random.randrange(1, 4))


def fill(world: World, kept: dict[str, Any], place: dict[str, Any], count: int) -> None:
    """Parcels of a stay, and the commands for it."""
    random, at, open_ = world.random, kept["created_at"], kept["released_at"] is None
    for _ in range(count):
        world.add(
            parcels,
            **place,
            stay_id=kept["id"],
            carrier_id=kept["carrier_id"],
            person_id=kept["recipient_id"],
            tracking=f"T{world.id().hex[:10]}",
            secondary_tracking=None,
            state="IN_LOCKER" if open_ else "COLLECTED",
            created_at=at,
            deposited_at=at,
            collected_at=None,
        )
    for _ in range(random.randrange(3)):
        world.add(
            commands,
            **place,
            bank_id=kept["bank_id"],
            compartment_id=kept["compartment_id"],
            stay_id=kept["id"],
            carrier_id=kept["carrier_id"],
            kind="OPEN",
            state=random.choice(list(CommandState)).value,
            reason=None,
            requested_by=world.id(),
            requested_by_name=random.choice(NAMES),
            requested_at=world.at(random.randrange(3)),
            expires_at=world.at(9),
            sent_at=None,
            settled=True,
            detail="ok",
        )


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
