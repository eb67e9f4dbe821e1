"""Kinds of alarm: how grave, and the action expected of a person. Condition, acknowledgement and suppression are
apart, and one word follows from them."""

from collections.abc import Iterable
from enum import StrEnum

from app.lockers.model import Service


class Severity(StrEnum):
    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class Condition(StrEnum):
    ACTIVE = "ACTIVE"
    CLEARED = "CLEARED"


class AlarmKind(StrEnum):
    AUDIT_CHAIN_BROKEN = "AUDIT_CHAIN_BROKEN"
    BANK_UNREACHABLE = "BANK_UNREACHABLE"
    CLOSED_WITHOUT_DEPOSIT = "CLOSED_WITHOUT_DEPOSIT"
    CONTROLLER_FAULT = "CONTROLLER_FAULT"
    FORCED_OPEN = "FORCED_OPEN"
    GHOST_PARCEL = "GHOST_PARCEL"
    HELD_OPEN = "HELD_OPEN"
    LATE_EVENT_AFTER_RELEASE = "LATE_EVENT_AFTER_RELEASE"
    MISSING_PARCEL = "MISSING_PARCEL"
    OPENED_WRONG_DOOR = "OPENED_WRONG_DOOR"
    OPEN_AFTER_RELEASE = "OPEN_AFTER_RELEASE"
    OPEN_FAILED = "OPEN_FAILED"
    REVOKED_CREDENTIAL_USED = "REVOKED_CREDENTIAL_USED"
    UNMAPPED_STATUS = "UNMAPPED_STATUS"


# kind -> (severity, the action expected of a person)
KINDS: dict[AlarmKind, tuple[Severity, str]] = {
    AlarmKind.AUDIT_CHAIN_BROKEN: (
        Severity.CRITICAL,
        "Stop changes, keep a copy of the database, run the audit verification.",
    ),
    AlarmKind.BANK_UNREACHABLE: (Severity.HIGH, "Check power and network at the bank."),
    AlarmKind.CLOSED_WITHOUT_DEPOSIT: (Severity.MEDIUM, "Ask the courier whether the parcel was left."),
    AlarmKind.CONTROLLER_FAULT: (Severity.HIGH, "Inspect the controller; its answers make no sense."),
    AlarmKind.FORCED_OPEN: (Severity.CRITICAL, "Go to the door: it opened without a command."),
    AlarmKind.GHOST_PARCEL: (Severity.MEDIUM, "Look inside: something is there that no record knows."),
    AlarmKind.HELD_OPEN: (Severity.HIGH, "Close the door."),
    AlarmKind.LATE_EVENT_AFTER_RELEASE: (Severity.MEDIUM, "Check the door: the device reported late."),
    AlarmKind.MISSING_PARCEL: (Severity.HIGH, "Look inside: the recorded parcel seems to be gone."),
    AlarmKind.OPENED_WRONG_DOOR: (Severity.CRITICAL, "Take the bank out of service and check its wiring."),
    AlarmKind.OPEN_AFTER_RELEASE: (Severity.HIGH, "Close the door of the released compartment."),
    AlarmKind.OPEN_FAILED: (Severity.MEDIUM, "The door did not open: free the lock or open by hand."),
    AlarmKind.REVOKED_CREDENTIAL_USED: (
        Severity.HIGH,
        "Look inside: what was called off has opened the door all the same.",
    ),
    AlarmKind.UNMAPPED_STATUS: (Severity.LOW, "The device said something unknown: pass the raw text to support."),
}


# kind -> what it becomes when it lasts: a flap is over by itself, a confirmed outage is not.
RISES: dict[AlarmKind, Severity] = {AlarmKind.BANK_UNREACHABLE: Severity.CRITICAL}


class AlarmState(StrEnum):
    """ISA-18.2 letters A, B, C, D, E, F, G, derived from condition, acknowledgement and suppression."""

    NORM = "NORM"
    UNACK = "UNACK"
    ACKED = "ACKED"
    RTNUN = "RTNUN"
    SHLVD = "SHLVD"
    DSUPR = "DSUPR"
    OOSRV = "OOSRV"


class Suppression(StrEnum):
    """Why nobody need act on an alarm although its condition stands: what it is about is out of service. Out of service
    until a set time is maintenance."""

    MAINTENANCE = "MAINTENANCE"
    OUT_OF_SERVICE = "OUT_OF_SERVICE"


SUPPRESSED: dict[Suppression, AlarmState] = {
    Suppression.MAINTENANCE: AlarmState.DSUPR,
    Suppression.OUT_OF_SERVICE: AlarmState.OOSRV,
}


def suppression(doors: Iterable[tuple[Service, bool]]) -> Suppression | None:
    """`doors`: the alarm's compartment, or without one all of its bank's; for each its service and whether an end of it
    is set. A bank is out of service when all of its doors are."""
    seen = list(doors)
    if not seen or any(service is not Service.OUT_OF_SERVICE for service, _ in seen):
        return None
    return Suppression.MAINTENANCE if all(ends for _, ends in seen) else Suppression.OUT_OF_SERVICE


def state(*, active: bool, acknowledged: bool, shelved: bool, suppressed: Suppression | None) -> AlarmState:
    """Suppression first, then condition and acknowledgement, as ISA-18.2 draws it."""
    if shelved:
        return AlarmState.SHLVD
    if active and suppressed is not None:
        return SUPPRESSED[suppressed]
    if active:
        return AlarmState.ACKED if acknowledged else AlarmState.UNACK
    return AlarmState.NORM if acknowledged else AlarmState.RTNUN
