"""What Pitney answered, in our words."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from adapters.payload import WrongShape, optional, shaped
from adapters.pitney import wire
from app.devices.port import BankState, ContractBroken, Door, Order, OrderKind, Outcome, Receipt, Unit, Unmapped

# The vendor's size word -> ours.
Sizes = Mapping[str, str]


def state(bank: wire.BankObject, sizes: Sizes) -> BankState:
    now = datetime.now(UTC)
    return BankState(
        id=bank.bank,
        name=bank.name,
        location=bank.location,
        units=tuple(unit(each, sizes, now) for each in bank.units),
        observed_at=now,
        unmapped=tuple(_unmapped(bank, sizes)),
    )


def _unmapped(bank: wire.BankObject, sizes: Sizes) -> Iterator[Unmapped]:
    fields: dict[str, str] = {}
    for each in bank.units:
        if each.size is not None and each.size not in sizes:
            yield Unmapped(each.unit, "size", wire.short(each.size))
        for name, kind in each.strange.items():
            fields.setdefault(name, kind)
    # Once for the bank, at its first unit: a field more is no fault of each of them, and without a unit it would mean
    # that one could not be read.
    for name, kind in sorted(fields.items()):
        yield Unmapped(bank.units[0].unit, name, kind)
    for raw in bank.broken:
        yield Unmapped(None, "unit", raw)


def unit(each: wire.UnitObject, sizes: Sizes, now: datetime) -> Unit:
    return Unit(
        id=each.unit,
        door=Door.UNKNOWN,
        observed_at=now,
        label=each.unit,
        size=sizes.get(each.size) if each.size else None,
        accessible=each.accessible,
        in_service=each.in_service,
        reserved=each.reserved,
        occupied=each.occupied,
        parcels=each.parcels,
        deposited=each.deposited,
        deposit_expires_at=each.expires_at if each.deposited else None,
        flags=each.raw,
    )


def reserved(bank: str, answer: Any, sizes: Sizes) -> tuple[Unit, ...]:
    """Units of that bank. Raises ContractBroken for an answer about another: there is a unit of that number too."""
    found = shaped(wire.reserved_units, answer)
    if any(each.bank not in {None, bank} for each in found):
        raise ContractBroken(f"asked about bank {bank}, the answer is about another")
    now = datetime.now(UTC)
    return tuple(unit(each, sizes, now) for each in found)


def filled(order: Order, found: Unit) -> bool:
    """Whether something of the order's was put in that we know nothing of. A unit that is full of nobody knows what may
    hold it; parcels of others that are named stay in the books when ours go."""
    inside = found.deposited or ()
    ours = any(each.tracking in inside for each in order.parcels)
    return order.deposited is False and (ours or (found.occupied is True and not inside))


def receipt(order: Order, answer: Mapping[str, Any]) -> Receipt:
    """Never OPENED: the vendor's word is no door sensor. An answer about another unit is no answer to this order, and
    a pickup code in it is somebody else's."""
    for name, asked in (("lockerBankId", order.bank), ("lockerUnitId", order.unit)):
        echoed = optional(answer, name, str)
        if echoed is not None and echoed != asked:
            raise WrongShape("it is about another unit")
    code = None
    if order.kind is OrderKind.DEPOSIT and wire.contact_kind(order.contact_kind) == "recipient":
        code = optional(answer, "pickupCode", str)
    released = None
    if order.kind is OrderKind.RELEASE:
        still = optional(answer, "unitReserved", bool)
        # Older versions of this answer lack the flag.
        released = None if still is None else not still
    return Receipt(
        outcome=Outcome.ACCEPTED,
        pickup_code=code,
        deposit_expires_at=wire.moment(answer, "depositExpiryTime"),
        released=released,
    )
