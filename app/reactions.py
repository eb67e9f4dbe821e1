"""Fact -> who reacts: the wiring diagram of the product. Each reaction runs at least once, apart from all others."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from app.access import service as access
from app.alarms import service as alarms
from app.books import service as books
from app.codes import service as codes
from app.devices import service as devices
from app.handover import service as handover
from app.kit.reacting import Reaction
from app.kit.streams import Sequenced
from tenants.audit.model import Entry
from tenants.model import AuditOutcome
from tenants.work import Context, Work

# Safe to run twice for one fact. Takes part in one transaction that the runner begins and ends.
React = Callable[[Work, Sequenced], Awaitable[None]]
# A door to a tenant's data for the product's own acts.
System = Callable[[UUID], Context]

REACTIONS: Mapping[str, tuple[React, ...]] = {
    "BankDiffers": (alarms.on_bank,),
    "BankReachable": (alarms.on_bank, books.on_bank),
    "BankRecognised": (alarms.on_bank,),
    "BankUnreachable": (alarms.on_bank,),
    "CommandAccepted": (access.on_opening, books.on_books, codes.on_deposit, handover.on_books, alarms.on_command),
    "CommandDoorClosed": (access.on_opening, alarms.on_inside),
    "CommandDoorOpened": (access.on_opening, alarms.on_command),
    "CommandExpired": (access.on_opening, books.on_books, handover.on_books, alarms.on_command),
    "CommandFailed": (access.on_opening, books.on_books, handover.on_books, alarms.on_command),
    "CommandUnconfirmed": (access.on_opening, alarms.on_command),
    "DoorClosed": (alarms.on_door,),
    "DoorOpened": (alarms.on_door,),
    "FilledAfterRelease": (alarms.on_filled,),
    "GrantRevoked": (devices.on_grant, handover.on_grant),
    "GrantSuspended": (devices.on_grant, handover.on_grant),
    "ItemChanged": (alarms.on_inside,),
    "StatusUnderstood": (alarms.on_bank,),
    "StatusUnmapped": (alarms.on_bank,),
    "PickupCodeMissing": (alarms.on_stay,),
    "StayDeposited": (alarms.on_stay,),
    "StayExtended": (handover.on_extended,),
    "StayHeld": (handover.on_held,),
    "StayReleased": (alarms.on_stay,),
    "UnitFoundFree": (books.on_unit_found_free,),
    "UnitGivenBack": (alarms.on_inside,),
    "UnitWithheld": (alarms.on_inside,),
    "UnitWordChanged": (handover.on_word,),
    "VendorUntold": (alarms.on_stay,),
}


def reactions(system: System) -> list[Reaction]:
    """The diagram, read the other way round: one reaction a function, with every kind it wants."""
    kinds: dict[React, set[str]] = {}
    for kind, functions in REACTIONS.items():
        for function in functions:
            kinds.setdefault(function, set()).add(kind)
    return [Reaction(name_of(each), frozenset(wanted), _in_work(each, system)) for each, wanted in kinds.items()]


def name_of(function: React) -> str:
    """`access.on_opening`: kept with the cursor, so moving a function to another module starts it anew."""
    *_, module, _file = function.__module__.split(".")
    return f"{module}.{function.__name__}"


def _in_work(function: React, system: System) -> Callable[[Sequenced], Awaitable[None]]:
    async def react(fact: Sequenced) -> None:
        async with system(fact.tenant_id).begin() as work:
            await function(work, fact)

    return react


def park(system: System) -> Callable[[Reaction, Sequenced, Exception], Awaitable[None]]:
    """Puts on record, in the tenant's own log, that a reaction gave a fact up, to be found there and done by hand."""

    async def record(reaction: Reaction, fact: Sequenced, error: Exception) -> None:
        gave_up = {"reaction": reaction.name, "sequence": fact.sequence, "kind": fact.kind}
        entry = Entry(
            "reaction:park", "Event", fact.id, fact.site_id, outcome=AuditOutcome.FAILED,
            reason="A reaction failed every time.", details={**gave_up, "error": type(error).__name__},
        )  # fmt: skip
        async with system(fact.tenant_id).begin() as work:
            work.audit(entry)

    return record
