"""What can be read of commands to hardware and of vendor accounts, and by whom. An account's secret: by nobody."""

from typing import Any

from sqlalchemy import and_, any_, exists, false, select

from app.devices.model import CommandState
from app.devices.tables import commands, connections
from app.kit.reading.fields import flag, id_of, raw_json, text, time, word
from app.kit.reading.shape import Condition, Extension, Many, One, Shape, Sort, Value
from app.lockers.tables import banks
from tenants.policy import Permission
from tenants.scope import ORGANIZATION, SITES

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
        "needsPerson": flag(and_(commands.c.state == CommandState.UNCONFIRMED.value, commands.c.settled)),
    },
    relations={"compartment": One("Compartment", "compartment_id"), "bank": One("Bank", "bank_id")},
    order=LATEST,
    visible=visible,
)


def account_reached(scope: Any, tenant: Value, connection: Value) -> Condition:
    """Who may manage banks at all sites sees every account; others those behind a bank at a site of theirs."""
    covered: Condition = scope.covers(Permission.BANK_MANAGE, tenant, None)
    if scope.all_sites:
        return covered
    bank = banks.alias()
    here = select(bank.c.id).where(
        bank.c.tenant_id == tenant, bank.c.connection_id == connection, bank.c.site_id == any_(SITES)
    )
    return and_(covered, exists(here.correlate_except(bank)))


def account_visible(scope: Any) -> Condition:
    return account_reached(scope, connections.c.tenant_id, connections.c.id)


ACCOUNT = Shape(
    name="VendorAccount",
    table=connections,
    fields={
        "id": id_of("VendorAccount", connections.c.id),
        "name": text(connections.c.name),
        "vendor": text(connections.c.vendor),
        "baseUrl": text(connections.c.base_url),
        "settings": raw_json(connections.c.settings, weight=1_300),
        "hasSecret": flag(connections.c.secret_sealed.is_not(None)),
        "createdAt": time(connections.c.created_at),
    },
    relations={
        "banks": Many("Bank", "connection_id", order=Sort(("label",))),
    },
    order=Sort(("name",)),
    visible=account_visible,
)

EXTENSIONS = [Extension("Compartment", relations={"commands": Many("Command", "compartment_id")})]
