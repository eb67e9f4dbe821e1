"""Sites with banks and doors."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.devices.tables import connections
from app.lockers.tables import banks, compartments
from app.sites.tables import sites
from tests.schema.reading.world import NAMES, World


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
