"""How the doors of the demo world were used: who put what in when, and who took it out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from random import Random
from uuid import UUID

from app.seed_people import PEOPLE, PersonPlan, recipients
from app.seed_world import GRANTS, SITES, BankPlan, DoorPlan, SitePlan, fixed_id


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay as it went. `released` None: it still lasts; `deposited` None as well: only reserved yet."""

    id: UUID
    door: DoorPlan
    held: datetime
    deposited: datetime | None
    released: datetime | None
    courier: PersonPlan
    recipient: PersonPlan

    @property
    def tracking(self) -> str:
        return f"{self.courier.organization[:2].upper()}{self.id.int % 10**11:011d}"


def drawn_id(rng: Random) -> UUID:
    """A repeatable UUID of version 8, from the seed's own random numbers."""
    return UUID(int=rng.getrandbits(128) & ~(0xF << 76 | 0x3 << 62) | 0x8 << 76 | 0x2 << 62)


@cache
def _person_id(email: str) -> UUID:
    return fixed_id("person", email)


def person_id(plan: PersonPlan) -> UUID:
    return _person_id(plan.email)


def visits(now: datetime, days: int, rng: Random) -> Iterator[Visit]:
    """Doors fill and empty on their own rhythm: small ones oftener, couriers by day, people in the evening."""
    couriers = {site.id: _couriers(site) for site in SITES}
    people = {site.operator: recipients(site.operator) for site in SITES}
    for site in SITES:
        for number, (vendor, size) in enumerate(site.banks):
            for door in BankPlan(site, number, vendor, size).doors():
                yield from _of_door(door, now, days, rng, couriers[site.id], people[site.operator])


def _of_door(
    door: DoorPlan, now: datetime, days: int, rng: Random, couriers: list[PersonPlan], people: list[PersonPlan]
) -> Iterator[Visit]:
    at = now - timedelta(days=days) + timedelta(hours=rng.uniform(0, 90))
    rest = 70.0 if door.size in {"S", "M"} else 120.0
    while at < now - timedelta(minutes=5):
        deposited = at + timedelta(minutes=rng.uniform(2, 40))
        released = deposited + timedelta(hours=min(rng.expovariate(1 / 38), 150) + 0.5)
        courier, person = rng.choice(couriers), rng.choice(people)
        if deposited >= now:
            yield Visit(drawn_id(rng), door, at, None, None, courier, person)
            return
        yield Visit(drawn_id(rng), door, at, deposited, released if released < now else None, courier, person)
        at = released + timedelta(hours=rng.expovariate(1 / rest) + 0.2)


def _couriers(site: SitePlan) -> list[PersonPlan]:
    names = {
        grant.carrier
        for grant in GRANTS
        if grant.operator == site.operator
        and "RESERVE" in grant.operations
        and (grant.sites is None or site.name in grant.sites)
    }
    return [person for person in PEOPLE if person.role == "COURIER" and person.organization in names]
