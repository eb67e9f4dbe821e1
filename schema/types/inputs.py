"""What mutations take."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from app.devices.model import Finding
from app.lockers.model import Size
from app.people.model import PersonKind
from app.reports.model import ExportFormat, ExportKind
from app.stays.model import Flow, StayOutcome
from schema.types.scalars import Json
from schema.types.spoken import ServiceChange
from schema.types.telling import asked
from tenants.carriers.model import Operation

ID = strawberry.ID
ONCE = (
    "Your own name for this request. The same key with the same input gives the first answer again; with another input "
    "it is a conflict."
)


def must(description: str, **more: str) -> Any:
    return asked(description, required=True, **more)


def once() -> Any:
    return must(ONCE)


@strawberry.input(description="Which compartment to set aside, and for what.")
class ReserveCompartmentInput:
    idempotency_key: str = once()
    bank_id: ID = must("In which bank.")
    size: Size = must("Of which size.")
    tracking: str = must("The carrier's number of the parcel.")
    secondary_tracking: str | None = asked("Another number it goes by.")
    recipient_id: ID | None = asked("For whom.")
    depositor_id: ID | None = asked("Who puts it in, where that is not a courier.")
    carrier_id: ID | None = asked("Which carrier brings it; a carrier's own when left out.")
    flow: Flow = asked("In which direction it moves.", Flow.DELIVER)
    accessible: bool = asked("Whether the door must be reachable from a wheelchair.", default=False)
    hold_minutes: int = asked("How long to hold it.", 60)


@strawberry.input(description="That a parcel was put in.")
class ConfirmDepositInput:
    idempotency_key: str = once()
    stay_id: ID = must("Into which stay.")
    parcels: list[str] | None = asked("Tracking numbers put in; those announced when left out.")


@strawberry.input(description="One parcel by its numbers.")
class ParcelInput:
    tracking: str = must("The carrier's number.")
    secondary_tracking: str | None = asked("Another number it goes by.")


@strawberry.input(description="More parcels for a stay.")
class AddParcelsInput:
    idempotency_key: str = once()
    stay_id: ID = must("Into which stay.")
    parcels: list[ParcelInput] = must("Which parcels; 50 in a stay at most.")


@strawberry.input(description="Some parcels of a stay that leave it.")
class TakeParcelsInput:
    idempotency_key: str = once()
    stay_id: ID = must("Out of which stay.")
    parcels: list[str] = must("Their tracking numbers. Naming all of them ends the stay.")
    outcome: StayOutcome = must("What became of them.")
    reason: str = must("Why.")


@strawberry.input(description="Open the door to take a parcel out.")
class CollectInput:
    idempotency_key: str = once()
    stay_id: ID = must("Which stay.")
    pickup_code: str | None = asked("The code, unless you are signed in as its recipient or are staff.")
    personal_id: str | None = asked("For a department's parcel: what its members collect with.")


@strawberry.input(description="End a stay without its door.")
class ReleaseStayInput:
    idempotency_key: str = once()
    stay_id: ID = must("Which stay.")
    outcome: StayOutcome = must("How it ended.")
    reason: str = must("Why; it stands in the record.")


@strawberry.input(description="Give a stay more time.")
class ExtendStayInput:
    idempotency_key: str = once()
    stay_id: ID = must("Which stay.")
    minutes: int = must("How many minutes more.")
    reason: str | None = asked("Why; it stands in the record.")


@strawberry.input(description="Open a door.")
class OpenCompartmentInput:
    idempotency_key: str = once()
    compartment_id: ID = must("Which compartment.")
    reason: str = must("Why; it stands in the record.")


@strawberry.input(description="What became of a command that nothing can be read back of.")
class SettleCommandInput:
    idempotency_key: str = once()
    command_id: ID = must("Which command.")
    outcome: Finding = must("What you found out.")
    comment: str = must("How you know; it stands in the record.")


@strawberry.input(description="Take a compartment out of service, or back into it.")
class SetServiceStateInput:
    idempotency_key: str = once()
    compartment_id: ID = must("Which compartment.")
    service: ServiceChange = must("What it shall be.")
    reason: str = must("Why; it stands in the record.")
    until: datetime | None = asked("Until when.")


@strawberry.input(description="Take care of an alarm.")
class AcknowledgeAlarmInput:
    idempotency_key: str = once()
    alarm_id: ID = must("Which alarm.")
    comment: str | None = asked("What you found.")


@strawberry.input(description="Put an alarm aside for a while.")
class ShelveAlarmInput:
    idempotency_key: str = once()
    alarm_id: ID = must("Which alarm.")
    minutes: int = must("For how many minutes.")
    reason: str = must("Why; it stands in the record.")


@strawberry.input(description="Hours of the week, in the site's time zone.")
class GrantWindowInput:
    days: list[int] = must("Days, 1 is Monday.")
    from_: str = must("From this time, such as 08:00.", name="from")
    to: str = must("Until this time.")


@strawberry.input(description="A right for a carrier. What is not named is not given.")
class GrantCarrierInput:
    idempotency_key: str = once()
    carrier_id: ID = must(
        "To whom: a carrier's id; before the first grant, the id of its organization, as its own people see it."
    )
    operations: list[Operation] = must("What it may do.")
    all_sites: bool = asked("At every site, also those to come.", default=False)
    site_ids: list[ID] = asked("At these sites.", [])
    all_banks: bool = asked("At every bank of these sites.", default=True)
    bank_ids: list[ID] = asked("At these banks.", [])
    all_sizes: bool = asked("For every size.", default=True)
    sizes: list[Size] = asked("For these sizes.", [])
    valid_from: datetime | None = asked("From when; now when left out.")
    valid_to: datetime | None = asked("Until when; for good when left out.")
    windows: list[GrantWindowInput] = asked("At which hours; at any when empty.", [])
    max_open_stays: int | None = asked("How many open stays at once.")
    max_deposits_per_day: int | None = asked("How many deposits a day.")
    max_hold_hours: int | None = asked("How long a reservation may hold.")


@strawberry.input(description="A change to a grant.")
class ChangeGrantInput:
    idempotency_key: str = once()
    grant_id: ID = must("Which grant.")
    reason: str = must("Why; it stands in the record.")


@strawberry.input(description="What a file shall hold.")
class CreateExportInput:
    idempotency_key: str = once()
    kind: ExportKind = must("What it holds.")
    format: ExportFormat = must("How it is written.")
    site_id: ID | None = asked("At this site.")
    since: datetime | None = asked("From this moment on.")
    until: datetime | None = asked("Before this moment.")
    action: list[str] | None = asked("These actions; for audit entries.")


@strawberry.input(description="A new site.")
class CreateSiteInput:
    idempotency_key: str = once()
    name: str = must("What people call it.")
    address_line: str = must("Street and number.")
    city: str = must("City.")
    country: str = must("Country, as two letters.")
    timezone: str = must("Its IANA time zone.")
    locale: str = must("Its language.")
    latitude: float | None = asked("Degrees north.")
    longitude: float | None = asked("Degrees east.")


@strawberry.input(description="Changes to a site; what is left out stays.")
class UpdateSiteInput:
    idempotency_key: str = once()
    site_id: ID = must("Which site.")
    name: str | None = asked("What people call it.")
    address_line: str | None = asked("Street and number.")
    city: str | None = asked("City.")
    country: str | None = asked("Country, as two letters.")
    timezone: str | None = asked("Its IANA time zone.")
    locale: str | None = asked("Its language.")
    latitude: float | None = asked("Degrees north.")
    longitude: float | None = asked("Degrees east.")


@strawberry.input(description="What to delete.")
class DeleteNodeInput:
    idempotency_key: str = once()
    id: ID = must("Its id.")


@strawberry.input(description="One door of a new bank.")
class CompartmentInput:
    label: str = must("What stands on the door.")
    external_id: str = must("Its id at the vendor.")
    size: Size = must("Its size.")
    accessible: bool = asked("Whether it can be reached from a wheelchair.", default=False)
    row: int = must("Row, from the top.")
    column: int = must("Column, from the left.")
    row_span: int = asked("How many rows it is high.", 1)


@strawberry.input(description="A new bank with its compartments.")
class CreateBankInput:
    idempotency_key: str = once()
    site_id: ID = must("Where it stands.")
    label: str = must("What people call it.")
    vendor: str = must("The name of its adapter.")
    external_id: str = must("Its id at the vendor.")
    base_url: str = must("Where the vendor or controller is reached.")
    settings: Json = must("What the adapter needs besides.")
    secret: Json | None = asked("Credentials; kept sealed, never shown again.")
    compartments: list[CompartmentInput] = must("Its doors.")


@strawberry.input(description="Changes to a bank; what is left out stays.")
class UpdateBankInput:
    idempotency_key: str = once()
    bank_id: ID = must("Which bank.")
    label: str | None = asked("What people call it.")
    poll_seconds: float | None = asked("How often it is asked, in seconds; half a second at least.")
    blind_allocation: bool | None = asked("Whether it is to be filled also while it does not answer.")


@strawberry.input(description="A new person.")
class CreatePersonInput:
    idempotency_key: str = once()
    kind: PersonKind = must("What the person is to parcels.")
    name: str = must("Name.")
    email: str | None = asked("Address for notices.")
    phone: str | None = asked("Number for notices.")
    unit: str | None = asked("Flat or desk.")
    personal_id: str | None = asked("What a department's members collect with.")
    locale: str = asked("Language for notices.", "en")


@strawberry.input(description="Changes to a person; what is left out stays.")
class UpdatePersonInput:
    idempotency_key: str = once()
    person_id: ID = must("Which person.")
    name: str | None = asked("Name.")
    email: str | None = asked("Address for notices.")
    phone: str | None = asked("Number for notices.")
    unit: str | None = asked("Flat or desk.")
    locale: str | None = asked("Language for notices.")
