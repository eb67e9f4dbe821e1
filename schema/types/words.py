"""The enums of the schema: the core's own words, each value told."""

from typing import Any

import strawberry

from app.devices.port import Evidence
from app.kit.errors import Reason
from app.lockers.model import DoorState, Occupancy, Size, Withheld
from app.stays.model import Flow
from schema.types.hardware_meanings import HARDWARE
from schema.types.meanings import MEANINGS
from schema.types.spoken import ErrorCode, ServiceWord
from tenants.model import OrganizationKind, Role

# enum -> (its name in the schema, what it is, what each value means)
TOLD: dict[Any, tuple[str, str, dict[str, str]]] = {
    ErrorCode: (
        "ErrorCode",
        "Why a request was not carried out, in one word.",
        {
            "NOT_FOUND": "No such thing, or outside of what you may see.",
            "DENIED": "You may see it, but not do this.",
            "REJECTED": "The state of the world does not allow it now.",
            "CONFLICT": "The idempotency key belongs to another request.",
            "INVALID": "The input cannot be right.",
        },
    ),
    Reason: (
        "RejectionReason",
        "Why the state of the world does not allow it.",
        {
            "NO_FREE_COMPARTMENT": "No free compartment of that size.",
            "BANK_UNREACHABLE": "The bank does not answer.",
            "COMPARTMENT_UNAVAILABLE": "The compartment is in use, or its door is open.",
            "OUT_OF_SERVICE": "The compartment is out of service.",
            "STAY_NOT_OPEN": "The stay has ended.",
            "STAY_EXPIRED": "The stay has expired.",
            "WRONG_STATE": "The stay is not in a state that allows it.",
            "WRONG_PICKUP_CODE": "The pickup code does not match.",
            "QUOTA_REACHED": "The grant allows no more.",
            "NOT_SUPPORTED": "The hardware cannot do it.",
            "COMMAND_PENDING": "A command to this door is still under way.",
            "ALREADY_ACKNOWLEDGED": "Somebody has acknowledged the alarm before.",
            "ALREADY_EXISTS": "There is one like it already.",
            "STILL_IN_USE": "Something still depends on it.",
            "TOO_LATE": "The moment for it has passed.",
        },
    ),
    OrganizationKind: (
        "OrganizationKind",
        "What an organization is in this system.",
        {
            "OPERATOR": "Owns or manages sites.",
            "CARRIER": "Brings and fetches parcels.",
            "INTEGRATOR": "Connects other systems.",
        },
    ),
    Role: (
        "Role",
        "What a member does in its organization.",
        {
            "OWNER": "May do everything.",
            "MANAGER": "Runs its sites.",
            "AUDITOR": "Reads everything, changes nothing.",
            "CARRIER_ADMIN": "Runs a carrier.",
            "COURIER": "Delivers for a carrier.",
            "RECIPIENT": "Receives parcels.",
        },
    ),
    Size: (
        "Size",
        "The operator's size classes.",
        {
            "S": "Small.",
            "M": "Medium.",
            "L": "Large.",
            "XL": "Extra large.",
        },
    ),
    Flow: (
        "Flow",
        "In which direction a parcel moves.",
        {
            "DELIVER": "From a courier to a recipient.",
            "RETURN": "From a depositor back to a carrier.",
        },
    ),
    Evidence: (
        "Evidence",
        "How well a deposit or pickup is proven.",
        {
            "E0": "Somebody said so.",
            "E1": "The vendor acknowledged it.",
            "E2": "A credential was used at the device.",
            "E3": "The door opened and closed.",
            "E4": "Content, photo or signature.",
        },
    ),
    DoorState: (
        "Door",
        "What is known of a door.",
        {
            "CLOSED": "Seen closed.",
            "OPEN": "Seen open.",
            "UNKNOWN": "The hardware does not tell.",
        },
    ),
    ServiceWord: (
        "Service",
        "Whether a compartment can be used.",
        {
            "IN_SERVICE": "It can.",
            "OUT_OF_SERVICE": "A person took it out of service.",
            "FAULT": "The hardware is broken.",
            "UNREACHABLE": "Its bank does not answer, or tells nothing of it.",
        },
    ),
    Occupancy: (
        "Occupancy",
        "What people read on the board; computed, never stored.",
        {
            "AVAILABLE": "Free to reserve.",
            "RESERVED": "Held for a stay.",
            "OCCUPIED": "Holds a parcel.",
            "OUT_OF_SERVICE": "Free, but out of service.",
            "UNAVAILABLE": "Free, but open, not reachable, withheld, or at a bank that is not what was taken over.",
        },
    ),
    Withheld: (
        "Withheld",
        "Why a compartment is given to nobody though its bank answers.",
        {
            "SILENT": "Nothing was read of it for two polls. Given out all the same where the bank is filled blindly.",
            "TAKEN": "The vendor's books, or a sensor, have something in it, and no stay is there.",
        },
    ),
}

for _enum, (_name, _about, _values) in (TOLD | MEANINGS | HARDWARE).items():
    strawberry.enum(_enum, name=_name, description=_about)
    for _value in _enum.__strawberry_definition__.values:
        _value.description = _values[_value.name]
