"""Who and what is in the small world: two operators, two carriers, people with and without rights."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from app.devices.model import CommandState
from app.devices.tables import commands
from app.parcels.tables import parcels
from app.people.tables import people
from app.stays.tables import stays
from tenants.carriers.model import Operation
from tenants.carriers.tables import carriers, grants
from tenants.identity.tables import api_keys, organizations
from tenants.model import Role
from tests.schema.reading.furniture import furnish
from tests.schema.reading.happenings import record
from tests.schema.reading.world import NAMES, World, member


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
