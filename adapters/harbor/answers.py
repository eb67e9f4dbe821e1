"""What the vendor's answers say, in our words. No I/O."""

from collections.abc import Iterable
from datetime import datetime

from adapters.harbor import wire
from adapters.harbor.settings import LINK_LIFE, Options
from adapters.payload import WrongShape
from app.devices.port import Access, AccessKind, BankState, Door, Order, Outcome, Receipt, Unit, Unmapped
from app.devices.port import VendorWord as W


def state(
    bank: str,
    lockers: Iterable[wire.LockerObject],
    broken: Iterable[str],
    options: Options,
    now: datetime,
    place: wire.LocationObject | None = None,
) -> BankState:
    strange, units = [], []
    for each in lockers:
        units.append(_unit(each, options, now))
        if each.word is None:
            strange.append(Unmapped(each.id, "status", wire.short(each.status)))
        if each.type is not None and wire.normal(each.type) not in options.sizes:
            strange.append(Unmapped(each.id, "type", wire.short(each.type)))
    return BankState(
        id=bank,
        units=tuple(units),
        observed_at=now,
        name=place.name if place else None,
        location=str(place.id) if place else None,
        unmapped=(*strange, *(Unmapped(None, "locker", raw) for raw in broken)),
    )


def _unit(each: wire.LockerObject, options: Options, now: datetime) -> Unit:
    """Flags follow from the word. Out of service means assigned to nobody, not empty: then they say nothing."""
    word = each.word
    tells = word not in {None, W.OUT_OF_SERVICE}
    return Unit(
        id=each.id,
        door=Door.UNKNOWN,
        observed_at=now,
        label=each.name,
        size=options.sizes.get(wire.normal(each.type)) if each.type else None,
        accessible=each.low,
        in_service=None if word is None else word is not W.OUT_OF_SERVICE,
        reserved=word in {W.RESERVED, W.RENTED, W.DECLINED} if tells else None,
        occupied=word is W.OCCUPIED if tells else None,
        word=word,
        flags={"status": each.status, "type": each.type},
    )


def linked(order: Order, tower: str, request: wire.OpenRequest, made: datetime) -> Receipt:
    """Good for five minutes from when it was made, whatever was asked.

    Raises WrongShape for an answer about another door.
    """
    kind = order.access or AccessKind.DEPOSIT
    if request.tower not in {None, tower}:
        raise WrongShape("it is about another tower")
    if kind is AccessKind.PICKUP and request.locker not in {None, order.unit}:
        raise WrongShape("it is about another locker")
    if kind is AccessKind.DEPOSIT and request.locker is None:
        raise WrongShape("it does not say which locker was picked")
    access = Access(kind, made + LINK_LIFE, request.id, link=request.link, keypad_code=request.keypad_code)
    return Receipt(Outcome.ACCEPTED, unit=request.locker or order.unit, access=access)
