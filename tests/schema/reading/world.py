"""A small world for reading tests: two operators, two carriers, people with and without rights, awkward texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from app.alarms.tables import alarms, handlings
from app.devices.tables import commands, connections
from app.kit.db import Conn
from app.kit.outbox import facts
from app.lockers.tables import banks, compartments
from app.parcels.tables import parcels
from app.people.tables import people
from app.reports.tables import exports, occupancy_hours
from app.sites.tables import sites
from app.stays.tables import stays
from tenants.audit.tables import entries, seals
from tenants.carriers.tables import carriers, grants
from tenants.identity.tables import accounts, api_keys, memberships, organizations
from tenants.model import Actor, ActorKind, OrganizationKind, Role
from tenants.policy import ROLES

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
NAMES = ["Harbour", 'Quote " and \\', "Tab\tand\nline", "Ünïcode 😀", "100% _real_", "\x7f\x1f control", "Zed", "Ärger"]


@dataclass(slots=True, repr=False)
class World:
    """Rows by table, and the actors that read them."""

    random: Random
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)

    def id(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)

    def add(self, table: Table, **values: Any) -> dict[str, Any]:
        row = {"id": self.id(), **values} if "id" in table.c and "id" not in values else values
        self.rows.setdefault(table.name, []).append(row)
        return row

    def at(self, minutes: float) -> datetime:
        return NOW + timedelta(minutes=minutes, microseconds=self.random.randrange(3) * 1_001)


TABLES: Sequence[Table] = (
    organizations,
    accounts,
    memberships,
    api_keys,
    carriers,
    grants,
    sites,
    connections,
    banks,
    compartments,
    people,
    stays,
    parcels,
    commands,
    alarms,
    handlings,
    entries,
    seals,
    facts,
    exports,
    occupancy_hours,
)


async def put(conn: Conn, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns."""
    names = list(rows[0])
    marks = ", ".join(f"${index + 1}" for index in range(len(names)))
    columns = ", ".join(f'"{name}"' for name in names)
    await conn.executemany(
        f"INSERT INTO {table.name} ({columns}) VALUES ({marks})", [[row[name] for name in names] for row in rows]
    )


async def settle(conn: Conn, world: World) -> None:
    """Write the world down, past the walls."""
    for table in TABLES:
        if world.rows.get(table.name):
            await put(conn, table, world.rows[table.name])


def member(
    world: World,
    name: str,
    organization: dict[str, Any],
    role: Role,
    site_ids: Sequence[UUID] = (),
    *,
    tenants: Sequence[UUID] | None = None,
) -> Actor:
    """An account with one membership; no sites means all of them."""
    account = world.add(
        accounts, email=f"{name}@{organization['id'].hex[:8]}.example", name=f"{name} of it", locale="en"
    )
    membership = world.add(
        memberships,
        account_id=account["id"],
        organization_id=organization["id"],
        role=role.value,
        all_sites=not site_ids,
        site_ids=list(site_ids),
    )
    actor = Actor(
        kind=ActorKind.PERSON,
        account_id=account["id"],
        label=account["name"],
        organization_id=organization["id"],
        organization_kind=OrganizationKind(organization["kind"]),
        role=role,
        permissions=ROLES[role.value],
        all_sites=not site_ids,
        site_ids=tuple(site_ids),
        membership_id=membership["id"],
        tenants=tuple(tenants) if tenants is not None else (organization["id"],),
    )
    world.actors[name] = actor
    return actor
