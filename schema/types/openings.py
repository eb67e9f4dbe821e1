"""Several doors at once, and the second person who approves."""

from __future__ import annotations

from datetime import datetime

import strawberry

from app.openings.model import OpeningState
from schema.types import watch
from schema.types.inputs import ID, must, once
from schema.types.paging import Connection, Node
from schema.types.refs import BankRef, CompartmentRef
from schema.types.telling import asked, needs, paged, told
from tenants.policy import Permission

command = needs(Permission.COMMAND_READ)


@strawberry.input(description="Which requests.")
class OpeningFilter:
    state: OpeningState | None = told("In this state.")
    bank_id: ID | None = told("At this bank.")


@strawberry.type(
    description="A request to open several doors of a bank. Nothing opens before a second person approves."
)
class Opening(Node):
    id: strawberry.ID = command("Opaque id.")
    state: OpeningState = command("How far it is.")
    all_doors: bool = command("Whether it was for every door of the bank.")
    door_count: int = command("How many doors.")
    reason: str = command("Why, in the asker's words.")
    requested_by: str = command("Who asked.")
    requested_at: datetime = command("When it was asked for.")
    expires_at: datetime = command("Until when somebody has to decide.")
    decided_by: str | None = command("Who decided.")
    decided_at: datetime | None = command("When it was decided.")
    comment: str | None = command("What they said.")
    bank: BankRef = told("At which bank.", Permission.SITE_READ)
    compartments: Connection[CompartmentRef] = paged("Which doors, by label.", Permission.SITE_READ)
    commands: Connection[watch.Command] = paged(
        "What was asked of the hardware, the newest first.", Permission.COMMAND_READ
    )


@strawberry.input(description="Which doors to open together.")
class AskOpeningInput:
    idempotency_key: str = once()
    bank_id: ID = must("At which bank.")
    compartment_ids: list[ID] | None = asked("Which doors; every door of the bank when left out.")
    reason: str = must("Why; it stands in the record.")


@strawberry.input(description="A decision about a request to open several doors.")
class DecideOpeningInput:
    idempotency_key: str = once()
    opening_id: ID = must("Which request.")
    comment: str | None = asked("What to say to it; it stands in the record.")
