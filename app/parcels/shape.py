"""What can be read of parcels, and by whom. Recipients see their own: see app.stays.shape."""

from typing import Any

from sqlalchemy import String, and_, false, or_

from app.kit.reading.fields import by_id, id_of, one_of, plain, text, time, word
from app.kit.reading.shape import Condition, Filter, One, Shape, Sort
from app.parcels.tables import parcels
from tenants.policy import Permission
from tenants.scope import ORGANIZATION


def visible(scope: Any) -> Condition:
    if scope.is_recipient:
        return false()
    covered: Condition = scope.covers(Permission.PARCEL_READ, parcels.c.tenant_id, parcels.c.site_id)
    return and_(covered, parcels.c.carrier_id == ORGANIZATION) if scope.is_carrier else covered


PARCEL = Shape(
    name="Parcel",
    table=parcels,
    fields={
        "id": id_of("Parcel", parcels.c.id),
        "tracking": text(parcels.c.tracking),
        "secondaryTracking": text(parcels.c.secondary_tracking),
        "state": word(parcels.c.state),
        "createdAt": time(parcels.c.created_at),
        "depositedAt": time(parcels.c.deposited_at),
        "collectedAt": time(parcels.c.collected_at),
    },
    relations={
        "carrier": One("Carrier", "carrier_id", "carrier_id", nullable=True),
        "recipient": One("Person", "person_id", nullable=True),
        "site": One("Site", "site_id"),
    },
    filters={
        "tracking": Filter(
            lambda row, value, _: or_(row.c.tracking == value, row.c.secondary_tracking == value), String, plain
        ),
        "siteId": by_id("site_id", "Site"),
        "state": one_of("state"),
    },
    order=Sort(("created_at",), descending=True),
    visible=visible,
)
