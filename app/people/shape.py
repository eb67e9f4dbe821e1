"""What can be read of people, and by whom. Carriers see the recipients of their own stays: see app.stays.shape."""

from typing import Any

from sqlalchemy import and_, false

from app.kit.reading.fields import equal, id_of, matches, text, word
from app.kit.reading.shape import Condition, Shape, Sort
from app.people.tables import people
from tenants.policy import Permission
from tenants.scope import ACCOUNT


def visible(scope: Any) -> Condition:
    if scope.is_carrier:
        return false()
    present = people.c.deleted_at.is_(None)
    if scope.is_recipient:
        return and_(scope.own_tenant(people.c.tenant_id), people.c.account_id == ACCOUNT, present)
    return and_(scope.covers(Permission.PERSON_READ, people.c.tenant_id, None), present)


def named(scope: Any) -> bool:
    """A courier must know whose parcel it is; nothing else of the person is its business."""
    return scope.is_carrier or reachable(scope)


def reachable(scope: Any) -> bool:
    """Address, flat and the like: for those who look after people, and for the person."""
    return scope.is_recipient or Permission.PERSON_READ in scope.permissions


PERSON = Shape(
    name="Person",
    table=people,
    fields={
        "id": id_of("Person", people.c.id),
        "kind": word(people.c.kind),
        "name": text(people.c.name, shown=named),
        "email": text(people.c.email, shown=reachable),
        "phone": text(people.c.phone, shown=reachable),
        "unit": text(people.c.unit, shown=reachable),
        "locale": text(people.c.locale),
    },
    filters={"search": matches("name", "email", "unit"), "kind": equal("kind")},
    order=Sort(("name",)),
    visible=visible,
)
