"""Sites, banks and compartments."""

from __future__ import annotations

from datetime import datetime

import strawberry

from app.devices.port import Ability
from app.lockers.model import DoorState, Occupancy, Size, Withheld
from schema.types import hardware, parcels, spoken
from schema.types import watch as watching
from schema.types.openings import Opening
from schema.types.paging import Connection, Counted, Node
from schema.types.scalars import Json
from schema.types.telling import needs, paged, told
from tenants.policy import Permission

site = needs(Permission.SITE_READ)
READ = Permission.SITE_READ


@strawberry.type(description="How many compartments of one size are in one state.")
class OccupancyStats:
    size: Size = told("The size.")
    state: Occupancy = told("The state.")
    count: int = told("How many.")


@strawberry.type(description="One thing a bank can or cannot do.")
class CapabilityStats:
    name: str = told("Its name.")
    ability: Ability = told("Whether it works now.")


@strawberry.type(description="How much one size was used within one hour.")
class UtilisationStats:
    hour: datetime = told("When the hour began.")
    size: Size = told("The size.")
    compartments: int = told("How many compartments there were.")
    used_seconds: int = told("Seconds in use, summed over them.")


@strawberry.input(description="Which banks.")
class BankFilter:
    site_id: strawberry.ID | None = told("At this site.")
    search: str | None = told("Words in the label or the vendor's id.")
    offline: bool | None = told("Those that do not answer, or those that do.")


@strawberry.input(description="Which compartments.")
class CompartmentFilter:
    site_id: strawberry.ID | None = told("At this site.")
    bank_id: strawberry.ID | None = told("Of this bank.")
    size: Size | None = told("Of this size.")
    occupancy: Occupancy | None = told("In this state.")
    door: DoorState | None = told("With a door like this.")
    service: spoken.ServiceWord | None = told("With this service state.")


@strawberry.input(description="Which sites.")
class SiteFilter:
    search: str | None = told("Words in name, city or address.")
    ids: list[strawberry.ID] | None = told("One of these.")


@strawberry.input(description="The order of sites.")
class SiteSort:
    by: spoken.SiteSortKey = told("By what.")
    direction: spoken.SortDirection = strawberry.field(
        description="Which end comes first.", default=spoken.SortDirection.ASC
    )


@strawberry.type(description="A place with locker banks.")
class Site(Node):
    id: strawberry.ID = site("Opaque id.")
    name: str = site("What people call it.")
    address_line: str = site("Street and number.")
    city: str = site("City.")
    country: str = site("Country, as two letters.")
    timezone: str = site("Its IANA time zone.")
    locale: str = site("Its language.")
    latitude: float | None = site("Degrees north.")
    longitude: float | None = site("Degrees east.")
    created_at: datetime = site("When it was added.")
    occupancy: list[OccupancyStats] = site("Its compartments by size and state; combinations of none are left out.")
    open_alarm_count: int = told("Alarms that are active now; 0 without the permission.", Permission.ALARM_READ)
    offline_bank_count: int = site("Banks that do not answer.")
    bank_count: int = site("Banks.")
    compartment_count: int = site("Compartments.")
    utilisation: list[UtilisationStats] = site("Use by the hour.", since=(datetime, "From this hour on."))
    banks: Counted[Bank] = paged("Its banks, by label.", READ)
    alarms: Connection[watching.Alarm] = paged(
        "Its alarms, the newest first.", Permission.ALARM_READ, filter=(watching.AlarmFilter | None, "Which alarms.")
    )


@strawberry.type(description="A set of compartments behind one controller.")
class Bank(Node):
    id: strawberry.ID = site("Opaque id.")
    label: str = site("What people call it.")
    vendor: str = site("Who made it, as the name of an adapter.")
    external_id: str = site("Its id at the vendor.")
    last_contact_at: datetime | None = site("When it last answered.")
    unreachable_since: datetime | None = site("Since when it does not answer; null while it does.")
    differs_since: datetime | None = site(
        "Since when it is not what was taken over, and opens no door until somebody has compared it; null while it is."
    )
    is_stale: bool = site("Whether two polls have gone by without an answer.")
    poll_seconds: float = site("How often it is asked, in seconds.")
    blind_allocation: bool = site("Whether it is filled also while it does not answer.")
    capabilities: list[CapabilityStats] = site("What it can do now, by name.")
    occupancy: list[OccupancyStats] = site("Its compartments by size and state; combinations of none are left out.")
    compartment_count: int = site("Compartments.")
    open_alarm_count: int = told("Alarms that are active now; 0 without the permission.", Permission.ALARM_READ)
    revision: int = site("Grows when its doors or the way to them change.")
    size_words: Json = site("What the vendor's words for sizes mean here.")
    account: hardware.VendorAccount | None = told(
        "The account it is reached by; null when you may not see it.", Permission.BANK_MANAGE
    )
    openings: Connection[Opening] = paged(
        "Requests to open several of its doors, the newest first.", Permission.COMMAND_READ
    )
    surveys: Connection[hardware.Survey] = paged("What its vendor was asked, the newest first.", Permission.BANK_MANAGE)
    site: Site = told("Where it stands.", READ)
    compartments: Connection[Compartment] = paged(
        "Its compartments, by label.", READ, filter=(CompartmentFilter | None, "Which compartments.")
    )


@strawberry.type(description="One door and what is behind it.")
class Compartment(Node):
    id: strawberry.ID = site("Opaque id.")
    label: str = site("What stands on the door.")
    external_id: str = site("Its id at the vendor.")
    size: Size = site("Its size.")
    accessible: bool = site("Whether it can be reached from a wheelchair.")
    row: int = site("Row, from the top.")
    column: int = site("Column, from the left.")
    row_span: int = site("How many rows it is high.")
    occupancy: Occupancy = site("What people read on the board.")
    service: spoken.ServiceWord = site("Whether it can be used.")
    service_reason: str | None = site("Why it cannot.")
    service_until: datetime | None = site("Until when it cannot.")
    door: DoorState = site("What is known of the door.")
    door_observed_at: datetime | None = site("When the door was last looked at.")
    door_open_since: datetime | None = site("Since when it stands open.")
    door_source: str | None = site("Who said so.")
    is_stale: bool = site("Whether what is known of it may be out of date.")
    item_present: bool | None = site("Whether a sensor sees something inside; null without a sensor.")
    withheld: Withheld | None = site("Why it is given to nobody though its bank answers; null where it is given out.")
    withheld_since: datetime | None = site("Since when; of a silent one, when it was last read.")
    bank: Bank = told("The bank it belongs to.", READ)
    site: Site = told("Where it stands.", READ)
    current_stay: parcels.Stay | None = told(
        "Who is in it; null when nobody is, or nobody you may see.", Permission.STAY_READ
    )
    stays: Connection[parcels.Stay] = paged("Its stays, the newest first.", Permission.STAY_READ)
    commands: Connection[watching.Command] = paged("Commands to it, the newest first.", Permission.COMMAND_READ)
    alarms: Connection[watching.Alarm] = paged("Its alarms, the newest first.", Permission.ALARM_READ)
