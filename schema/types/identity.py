"""Who uses the product: viewer, organizations, API keys, people."""

from datetime import datetime

import strawberry

from app.people.model import PersonKind
from schema.types.paging import Node
from schema.types.telling import needs, told
from tenants.model import OrganizationKind, Role
from tenants.policy import Permission

key = needs(Permission.API_KEY_READ)
person = needs(Permission.PERSON_READ)


@strawberry.type(description="A company in the system: one's own, and the operators one works for.")
class Organization(Node):
    id: strawberry.ID = told("Opaque id.")
    name: str = told("What it is called.")
    kind: OrganizationKind = told("What it is here.")


@strawberry.type(description="You, as a member of one organization.")
class Viewer:
    id: strawberry.ID = told("Your account's id.")
    name: str = told("Your name, or that of your key.")
    email: str | None = told("The address you sign in with.")
    locale: str = told("Your language.")
    role: Role = told("What you do here.")
    permissions: list[str] = told("What you may do, as `resource:action`, sorted.")
    all_sites: bool = told("Whether that holds for every site.")
    organization: Organization = told("For whom you act.")


@strawberry.type(description="A secret for programs. The secret itself is shown once, when the key is made.")
class ApiKey(Node):
    id: strawberry.ID = key("Opaque id.")
    name: str = key("What people call it.")
    prefix: str = key("How its secret begins.")
    scopes: list[str] = key("The permissions it was given.")
    created_at: datetime = key("When it was made.")
    expires_at: datetime | None = key("When it ends by itself.")
    last_used_at: datetime | None = key("When it was last used, to the minute.")
    revoked_at: datetime | None = key("When it was revoked.")


@strawberry.type(
    description="Somebody who receives or brings parcels. Carriers see the names of their own recipients only."
)
class Person(Node):
    id: strawberry.ID = person("Opaque id.")
    kind: PersonKind = person("What the person is to parcels.")
    name: str | None = person("Name; null for those who need not know.")
    email: str | None = person("Address for notices; null for those who need not know.")
    phone: str | None = person("Number for notices; null for those who need not know.")
    unit: str | None = person("Flat or desk; null for those who need not know.")
    locale: str = person("Language for notices.")


@strawberry.input(description="Which people.")
class PersonFilter:
    search: str | None = told("Words in name, address or unit.")
    kind: PersonKind | None = told("Of this kind.")
