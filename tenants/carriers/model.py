"""Carrier grants as data, and the decision they yield. Default deny; grants add up; an empty selector means nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from app.kit.errors import FailedRule
from tenants.policy import Permission


class GrantState(StrEnum):
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    REVOKED = "REVOKED"


class Operation(StrEnum):
    COLLECT_EXPIRED = "COLLECT_EXPIRED"
    COLLECT_RETURN = "COLLECT_RETURN"
    DEPOSIT = "DEPOSIT"
    REOPEN_OWN = "REOPEN_OWN"
    RESERVE = "RESERVE"
    VIEW_AVAILABILITY = "VIEW_AVAILABILITY"
    VIEW_OWN_PARCELS = "VIEW_OWN_PARCELS"


# The permission a carrier's role needs besides the grant.
PERMISSIONS: dict[Operation, Permission] = {
    Operation.COLLECT_EXPIRED: Permission.STAY_RELEASE,
    Operation.COLLECT_RETURN: Permission.STAY_RELEASE,
    Operation.DEPOSIT: Permission.STAY_DEPOSIT,
    Operation.REOPEN_OWN: Permission.COMPARTMENT_OPEN,
    Operation.RESERVE: Permission.STAY_CREATE,
    Operation.VIEW_AVAILABILITY: Permission.SITE_READ,
    Operation.VIEW_OWN_PARCELS: Permission.PARCEL_READ,
}
# From which state a change may be made, and what it leads to.
MOVES: dict[str, tuple[frozenset[GrantState], GrantState]] = {
    "suspend": (frozenset({GrantState.ACTIVE}), GrantState.SUSPENDED),
    "resume": (frozenset({GrantState.SUSPENDED}), GrantState.ACTIVE),
    "revoke": (frozenset({GrantState.ACTIVE, GrantState.SUSPENDED}), GrantState.REVOKED),
}
QUOTA_RULES = frozenset({"max_open_stays", "max_deposits_per_day"})


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of some weekdays (1 = Monday), on the wall clock of the site.

    `to` not after `start` runs past midnight and belongs to the day it began; equal means 24 hours.
    """

    days: frozenset[int]
    start: time
    to: time

    def holds(self, local: datetime) -> bool:
        """`local`: wall-clock time at the site. Hours that a clock change skips or repeats count as it shows them."""
        at, day = local.time(), local.isoweekday()
        if self.start < self.to:
            return day in self.days and self.start <= at < self.to
        yesterday = 7 if day == 1 else day - 1
        return (day in self.days and at >= self.start) or (yesterday in self.days and at < self.to)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is granted. `sites`, `banks`, `sizes`: None means ALL, an empty set means none."""

    operations: frozenset[Operation]
    sites: frozenset[UUID] | None
    banks: frozenset[UUID] | None
    sizes: frozenset[str] | None
    valid_from: datetime
    valid_to: datetime | None = None
    windows: tuple[Window, ...] = ()
    max_open_stays: int | None = None
    max_deposits_per_day: int | None = None
    max_hold_hours: int | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    id: UUID
    state: GrantState
    terms: Terms


@dataclass(frozen=True, slots=True)
class Ask:
    """What a carrier wants to do. None for `bank` or `size`: not yet chosen, no rule about it applies."""

    operation: Operation
    site: UUID
    bank: UUID | None = None
    size: str | None = None
    hold: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a grant has in use already: open stays; deposits since midnight at the site."""

    open_stays: int = 0
    deposits_today: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """`grant_id` is the grant that allows; `failed` are the rules of the grant that came nearest."""

    allow: bool
    grant_id: UUID | None = None
    failed: tuple[FailedRule, ...] = ()


NOTHING_GRANTED = FailedRule("grant", "a grant of this operator", "none")


def decide(grants: Iterable[Grant], ask: Ask, now: datetime, zone: ZoneInfo, usage: Mapping[UUID, Usage]) -> Decision:
    """Any one grant that fits in every respect allows. A grant without `usage` counts as unused."""
    nearest: tuple[FailedRule, ...] | None = None
    for grant in grants:
        failed = tuple(_failed(grant, ask, now, zone, usage.get(grant.id, Usage())))
        if not failed:
            return Decision(allow=True, grant_id=grant.id)
        if nearest is None or len(failed) < len(nearest):
            nearest = failed
    return Decision(allow=False, failed=nearest or (NOTHING_GRANTED,))


def has_quota(grant: Grant, operation: Operation) -> bool:
    """Whether the answer depends on what is in use."""
    terms = grant.terms
    limit = {Operation.RESERVE: terms.max_open_stays, Operation.DEPOSIT: terms.max_deposits_per_day}.get(operation)
    return limit is not None


def _failed(grant: Grant, ask: Ask, now: datetime, zone: ZoneInfo, usage: Usage) -> Iterable[FailedRule]:
    terms = grant.terms
    if grant.state is not GrantState.ACTIVE:
        yield FailedRule("state", GrantState.ACTIVE, grant.state)
    if ask.operation not in terms.operations:
        yield FailedRule("operation", ask.operation, ", ".join(sorted(terms.operations)) or "none")
    if terms.sites is not None and ask.site not in terms.sites:
        yield FailedRule("site", "a granted site", "another site")
    if terms.banks is not None and ask.bank is not None and ask.bank not in terms.banks:
        yield FailedRule("bank", "a granted bank", "another bank")
    if terms.sizes is not None and ask.size is not None and ask.size not in terms.sizes:
        yield FailedRule("size", ", ".join(sorted(terms.sizes)) or "none", ask.size)
    yield from _failed_times(terms, ask, now, zone)
    if ask.operation is Operation.RESERVE and _reached(usage.open_stays, terms.max_open_stays):
        yield FailedRule("max_open_stays", f"fewer than {terms.max_open_stays}", str(usage.open_stays))
    if ask.operation is Operation.DEPOSIT and _reached(usage.deposits_today, terms.max_deposits_per_day):
        yield FailedRule("max_deposits_per_day", f"fewer than {terms.max_deposits_per_day}", str(usage.deposits_today))


def _failed_times(terms: Terms, ask: Ask, now: datetime, zone: ZoneInfo) -> Iterable[FailedRule]:
    if now < terms.valid_from:
        yield FailedRule("valid_from", f"from {terms.valid_from.isoformat()}", now.isoformat())
    if terms.valid_to is not None and now >= terms.valid_to:
        yield FailedRule("valid_to", f"before {terms.valid_to.isoformat()}", now.isoformat())
    local = now.astimezone(zone)
    if terms.windows and not any(window.holds(local) for window in terms.windows):
        yield FailedRule("window", "a granted time of the week", f"{local:%A %H:%M} {zone.key}")
    if terms.max_hold_hours is not None and ask.hold is not None and ask.hold > timedelta(hours=terms.max_hold_hours):
        hours = ask.hold / timedelta(hours=1)
        yield FailedRule("max_hold_hours", f"at most {terms.max_hold_hours} hours", f"{hours:g} hours")


def _reached(used: int, limit: int | None) -> bool:
    return limit is not None and used >= limit
