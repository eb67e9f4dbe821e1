"""Words that only the schema speaks: its own enums."""

from enum import StrEnum


class ErrorCode(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    DENIED = "DENIED"
    REJECTED = "REJECTED"
    CONFLICT = "CONFLICT"
    INVALID = "INVALID"


class SortDirection(StrEnum):
    ASC = "ASC"
    DESC = "DESC"


class SiteSortKey(StrEnum):
    NAME = "NAME"
    CITY = "CITY"
    CREATED_AT = "CREATED_AT"


class StaySortKey(StrEnum):
    CREATED_AT = "CREATED_AT"
    EXPIRES_AT = "EXPIRES_AT"


class ServiceChange(StrEnum):
    IN_SERVICE = "IN_SERVICE"
    OUT_OF_SERVICE = "OUT_OF_SERVICE"


class ServiceWord(StrEnum):
    """The stored word, and UNREACHABLE while the bank does not answer or tells nothing of it."""

    IN_SERVICE = "IN_SERVICE"
    OUT_OF_SERVICE = "OUT_OF_SERVICE"
    FAULT = "FAULT"
    UNREACHABLE = "UNREACHABLE"
