"""Carrier grants as data, and the decision they yield. Default deny; grants add up; an empty selector means nothing."""

from enum import StrEnum


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
