"""What reading back says of a command whose answer is missing. No I/O, no clock of its own."""

from datetime import timedelta
from enum import Enum, auto

from app.devices.model import Command
from app.devices.port import OrderKind, Unit, VendorWord
from app.orders.model import Known, Watch, trackings_of

# Between two looks longer apart than this a door may have opened and shut unseen.
BLIND = timedelta(seconds=1.5)


class Verdict(Enum):
    """What reading back says of a command whose answer is missing."""

    WAIT = auto()
    HAPPENED = auto()
    DID_NOT = auto()
    UNKNOWN = auto()


def verdict_on_open(
    watch: Watch, known: Known, now: float, settle: timedelta, *, counter: bool, sensor: bool
) -> Verdict:
    """Of an OPEN. Settled by the difference of opening counts noted before sending, never by timestamps."""
    seen = watch.command.seen_openings
    if sensor and seen is not None and known.openings > seen:
        return Verdict.HAPPENED
    if now - watch.sent < settle.total_seconds():
        return Verdict.WAIT
    unbroken = not watch.blind and watch.gap <= BLIND.total_seconds()
    if sensor and seen is not None and (counter or unbroken):
        return Verdict.DID_NOT
    return Verdict.UNKNOWN


# What is about parcels by name, and can be settled by looking one of them up.
BY_PARCEL = frozenset({OrderKind.RESERVE, OrderKind.DEPOSIT, OrderKind.RELEASE})


def verdict_on_parcels(command: Command, found: Unit | None, unit: str) -> Verdict:
    """Of an order to a vendor's books that can be asked for a parcel. `found`: where they have one of the order's;
    `unit`: where it should be. That something is in the compartment proves nothing: it may be another parcel."""
    here = found if found is not None and found.id == unit else None
    if command.kind is OrderKind.DEPOSIT:
        happened = here is not None and _put_in(command, here) is True
    else:
        happened = (here is not None) is (command.kind is OrderKind.RESERVE)
    return Verdict.HAPPENED if happened else Verdict.DID_NOT


def _put_in(command: Command, unit: Unit) -> bool | None:
    """Whether every parcel of a deposit is inside; None where the vendor does not tell which are."""
    if unit.deposited is None:
        return False if unit.occupied is False else None
    return set(trackings_of(command)) <= set(unit.deposited)


def verdict_on_books(command: Command, unit: Unit | None) -> Verdict:
    """Of an order to a vendor's books, by what the books say of the compartment now."""
    if command.kind is OrderKind.RESERVE:
        found = unit.reserved if unit else None
    elif command.kind is OrderKind.DEPOSIT:
        found = _put_in(command, unit) if unit else None
    elif command.kind is OrderKind.RELEASE and unit is not None and unit.word is not None:
        # Given up is as far as a release goes while something handed out may still be used.
        found = unit.word in {VendorWord.AVAILABLE, VendorWord.DECLINED}
    elif command.kind is OrderKind.RELEASE and (named := trackings_of(command)):
        found = None if unit is None else set(named).isdisjoint(unit.parcels)
    elif command.kind is OrderKind.RELEASE:
        found = None if unit is None or unit.reserved is None else not (unit.reserved or unit.occupied)
    elif command.kind is OrderKind.SET_SERVICE:
        found = (
            None if unit is None or unit.in_service is None else unit.in_service is command.parameters.get("in_service")
        )
    else:
        # Extending twice does no harm: as good as not having happened.
        found = False
    if found is None:
        return Verdict.UNKNOWN
    return Verdict.HAPPENED if found else Verdict.DID_NOT


def verdict_on_placement(command: Command, unit: str | None) -> Verdict:
    """Of a reservation or its end, at a vendor that finds them by our own id. `unit`: where it has it, if anywhere."""
    return Verdict.HAPPENED if (unit is not None) is (command.kind is OrderKind.RESERVE) else Verdict.DID_NOT
