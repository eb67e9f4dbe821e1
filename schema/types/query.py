"""The root of all reading."""

from __future__ import annotations

import strawberry

from schema.types import errors, hardware, identity, lockers, record, watch
from schema.types.carriers import Carrier, Grant
from schema.types.openings import Opening, OpeningFilter
from schema.types.paging import Connection, Counted, Node
from schema.types.parcels import Parcel, ParcelFilter, Stay, StayFilter, StaySort
from schema.types.telling import paged, told
from tenants.policy import Permission

ID = strawberry.ID


@strawberry.type(
    description="Everything that can be read. Outside of what you may see, and not existing, look the same."
)
class Query:
    viewer: identity.Viewer = told("You.")
    node: Node | None = told("Anything by its id; null when you may not see it.", id=(ID, "Its id."))
    nodes: list[Node | None] = told("Many things by their ids, in that order.", ids=(list[ID], "Their ids."))
    site: lockers.Site | None = told("One site.", Permission.SITE_READ, id=(ID, "Its id."))
    sites: Counted[lockers.Site] = paged(
        "Sites, by name.",
        Permission.SITE_READ,
        filter=(lockers.SiteFilter | None, "Which sites."),
        sort=(lockers.SiteSort | None, "In which order."),
    )
    banks: Counted[lockers.Bank] = paged(
        "Banks, by label.", Permission.SITE_READ, filter=(lockers.BankFilter | None, "Which banks.")
    )
    bank: lockers.Bank | None = told("One bank.", Permission.SITE_READ, id=(ID, "Its id."))
    compartments: Connection[lockers.Compartment] = paged(
        "Compartments, by label.",
        Permission.SITE_READ,
        filter=(lockers.CompartmentFilter | None, "Which compartments."),
    )
    compartment: lockers.Compartment | None = told("One compartment.", Permission.SITE_READ, id=(ID, "Its id."))
    stays: Connection[Stay] = paged(
        "Stays, the newest first.",
        Permission.STAY_READ,
        filter=(StayFilter | None, "Which stays."),
        sort=(StaySort | None, "In which order."),
    )
    parcels: Connection[Parcel] = paged(
        "Parcels, the newest first.", Permission.PARCEL_READ, filter=(ParcelFilter | None, "Which parcels.")
    )
    people: Connection[identity.Person] = paged(
        "People, by name.", Permission.PERSON_READ, filter=(identity.PersonFilter | None, "Which people.")
    )
    alarms: Connection[watch.Alarm] = paged(
        "Alarms, the newest first.", Permission.ALARM_READ, filter=(watch.AlarmFilter | None, "Which alarms.")
    )
    audit: Connection[record.AuditEntry] = paged(
        "The audit record, the newest first.",
        Permission.AUDIT_READ,
        filter=(record.AuditFilter | None, "Which entries."),
    )
    carriers: Counted[Carrier] = paged("Carriers, by name.", Permission.CARRIER_READ)
    grants: Connection[Grant] = paged("Grants, the newest first.", Permission.GRANT_READ)
    api_keys: Connection[identity.ApiKey] = paged("API keys, the newest first.", Permission.API_KEY_READ)
    exports: Connection[record.Export] = paged(
        "Exports, the newest first.", Permission.EXPORT_READ, filter=(record.ExportFilter | None, "Which exports.")
    )
    events: Connection[record.Event] = paged(
        "Facts in the order they were recorded.",
        Permission.EVENT_READ,
        filter=(record.EventFilter | None, "Which facts."),
    )
    openings: Connection[Opening] = paged(
        "Requests to open several doors, the newest first.",
        Permission.COMMAND_READ,
        filter=(OpeningFilter | None, "Which requests."),
    )
    vendors: list[hardware.VendorStats] = told("Makes of hardware that can be connected.", Permission.BANK_MANAGE)
    vendor_accounts: Connection[hardware.VendorAccount] = paged("Accounts at vendors, by name.", Permission.BANK_MANAGE)
    explain_open: errors.DecisionStats | None = told(
        "Whether you may open this compartment, and why.", Permission.SITE_READ, compartment_id=(ID, "Its id.")
    )
