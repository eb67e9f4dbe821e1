"""What is asked of hardware and what goes wrong: commands and alarms."""

from __future__ import annotations

from datetime import datetime

import strawberry

from app.alarms.model import AlarmKind, AlarmState, Condition, Severity
from app.devices.model import CommandState
from app.devices.port import AccessKind, OrderKind
from app.passes.model import PassState
from schema.types.paging import Node
from schema.types.refs import BankRef, CompartmentRef, SiteRef, StayRef
from schema.types.telling import needs, told
from tenants.policy import Permission

command = needs(Permission.COMMAND_READ)
alarm = needs(Permission.ALARM_READ)
carried = needs(Permission.STAY_READ)
secret = needs(Permission.ACCESS_CARRY)


@strawberry.input(description="Which alarms.")
class AlarmFilter:
    site_id: strawberry.ID | None = told("At this site.")
    bank_id: strawberry.ID | None = told("At this bank.")
    condition: Condition | None = told("Still so, or not any more.")
    acknowledged: bool | None = told("Those somebody acknowledged, or those nobody did.")
    kind: list[AlarmKind] | None = told("One of these kinds.")
    severity: list[Severity] | None = told("One of these severities.")
    since: datetime | None = told("Raised from this moment on.")
    until: datetime | None = told("Raised before this moment.")


@strawberry.type(description="A request to hardware. It has a life; it is never just true.")
class Command(Node):
    id: strawberry.ID = command("Opaque id.")
    kind: OrderKind = command("What is asked.")
    state: CommandState = command("Where it is in its life.")
    reason: str | None = command("Why it was asked.")
    requested_by: str = command("Who asked.")
    requested_at: datetime = command("When it was asked.")
    sent_at: datetime | None = command("When it was sent.")
    accepted_at: datetime | None = command("When the vendor took it.")
    opened_at: datetime | None = command("When the door was seen open.")
    closed_at: datetime | None = command("When the door was seen closed again.")
    settled_at: datetime | None = command("When nothing more can come of it.")
    expires_at: datetime = command("After this it is not sent any more.")
    detail: str | None = command("What the hardware said.")
    needs_person: bool = command("Whether nothing can be read back and somebody must say what happened.")
    compartment: CompartmentRef = command("To which compartment.")
    bank: BankRef = command("To which bank.")
    stay: StayRef | None = command("For which stay.")


@strawberry.type(
    description="A way in that somebody carries to a door that phones open. What opens it is shown to its holder alone,"
    " and only while it is issued."
)
class Pass(Node):
    id: strawberry.ID = carried("Opaque id.")
    kind: AccessKind = carried("What it is good for.")
    state: PassState = carried("Where it is in its life.")
    issued_at: datetime = carried("When it was handed out.")
    expires_at: datetime = carried("Until when it opens the door, by the door's own clock.")
    used_at: datetime | None = carried("When it became known that it was used.")
    payload: str | None = secret("What the phone shows to the door; opaque.")
    payload_auth: str | None = secret("What proves the payload; opaque.")
    link: str | None = secret("An address that opens the door when it is called up beside it.")
    keypad_code: str | None = secret("Digits for the keypad.")
    compartment: CompartmentRef = carried("Of which compartment.")
    bank: BankRef = carried("At which bank.")


@strawberry.type(description="A condition that needs a person.")
class Alarm(Node):
    id: strawberry.ID = alarm("Opaque id.")
    kind: AlarmKind = alarm("What is wrong.")
    severity: Severity = alarm("How grave it is.")
    condition: Condition = alarm("Whether it is still so.")
    state: AlarmState = alarm("Condition, acknowledgement and suppression in one word.")
    raised_at: datetime = alarm("When it was raised.")
    cleared_at: datetime | None = alarm("When it was over.")
    escalated_at: datetime | None = alarm("Since when it is graver than it was, because it lasts.")
    last_seen_at: datetime = alarm("When it was last noticed.")
    repeat_count: int = alarm("How often it was noticed again.")
    detail: str = alarm("What was seen.")
    expected_action: str = alarm("What is expected of a person.")
    acknowledged_at: datetime | None = alarm("When somebody took care of it.")
    acknowledged_by: str | None = alarm("Who did.")
    comment: str | None = alarm("What they wrote.")
    shelved_until: datetime | None = alarm("Until when it is put aside.")
    site: SiteRef = alarm("Where.")
    bank: BankRef | None = alarm("At which bank.")
    compartment: CompartmentRef | None = alarm("At which compartment.")
