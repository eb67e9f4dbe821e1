"""What the words of vendors, their hardware and what is asked of it mean."""

from typing import Any

from app.devices.model import CommandState
from app.devices.port import Ability, OrderKind, SettingKind
from app.openings.model import OpeningState
from app.vendors.model import DifferenceKind, SurveyState

# enum -> (its name in the schema, what it is, what each value means)
HARDWARE: dict[Any, tuple[str, str, dict[str, str]]] = {
    OpeningState: (
        "OpeningState",
        "How far a request to open several doors is.",
        {
            "PENDING": "A second person has to decide.",
            "APPROVED": "Approved; the doors were commanded to open.",
            "REJECTED": "Rejected, or taken back; nothing opened.",
            "EXPIRED": "Nobody decided in time; nothing opened.",
        },
    ),
    SettingKind: (
        "SettingKind",
        "What a field of an account holds.",
        {
            "BOOLEAN": "Yes or no.",
            "INTEGER": "A whole number.",
            "LIST": "A list.",
            "MAP": "Names with values.",
            "SECONDS": "A time in seconds.",
            "TEXT": "A text.",
        },
    ),
    SurveyState: (
        "SurveyState",
        "How far a survey is.",
        {
            "WAITING": "Asked for.",
            "RUNNING": "The vendor is being asked.",
            "READY": "Answered.",
            "FAILED": "Not answered; `problem` says why.",
        },
    ),
    DifferenceKind: (
        "DifferenceKind",
        "In what a vendor and our record disagree.",
        {
            "ADDED": "The vendor has a unit that we do not know.",
            "GONE": "We have a door that the vendor does not know.",
            "LABEL": "What stands on the door.",
            "SIZE": "The size.",
            "ACCESSIBLE": "Whether it can be reached from a wheelchair.",
            "OCCUPIED": "The vendor has it in use, and we do not.",
            "EMPTY": "We have it in use, and the vendor does not.",
            "SERVICE": "Whether it can be used.",
            "LIKENESS": "What the unit tells otherwise than when the bank was taken over; our record does not keep it.",
        },
    ),
    OrderKind: (
        "CommandKind",
        "What is asked of the hardware.",
        {
            "OPEN": "Open the door.",
            "RESERVE": "Set the compartment aside.",
            "DEPOSIT": "Note a deposit.",
            "EXTEND": "Keep it longer.",
            "ISSUE_ACCESS": "Hand out a way in that a phone or a keypad carries to the door.",
            "RELEASE": "Free the compartment.",
            "SET_SERVICE": "Change its service state.",
        },
    ),
    CommandState: (
        "CommandState",
        "The life of a command.",
        {
            "REQUESTED": "Not sent yet.",
            "SENT": "Sent, not answered yet.",
            "ACCEPTED": "The vendor took it.",
            "DOOR_OPENED": "The door was seen open.",
            "DOOR_CLOSED": "The door was seen closed again.",
            "FAILED": "It did not happen.",
            "EXPIRED": "Too late to send.",
            "UNCONFIRMED": "Nobody knows whether it happened; it is being found out.",
        },
    ),
    Ability: (
        "Ability",
        "What a bank can do now.",
        {
            "WORKS": "It has it and it works.",
            "FAILING": "It has it and it does not answer at present.",
            "ABSENT": "It does not have it.",
        },
    ),
}
