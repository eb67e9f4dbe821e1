"""Facts of people: that something changed, never what they are called."""

from collections.abc import Iterable
from uuid import UUID

from app.kit.events import Fact


def of_person(kind: str, id: UUID, fields: Iterable[str] = ()) -> Fact:
    """PersonCreated, PersonChanged, PersonDeleted. `fields`: names of what was given or changed."""
    return Fact(kind, "Person", id, {"fields": sorted(fields)})
