"""Words of exports, and who may have which."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.kit.ids import global_id, parse_global_id
from tenants.policy import Permission

# The columns and keys of exported rows; a change that a reader could trip over makes it another one.
VERSION = 1


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


# Besides export:create, what is exported must be readable.
NEEDED: dict[ExportKind, Permission] = {
    ExportKind.AUDIT: Permission.AUDIT_READ,
    ExportKind.STAYS: Permission.STAY_READ,
}
MEDIA_TYPES = {ExportFormat.CSV: "text/csv; charset=utf-8", ExportFormat.NDJSON: "application/x-ndjson"}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows: `since` included, `until` not; by the time of the act, or of the stay's beginning."""

    site_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    actions: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Leaves nothing out."""
        return self == Filter()

    def public(self) -> dict[str, Any]:
        """As it is stored and shown: only what is set, ids and times as the API writes them."""
        return {
            name: value
            for name, value in (
                ("siteId", self.site_id and global_id("Site", self.site_id)),
                ("since", self.since and written(self.since)),
                ("until", self.until and written(self.until)),
                ("action", list(self.actions)),
            )
            if value
        }

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> "Filter":
        """From the stored form."""
        site = parse_global_id(given["siteId"]) if "siteId" in given else None
        since, until = (datetime.fromisoformat(given[name]) if name in given else None for name in ("since", "until"))
        return cls(site[1] if site else None, since, until, tuple(given.get("action", ())))


@dataclass(frozen=True, slots=True)
class CreateExport:
    kind: ExportKind
    format: ExportFormat
    filter: Filter


@dataclass(frozen=True, slots=True)
class Job:
    """An export taken by a worker. `started_at` tells its turn from any other worker's."""

    tenant_id: UUID
    id: UUID
    kind: ExportKind
    format: ExportFormat
    filter: Filter
    membership_id: UUID
    carrier_id: UUID | None
    started_at: datetime

    @property
    def path(self) -> str:
        return file_path(self.tenant_id, self.id, self.format)


@dataclass(frozen=True, slots=True)
class Made:
    """What became of it."""

    rows: int
    bytes: int
    sha256: str


def file_path(tenant_id: UUID, id_: UUID, format_: ExportFormat) -> str:
    return f"{tenant_id}/{id_}.{format_.lower()}"


def manifest_path(path: str) -> str:
    return f"{path}.manifest.json"


def written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
