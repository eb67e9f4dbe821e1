"""The life of a parcel."""

from enum import StrEnum


class ParcelState(StrEnum):
    ANNOUNCED = "ANNOUNCED"
    ALLOCATED = "ALLOCATED"
    IN_LOCKER = "IN_LOCKER"
    COLLECTED = "COLLECTED"
    RETURNED = "RETURNED"
    REMOVED = "REMOVED"
    MISSING = "MISSING"


FINAL = frozenset({ParcelState.COLLECTED, ParcelState.RETURNED, ParcelState.REMOVED, ParcelState.MISSING})
