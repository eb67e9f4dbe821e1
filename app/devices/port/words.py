"""The words of the seam to hardware: what it can do, what it says, what is asked of it."""

from enum import StrEnum


class Capability(StrEnum):
    ACCESSIBLE_UNITS = "ACCESSIBLE_UNITS"
    DOOR_SENSOR = "DOOR_SENSOR"
    IDEMPOTENT_OPEN = "IDEMPOTENT_OPEN"
    ITEM_SENSOR = "ITEM_SENSOR"
    KEYPAD_CODE = "KEYPAD_CODE"
    OPENING_COUNTER = "OPENING_COUNTER"
    PARTIAL_FREE = "PARTIAL_FREE"
    PHONE_TOKENS = "PHONE_TOKENS"
    PUSH_EVENTS = "PUSH_EVENTS"
    READBACK = "READBACK"
    REMOTE_OPEN = "REMOTE_OPEN"
    RETURN_FLOW = "RETURN_FLOW"
    SERVICE_WRITE = "SERVICE_WRITE"
    VENDOR_ASSIGNS_UNIT = "VENDOR_ASSIGNS_UNIT"
    VENDOR_PICKUP_CODE = "VENDOR_PICKUP_CODE"
    VENDOR_RESERVATION = "VENDOR_RESERVATION"


class Ability(StrEnum):
    """What a bank can do now. FAILING: it has it, and it does not answer at present."""

    WORKS = "WORKS"
    FAILING = "FAILING"
    ABSENT = "ABSENT"


class Door(StrEnum):
    CLOSED = "CLOSED"
    OPEN = "OPEN"
    UNKNOWN = "UNKNOWN"


class Evidence(StrEnum):
    """E0 somebody said so, E1 the vendor acknowledged, E2 credential used, E3 door opened and closed, E4 content."""

    E0 = "E0"
    E1 = "E1"
    E2 = "E2"
    E3 = "E3"
    E4 = "E4"


class VendorWord(StrEnum):
    """What a vendor's own books say of a compartment, in the six words every vendor's flags reduce to.

    RENTED: a way in was handed out and nothing is inside yet. DECLINED: given up, and such a way in may still work.
    """

    AVAILABLE = "AVAILABLE"
    RESERVED = "RESERVED"
    RENTED = "RENTED"
    OCCUPIED = "OCCUPIED"
    DECLINED = "DECLINED"
    OUT_OF_SERVICE = "OUT_OF_SERVICE"


class AccessKind(StrEnum):
    """What a handed-out way in is good for."""

    DEPOSIT = "DEPOSIT"
    PICKUP = "PICKUP"


class OrderKind(StrEnum):
    """ISSUE_ACCESS: hand out a way in that a phone or a keypad carries to the door; nothing opens by it."""

    OPEN = "OPEN"
    RESERVE = "RESERVE"
    DEPOSIT = "DEPOSIT"
    EXTEND = "EXTEND"
    ISSUE_ACCESS = "ISSUE_ACCESS"
    RELEASE = "RELEASE"
    SET_SERVICE = "SET_SERVICE"


class Outcome(StrEnum):
    """ACCEPTED: the vendor took it (never proof of an open door). OPENED: its own sensor saw the door open."""

    ACCEPTED = "ACCEPTED"
    OPENED = "OPENED"


class PushedKind(StrEnum):
    ACCESS_ISSUED = "ACCESS_ISSUED"
    ACCESS_USED = "ACCESS_USED"
    ASSIGNED = "ASSIGNED"
    OTHER = "OTHER"


class SettingKind(StrEnum):
    BOOLEAN = "BOOLEAN"
    INTEGER = "INTEGER"
    LIST = "LIST"
    MAP = "MAP"
    SECONDS = "SECONDS"
    TEXT = "TEXT"
