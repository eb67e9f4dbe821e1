"""Parcels and the stays they are in."""

from __future__ import annotations

from datetime import datetime

import strawberry

from app.devices.port import Evidence
from app.parcels.model import ParcelState
from app.stays.model import Flow, State, StayOutcome
from schema.types import identity, spoken
from schema.types import watch as watching
from schema.types.paging import Connection, Node
from schema.types.refs import BankRef, CarrierRef, CompartmentRef, SiteRef
from schema.types.telling import needs, paged, told
from tenants.policy import Permission

stay = needs(Permission.STAY_READ)
parcel = needs(Permission.PARCEL_READ)


@strawberry.input(description="Which stays.")
class StayFilter:
    site_id: strawberry.ID | None = told("At this site.")
    bank_id: strawberry.ID | None = told("In this bank.")
    compartment_id: strawberry.ID | None = told("In this compartment.")
    state: list[State] | None = told("In one of these states.")
    open: bool | None = told("Those that have not ended, or those that have.")
    overdue: bool | None = told("Those not picked up in time, or all others.")
    carrier_id: strawberry.ID | None = told("Of this carrier.")
    recipient_id: strawberry.ID | None = told("For this person.")


@strawberry.input(description="The order of stays.")
class StaySort:
    by: spoken.StaySortKey = told("By what.")
    direction: spoken.SortDirection = strawberry.field(
        description="Which end comes first.", default=spoken.SortDirection.DESC
    )


@strawberry.input(description="Which parcels.")
class ParcelFilter:
    tracking: str | None = told("With this first or second tracking number.")
    site_id: strawberry.ID | None = told("At this site.")
    state: list[ParcelState] | None = told("In one of these states.")


@strawberry.type(description="A compartment set aside for one recipient and one or more parcels.")
class Stay(Node):
    id: strawberry.ID = stay("Opaque id.")
    state: State = stay("Where it is in its life.")
    flow: Flow = stay("In which direction the parcel moves.")
    outcome: StayOutcome | None = stay("How it ended; null before.")
    evidence: Evidence = stay("How well deposit and pickup are proven.")
    created_at: datetime = stay("When it began.")
    expires_at: datetime = stay("Until when the reservation holds.")
    deposited_at: datetime | None = stay("When the parcel was put in.")
    deposit_expires_at: datetime | None = stay("Until when it should be picked up.")
    released_at: datetime | None = stay("When it ended.")
    is_overdue: bool = stay("Whether it should have been picked up by now.")
    note: str | None = stay("What somebody noted.")
    site: SiteRef = stay("Where.")
    bank: BankRef = stay("In which bank.")
    placed: bool = stay("Whether its compartment is known: at some banks the vendor names it a moment later.")
    compartment: CompartmentRef | None = stay("In which compartment; null until it is placed.")
    carrier: CarrierRef | None = stay("Who brought it.")
    recipient: identity.Person | None = stay("For whom; null for those who need not know.")
    pickup_code: str | None = stay("What opens the door; only for its recipient.")
    passes: Connection[watching.Pass] = paged(
        "What was handed out to open its door with, the latest first.", Permission.STAY_READ
    )
    usable_until: datetime | None = stay(
        "Until when something handed out may still open its door, whatever its state; null when nothing can."
    )
    parcels: Connection[Parcel] = paged("What is in it, the newest first.", Permission.PARCEL_READ)
    commands: Connection[watching.Command] = paged("Commands for it, the newest first.", Permission.COMMAND_READ)


@strawberry.type(description="A parcel.")
class Parcel(Node):
    id: strawberry.ID = parcel("Opaque id.")
    tracking: str = parcel("The carrier's number for it.")
    secondary_tracking: str | None = parcel("Another number it goes by.")
    state: ParcelState = parcel("Where it is in its life.")
    created_at: datetime = parcel("When it became known.")
    deposited_at: datetime | None = parcel("When it was put in.")
    collected_at: datetime | None = parcel("When it was taken out.")
    carrier: CarrierRef | None = parcel("Who brings it.")
    recipient: identity.Person | None = parcel("For whom; null for those who need not know.")
    stay: Stay | None = parcel("The stay it is, or was last, in.")
    site: SiteRef = parcel("Where.")
