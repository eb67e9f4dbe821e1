"""What can be read of sites, and by whom."""

from typing import Any

from sqlalchemy import and_, any_, false, or_

from app.kit.reading.fields import by_ids, decimal, id_of, matches, text, time
from app.kit.reading.shape import Condition, Extension, Many, One, Shape, Sort
from app.sites.tables import sites
from tenants.carriers.model import Operation
from tenants.policy import Permission

BY_NAME = Sort(("name",))


def visible(scope: Any) -> Condition:
    """Members by their role and sites; carriers where a grant lets them look; recipients by their stays alone."""
    if scope.is_recipient:
        return false()
    covered: Condition = scope.covers(Permission.SITE_READ, sites.c.tenant_id, sites.c.id)
    if scope.is_carrier:
        return and_(covered, scope.granted(Operation.VIEW_AVAILABILITY, sites.c.tenant_id, sites.c.id))
    return covered


SITE = Shape(
    name="Site",
    table=sites,
    fields={
        "id": id_of("Site", sites.c.id),
        "name": text(sites.c.name),
        "addressLine": text(sites.c.address_line),
        "city": text(sites.c.city),
        "country": text(sites.c.country),
        "timezone": text(sites.c.timezone),
        "locale": text(sites.c.locale),
        "latitude": decimal(sites.c.latitude),
        "longitude": decimal(sites.c.longitude),
        "createdAt": time(sites.c.created_at),
    },
    filters={"search": matches("name", "city", "address_line"), "ids": by_ids("id", "Site")},
    sorts={"NAME": BY_NAME, "CITY": Sort(("city",)), "CREATED_AT": Sort(("created_at",))},
    order=BY_NAME,
    visible=visible,
)

EXTENSIONS = [
    Extension(
        "Grant",
        relations={
            "sites": Many(
                "Site",
                on=lambda grant, site: and_(
                    site.c.tenant_id == grant.c.tenant_id,
                    or_(grant.c.all_sites, site.c.id == any_(grant.c.site_ids)),
                ),
            )
        },
    ),
    Extension("AuditEntry", relations={"site": One("Site", "site_id", nullable=True)}),
    Extension("Event", relations={"site": One("Site", "site_id", nullable=True)}),
]
