"""What can be read of requests to open several doors, and by whom."""

from typing import Any

from sqlalchemy import any_, false, func

from app.kit.reading.fields import by_id, equal, flag, id_of, number, text, time, word
from app.kit.reading.shape import Condition, Extension, Many, One, Shape, Sort
from app.openings.tables import openings
from tenants.policy import Permission

LATEST = Sort(("requested_at",), descending=True)


def visible(scope: Any) -> Condition:
    """The operator's members only: carriers and recipients open one door at a time."""
    if scope.is_outside:
        return false()
    covered: Condition = scope.covers(Permission.COMMAND_READ, openings.c.tenant_id, openings.c.site_id)
    return covered


OPENING = Shape(
    name="Opening",
    table=openings,
    fields={
        "id": id_of("Opening", openings.c.id),
        "state": word(openings.c.state),
        "allDoors": flag(openings.c.all_doors),
        "doorCount": number(func.cardinality(openings.c.compartment_ids)),
        "reason": text(openings.c.reason),
        "requestedBy": text(openings.c.requested_by_name),
        "requestedAt": time(openings.c.requested_at),
        "expiresAt": time(openings.c.expires_at),
        "decidedBy": text(openings.c.decided_by_name),
        "decidedAt": time(openings.c.decided_at),
        "comment": text(openings.c.comment),
    },
    relations={
        "bank": One("Bank", "bank_id"),
        "commands": Many("Command", on=lambda opening, command: command.c.id == any_(opening.c.command_ids)),
        "compartments": Many("Compartment", on=lambda opening, door: door.c.id == any_(opening.c.compartment_ids)),
    },
    filters={"state": equal("state"), "bankId": by_id("bank_id", "Bank")},
    order=LATEST,
    visible=visible,
)
EXTENSIONS = [Extension("Bank", relations={"openings": Many("Opening", "bank_id")})]
