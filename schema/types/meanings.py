"""What the words of stays, parcels, alarms and the record mean."""

from typing import Any

from app.alarms.model import AlarmKind, AlarmState, Condition, Severity
from app.devices.model import Finding
from app.devices.port import AccessKind
from app.parcels.model import ParcelState
from app.passes.model import PassState
from app.people.model import PersonKind
from app.reports.model import ExportFormat, ExportKind, ExportState
from app.stays.model import State, StayOutcome
from schema.types.spoken import ServiceChange, SiteSortKey, SortDirection, StaySortKey
from tenants.carriers.model import GrantState, Operation
from tenants.model import AuditOutcome

# enum -> (its name in the schema, what it is, what each value means)
MEANINGS: dict[Any, tuple[str, str, dict[str, str]]] = {
    State: (
        "StayState",
        "The life of a stay.",
        {
            "QUEUED": "Waits for a free compartment.",
            "HELD": "A compartment is set aside.",
            "ACCESS_ISSUED": "A credential to deposit is out.",
            "DEPOSITING": "The door is open for the deposit.",
            "DEPOSITED": "The parcel is inside.",
            "COLLECTING": "The door is open for the pickup.",
            "REVOKING": "Cancelled while a credential may still work.",
            "RELEASED": "Ended; the compartment is free.",
        },
    ),
    StayOutcome: (
        "StayOutcome",
        "How a stay ended.",
        {
            "COLLECTED": "Its recipient took it.",
            "COLLECTED_BY_CARRIER": "The carrier took it.",
            "RETURNED_TO_SENDER": "It goes back to its sender.",
            "REMOVED_BY_STAFF": "Staff took it out.",
            "CANCELLED": "Cancelled before a deposit.",
            "EXPIRED_UNUSED": "Nobody came to deposit.",
            "NO_FIT": "The parcel did not fit.",
            "ABANDONED_RECORD": "The record was given up.",
            "UNKNOWN_RELEASE": "Found free, nobody knows why.",
        },
    ),
    ParcelState: (
        "ParcelState",
        "The life of a parcel.",
        {
            "ANNOUNCED": "Its number is known.",
            "ALLOCATED": "A compartment is set aside for it.",
            "IN_LOCKER": "It is inside.",
            "COLLECTED": "Its recipient has it.",
            "RETURNED": "It went back.",
            "REMOVED": "Staff took it out.",
            "MISSING": "It should be there and is not.",
        },
    ),
    PersonKind: (
        "PersonKind",
        "What a person is to a parcel.",
        {
            "RECIPIENT": "Receives parcels.",
            "DEPARTMENT": "Receives for its members.",
            "DEPOSITOR": "Puts parcels in.",
            "SENDER": "Sends parcels.",
        },
    ),
    AccessKind: (
        "AccessKind",
        "What a pass is good for.",
        {"DEPOSIT": "To put a parcel in.", "PICKUP": "To take a parcel out."},
    ),
    PassState: (
        "PassState",
        "The life of a pass.",
        {
            "ISSUED": "Its holder has it.",
            "USED": "It has opened the door.",
            "EXPIRED": "Its time is over.",
            "REVOKE_PENDING": "Called off; the door may not have heard of it yet.",
            "REVOKED": "Called off; it opens nothing.",
        },
    ),
    Finding: (
        "CommandFinding",
        "What a person found out about a command.",
        {
            "DOOR_OPENED": "The door opened, and is shut again.",
            "DID_NOT_OPEN": "The door did not open.",
            "TOOK_EFFECT": "The vendor's books say what was asked.",
            "NO_EFFECT": "The vendor's books know nothing of it.",
        },
    ),
    AlarmKind: (
        "AlarmKind",
        "What is wrong.",
        {
            "HELD_OPEN": "A door stays open too long.",
            "FORCED_OPEN": "A door opened without a command.",
            "OPEN_FAILED": "A door did not open.",
            "REVOKED_CREDENTIAL_USED": "What was called off has opened a door.",
            "OPENED_WRONG_DOOR": "Another door opened.",
            "CLOSED_WITHOUT_DEPOSIT": "A door closed and nothing was left.",
            "OPEN_AFTER_RELEASE": "A released compartment stands open.",
            "GHOST_PARCEL": "Something is inside that no record knows.",
            "MISSING_PARCEL": "A recorded parcel is gone.",
            "BANK_UNREACHABLE": "A bank does not answer.",
            "CONTROLLER_FAULT": "A controller makes no sense.",
            "UNMAPPED_STATUS": "A device said something unknown.",
            "LATE_EVENT_AFTER_RELEASE": "A device reported late, after the release.",
            "AUDIT_CHAIN_BROKEN": "The record does not hold together.",
        },
    ),
    Severity: (
        "AlarmSeverity",
        "How grave an alarm is.",
        {
            "CRITICAL": "Go there now.",
            "HIGH": "Act today.",
            "MEDIUM": "Look into it.",
            "LOW": "Good to know.",
        },
    ),
    Condition: (
        "AlarmCondition",
        "Whether what is wrong is still so.",
        {
            "ACTIVE": "It is.",
            "CLEARED": "It is not any more.",
        },
    ),
    AlarmState: (
        "AlarmState",
        "The states of ISA-18.2, by their letters.",
        {
            "NORM": "A: cleared and acknowledged.",
            "UNACK": "B: active, nobody acknowledged it.",
            "ACKED": "C: active and acknowledged.",
            "RTNUN": "D: cleared, nobody acknowledged it.",
            "SHLVD": "E: shelved by a person.",
            "DSUPR": "F: active, but its compartment or bank is under maintenance: out of service until a set time.",
            "OOSRV": "G: active, but its compartment or bank is out of service.",
        },
    ),
    GrantState: (
        "GrantState",
        "Whether a grant gives rights.",
        {
            "ACTIVE": "It does.",
            "SUSPENDED": "Not for now.",
            "REVOKED": "Never again.",
        },
    ),
    Operation: (
        "GrantOperation",
        "What a grant lets a carrier do.",
        {
            "VIEW_AVAILABILITY": "See which compartments are free.",
            "VIEW_OWN_PARCELS": "See its own parcels.",
            "RESERVE": "Reserve compartments.",
            "DEPOSIT": "Deposit parcels.",
            "REOPEN_OWN": "Open a door of its own again.",
            "COLLECT_RETURN": "Fetch returns.",
            "COLLECT_EXPIRED": "Fetch what was not picked up.",
        },
    ),
    AuditOutcome: (
        "AuditOutcome",
        "How an act ended.",
        {
            "DONE": "It was done.",
            "FAILED": "It was tried and failed.",
            "DENIED": "It was refused.",
        },
    ),
    ExportKind: ("ExportKind", "What an export holds.", {"AUDIT": "Audit entries.", "STAYS": "Stays."}),
    ExportFormat: (
        "ExportFormat",
        "How an export is written.",
        {
            "CSV": "Comma-separated values.",
            "NDJSON": "One JSON object a line.",
        },
    ),
    ExportState: (
        "ExportState",
        "The life of an export.",
        {
            "QUEUED": "Waits for its turn.",
            "RUNNING": "Is being written.",
            "DONE": "Ready for download.",
            "FAILED": "Did not succeed.",
            "EXPIRED": "Its file is gone.",
        },
    ),
    SortDirection: ("SortDirection", "Which end comes first.", {"ASC": "The smallest.", "DESC": "The largest."}),
    SiteSortKey: (
        "SiteSortKey",
        "What sites are sorted by.",
        {
            "NAME": "Their names.",
            "CITY": "Their cities.",
            "CREATED_AT": "When they were added.",
        },
    ),
    StaySortKey: (
        "StaySortKey",
        "What stays are sorted by.",
        {
            "CREATED_AT": "When they began.",
            "EXPIRES_AT": "When their reservation ends.",
        },
    ),
    ServiceChange: (
        "ServiceChange",
        "What a person may set.",
        {
            "IN_SERVICE": "It can be used.",
            "OUT_OF_SERVICE": "It must not be used.",
        },
    ),
}
