"""Carriers and the grants that give them rights."""

from __future__ import annotations

from datetime import datetime

import strawberry

from app.lockers.model import Size
from schema.types import identity, lockers
from schema.types.paging import Connection, Counted, Node
from schema.types.telling import needs, paged, told
from tenants.carriers.model import GrantState, Operation
from tenants.policy import Permission

carrier = needs(Permission.CARRIER_READ)
grant = needs(Permission.GRANT_READ)


@strawberry.type(description="Hours of the week in which a grant holds, in the site's time zone.")
class GrantWindowStats:
    days: list[int] = told("Days, 1 is Monday.")
    from_: str = told("From this time, such as 08:00.", name="from")
    to: str = told("Until this time.")


@strawberry.type(description="A right of a carrier over sites, banks, sizes, operations and times.")
class Grant(Node):
    id: strawberry.ID = grant("Opaque id.")
    state: GrantState = grant("Whether it gives rights.")
    operations: list[Operation] = grant("What it lets the carrier do.")
    all_sites: bool = grant("At every site.")
    all_banks: bool = grant("At every bank of these sites.")
    all_sizes: bool = grant("For every size.")
    sizes: list[Size] = grant("For these sizes, unless for all.")
    valid_from: datetime = grant("From when.")
    valid_to: datetime | None = grant("Until when; null for good.")
    windows: list[GrantWindowStats] = grant("At which hours; none means at any.")
    max_open_stays: int | None = grant("How many open stays at once.")
    max_deposits_per_day: int | None = grant("How many deposits a day.")
    max_hold_hours: int | None = grant("How long a reservation may hold.")
    version: int = grant("Counts its changes.")
    open_stay_count: int = grant("Open stays under it, as far as you may see them.")
    carrier: Carrier = grant("To whom.")
    operator: identity.Organization = grant("By whom.")
    sites: Counted[lockers.Site] = paged("The sites it names, or all of them.", Permission.GRANT_READ)


@strawberry.type(description="A company that brings and fetches parcels, as one operator knows it.")
class Carrier(Node):
    id: strawberry.ID = carrier("Opaque id.")
    name: str = carrier("What it is called.")
    open_stay_count: int = carrier("Its open stays, as far as you may see them.")
    grants: Connection[Grant] = paged("What it may do, the newest grant first.", Permission.GRANT_READ)
