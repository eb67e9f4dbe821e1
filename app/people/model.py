"""Words of people."""

from enum import StrEnum


class PersonKind(StrEnum):
    RECIPIENT = "RECIPIENT"
    DEPARTMENT = "DEPARTMENT"
    DEPOSITOR = "DEPOSITOR"
    SENDER = "SENDER"
