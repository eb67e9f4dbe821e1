"""Words of exports."""

from enum import StrEnum


class ExportKind(StrEnum):
    AUDIT = "AUDIT"
    STAYS = "STAYS"


class ExportFormat(StrEnum):
    CSV = "CSV"
    NDJSON = "NDJSON"


class ExportState(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
