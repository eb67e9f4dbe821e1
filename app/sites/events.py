"""Facts of sites."""

from collections.abc import Iterable
from uuid import UUID

from app.kit.events import Fact


def of_site(kind: str, id: UUID, fields: Iterable[str] = ()) -> Fact:
    """SiteCreated, SiteChanged, SiteDeleted. `fields`: names of what was given or changed."""
    return Fact(kind, "Site", id, {"fields": sorted(fields)}, site_id=id)
