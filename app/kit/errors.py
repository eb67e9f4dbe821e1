"""What the core may answer instead of doing it. Drawn as a tree; each says whether trying again helps.

LockyardError
├── NotFound      no such thing, or outside your scope (they look the same): no
├── Denied        you may see it but not do this; carries the rules that failed: no, ask for the right
├── Rejected      the world does not allow it now (full, wrong state, …): later, or differently
├── Conflict      the idempotency key was used for another request, or is in flight: with another key / in a moment
└── Invalid       the input cannot be right; names the field: no, correct it
"""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a request was rejected. Closed list; the API's RejectionReason."""

    ALREADY_ACKNOWLEDGED = "ALREADY_ACKNOWLEDGED"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    BANK_UNREACHABLE = "BANK_UNREACHABLE"
    COMMAND_PENDING = "COMMAND_PENDING"
    COMPARTMENT_UNAVAILABLE = "COMPARTMENT_UNAVAILABLE"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    NO_FREE_COMPARTMENT = "NO_FREE_COMPARTMENT"
    OUT_OF_SERVICE = "OUT_OF_SERVICE"
    QUOTA_REACHED = "QUOTA_REACHED"
    STAY_EXPIRED = "STAY_EXPIRED"
    STAY_NOT_OPEN = "STAY_NOT_OPEN"
    STILL_IN_USE = "STILL_IN_USE"
    TOO_LATE = "TOO_LATE"
    WRONG_PICKUP_CODE = "WRONG_PICKUP_CODE"
    WRONG_STATE = "WRONG_STATE"


@dataclass(frozen=True, slots=True)
class FailedRule:
    """One rule of a decision that did not hold. Never says anything about what the caller may not see."""

    rule: str
    expected: str
    actual: str


class LockyardError(Exception):
    """Base of every expected refusal. `path` names the input field, empty when none is to blame."""

    def __init__(self, message: str, *, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


class NotFound(LockyardError):  # noqa: N818 - an answer, not a fault
    """Outside the caller's scope or not existing: the same words for both."""


class Denied(LockyardError):  # noqa: N818 - an answer, not a fault
    """The caller may see it but may not do this."""

    def __init__(self, message: str, *, permission: str, failed: tuple[FailedRule, ...] = ()) -> None:
        super().__init__(message)
        self.permission = permission
        self.failed = failed


class Rejected(LockyardError):  # noqa: N818 - an answer, not a fault
    """The state of the world does not allow it now."""

    def __init__(self, reason: Reason, message: str, *, path: tuple[str, ...] = ()) -> None:
        super().__init__(message, path=path)
        self.reason = reason


class Conflict(LockyardError):  # noqa: N818 - an answer, not a fault
    """The idempotency key belongs to another request, or its first use is still running."""


class Invalid(LockyardError):  # noqa: N818 - an answer, not a fault
    """Input that cannot be right. `path` names the field."""
