"""Subscription fields as data: the facts each one speaks of, whose JSON they call for, and the permission it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from app.kit.streams import Sequenced
from tenants.policy import Permission


@dataclass(frozen=True, slots=True)
class Live:
    """One subscription field. `subject` says whose JSON a fact calls for, None when it is not about it at all."""

    union: str
    message: str
    member: str
    type: str
    permission: Permission
    subject: Callable[[Sequenced], UUID | None]
    # argument -> (type of id, what of a fact must equal it)
    ids: Mapping[str, tuple[str, Callable[[Sequenced], UUID | None]]]
    # Two who may see the same otherwise may each see only their own of this.
    personal: bool = False


def _site(fact: Sequenced) -> UUID | None:
    return fact.site_id


def _bank(fact: Sequenced) -> UUID | None:
    return fact.bank_id


def _own(type_name: str) -> Callable[[Sequenced], UUID | None]:
    return lambda fact: fact.subject_id if fact.subject_type == type_name else None


def _compartment(fact: Sequenced) -> UUID | None:
    if fact.subject_type == "Compartment":
        return fact.subject_id
    return fact.uuid("compartment_id") if fact.subject_type in ("Stay", "Command") else None


def _fact(fact: Sequenced) -> UUID | None:
    return fact.id


_SITE = {"siteId": ("Site", _site)}
_BANK = {"bankId": ("Bank", _bank)}
P = Permission

FIELDS: dict[str, Live] = {
    "alarms": Live("AlarmsMessage", "AlarmEvent", "alarm", "Alarm", P.ALARM_READ, _own("Alarm"), _SITE),
    "events": Live("EventsMessage", "FactEvent", "event", "Event", P.EVENT_READ, _fact, _SITE),
    "compartments": Live(
        "CompartmentsMessage", "CompartmentEvent", "compartment", "Compartment", P.SITE_READ, _compartment,
        _SITE | _BANK,
    ),
    "commands": Live(
        "CommandsMessage", "CommandEvent", "command", "Command", P.COMMAND_READ, _own("Command"),
        _BANK | {"commandId": ("Command", _own("Command"))},
    ),
    "exports": Live(
        "ExportsMessage", "ExportEvent", "export", "Export", P.EXPORT_READ, _own("Export"),
        {"exportId": ("Export", _own("Export"))}, personal=True,
    ),
}  # fmt: skip
