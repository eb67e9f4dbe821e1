"""What can be read of commands to hardware, and by whom."""

from typing import Any

from sqlalchemy import and_, false

from app.devices.tables import commands
from app.kit.reading.fields import id_of, text, time, word
from app.kit.reading.shape import Condition, Extension, Many, One, Shape, Sort
from tenants.policy import Permission
from tenants.scope import ORGANIZATION

LATEST = Sort(("requested_at",), descending=True)


def visible(scope: Any) -> Condition:
    """Carriers see the commands of their own couriers; recipients those of their stays, see app.stays.shape."""
    if scope.is_recipient:
        return false()
    covered: Condition = scope.covers(Permission.COMMAND_READ, commands.c.tenant_id, commands.c.site_id)
    return and_(covered, commands.c.carrier_id == ORGANIZATION) if scope.is_carrier else covered


COMMAND = Shape(
    name="Command",
    table=commands,
    fields={
        "id": id_of("Command", commands.c.id),
        "kind": word(commands.c.kind),
        "state": word(commands.c.state),
        "reason": text(commands.c.reason),
        "requestedBy": text(commands.c.requested_by_name),
        "requestedAt": time(commands.c.requested_at),
        "sentAt": time(commands.c.sent_at),
        "acceptedAt": time(commands.c.accepted_at),
        "openedAt": time(commands.c.opened_at),
        "closedAt": time(commands.c.closed_at),
        "settledAt": time(commands.c.settled_at),
        "expiresAt": time(commands.c.expires_at),
        "detail": text(commands.c.detail),
    },
    relations={"compartment": One("Compartment", "compartment_id"), "bank": One("Bank", "bank_id")},
    order=LATEST,
    visible=visible,
)

EXTENSIONS = [Extension("Compartment", relations={"commands": Many("Command", "compartment_id")})]
