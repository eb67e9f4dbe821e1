"""The root of all watching, and the messages that come."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import strawberry

from schema.types import lockers, record, watch
from schema.types.telling import told
from tenants.policy import Permission

ID = strawberry.ID
CURSOR = "Where to continue: pass it as `after`."
KIND = "What happened, in the past tense."


@strawberry.type(
    description="The cursor is older than what is kept: read the present state, then subscribe from `cursor`."
)
class ResyncRequiredEvent:
    cursor: str = told(CURSOR)
    message: str = told("For people.")


@strawberry.type(description="Something happened to an alarm.")
class AlarmEvent:
    cursor: str = told(CURSOR)
    kind: str = told(KIND)
    alarm: watch.Alarm = told("The alarm, as it is now.")


@strawberry.type(description="A fact was recorded.")
class FactEvent:
    cursor: str = told(CURSOR)
    event: record.Event = told("The fact.")


@strawberry.type(description="Something happened to a compartment.")
class CompartmentEvent:
    cursor: str = told(CURSOR)
    kind: str = told(KIND)
    compartment: lockers.Compartment = told("The compartment, as it is now.")


@strawberry.type(description="Something happened to a command.")
class CommandEvent:
    cursor: str = told(CURSOR)
    kind: str = told(KIND)
    command: watch.Command = told("The command, as it is now.")


@strawberry.type(description="Something happened to an export.")
class ExportEvent:
    cursor: str = told(CURSOR)
    kind: str = told(KIND)
    export: record.Export = told("The export, as it is now.")


def _named(name: str) -> Any:
    return strawberry.union(name, description="One message, or the notice that too much was missed.")


AlarmsMessage: TypeAlias = Annotated[AlarmEvent | ResyncRequiredEvent, _named("AlarmsMessage")]
EventsMessage: TypeAlias = Annotated[FactEvent | ResyncRequiredEvent, _named("EventsMessage")]
CompartmentsMessage: TypeAlias = Annotated[CompartmentEvent | ResyncRequiredEvent, _named("CompartmentsMessage")]
CommandsMessage: TypeAlias = Annotated[CommandEvent | ResyncRequiredEvent, _named("CommandsMessage")]
ExportsMessage: TypeAlias = Annotated[ExportEvent | ResyncRequiredEvent, _named("ExportsMessage")]

START: dict[str, Any] = {
    "after": (
        str | None,
        "Replay what came after this `cursor` of a message or of an Event, then go on live; from now on when left out.",
    ),
    "first": (int | None, "End after this many messages."),
}
SITE = (ID | None, "Only at this site.")
BANK = (ID | None, "Only at this bank.")


@strawberry.type(
    description=(
        "Everything that can be watched. Each starts at `after` (replay, then live; no gap, no duplicate), or now."
    )
)
class Subscription:
    alarms: AlarmsMessage = told("Alarms.", Permission.ALARM_READ, site_id=SITE, **START)
    events: EventsMessage = told(
        "Facts.", Permission.EVENT_READ, site_id=SITE, kind=(list[str] | None, "Only these kinds."), **START
    )
    compartments: CompartmentsMessage = told(
        "Doors and occupancy.", Permission.SITE_READ, bank_id=BANK, site_id=SITE, **START
    )
    commands: CommandsMessage = told(
        "Commands.", Permission.COMMAND_READ, command_id=(ID | None, "Only this command."), bank_id=BANK, **START
    )
    exports: ExportsMessage = told(
        "Exports.", Permission.EXPORT_READ, export_id=(ID | None, "Only this export."), **START
    )
