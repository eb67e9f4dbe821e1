"""Who signs in to the demo world, and with which password."""

from dataclasses import dataclass
from functools import cache, cached_property
from uuid import UUID

from app.seed_world import CARRIERS, NORTHGATE, RIVERSIDE, fixed_id

PASSWORDS = {
    "owner": "harbour-owner",
    "manager": "harbour-manager",
    "auditor": "harbour-auditor",
    "carrier": "parcel-admin",
    "courier": "parcel-courier",
    "recipient": "parcel-recipient",
}


@dataclass(frozen=True)
class PersonPlan:
    """Somebody who signs in. `sites` None means all of the organization."""

    kind: str
    email: str
    name: str
    organization: str
    role: str
    sites: tuple[str, ...] | None = None
    locale: str = "en"

    @cached_property
    def account_id(self) -> UUID:
        return fixed_id("account", self.email)


PEOPLE = (
    PersonPlan("owner", "owner@riverside.example", "Teresa Prado", RIVERSIDE, "OWNER", locale="pt-BR"),
    PersonPlan("manager", "manager@riverside.example", "Marina Duarte", RIVERSIDE, "MANAGER", locale="pt-BR"),
    PersonPlan(
        "manager", "london@riverside.example", "Owen Hart", RIVERSIDE, "MANAGER", ("Wharf Mills", "Quayside Lofts")
    ),
    PersonPlan("auditor", "auditor@riverside.example", "Ines Vogel", RIVERSIDE, "AUDITOR"),
    PersonPlan("owner", "owner@northgate.example", "Priya Nair", NORTHGATE, "OWNER"),
    PersonPlan("manager", "manager@northgate.example", "Tom Ashby", NORTHGATE, "MANAGER"),
    *(
        PersonPlan("carrier", f"admin@{name.split()[0].lower()}.example", f"{name} desk", name, "CARRIER_ADMIN")
        for name in CARRIERS
    ),
    *(
        PersonPlan(
            "courier",
            f"courier{n}@{name.split()[0].lower()}.example",
            f"Courier {n} of {name.split()[0]}",
            name,
            "COURIER",
        )
        for name in CARRIERS
        for n in (1, 2, 3)
    ),
)

_FIRST = (
    "Ana",
    "Bruno",
    "Carla",
    "Diego",
    "Elena",
    "Felix",
    "Grace",
    "Hugo",
    "Iris",
    "Jonas",
    "Karla",
    "Leo",
    "Mira",
    "Nuno",
    "Olga",
    "Pablo",
)
_LAST = (
    "Almeida",
    "Bauer",
    "Costa",
    "Dias",
    "Evans",
    "Ferreira",
    "Garcia",
    "Hoffmann",
    "Ibarra",
    "Jensen",
    "Keller",
    "Lima",
    "Moreno",
)


@cache
def recipients(operator: str) -> list[PersonPlan]:
    """Residents who sign in to collect; their person rows carry the same account."""
    count = 30 if operator == RIVERSIDE else 12
    domain = operator.split(maxsplit=1)[0].lower()
    return [
        PersonPlan(
            "recipient", f"resident{n}@{domain}.example", f"{_FIRST[n % 16]} {_LAST[n * 5 % 13]}", operator, "RECIPIENT"
        )
        for n in range(1, count + 1)
    ]
