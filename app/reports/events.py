"""Facts of exports."""

from uuid import UUID

from app.kit.events import Fact
from app.reports.model import CreateExport, Made


def queued(id_: UUID, ask: CreateExport, carrier_id: UUID | None) -> Fact:
    payload = {"kind": ask.kind.value, "format": ask.format.value}
    return Fact("ExportQueued", "Export", id_, payload, site_id=ask.filter.site_id, carrier_id=carrier_id)


def progressed(id_: UUID, rows: int, size: int, carrier_id: UUID | None) -> Fact:
    return Fact("ExportProgressed", "Export", id_, {"rows": rows, "bytes": size}, carrier_id=carrier_id)


def finished(id_: UUID, made: Made, carrier_id: UUID | None) -> Fact:
    payload = {"rows": made.rows, "bytes": made.bytes, "sha256": made.sha256}
    return Fact("ExportFinished", "Export", id_, payload, carrier_id=carrier_id)


def failed(id_: UUID, why: str, carrier_id: UUID | None) -> Fact:
    return Fact("ExportFailed", "Export", id_, {"failure": why}, carrier_id=carrier_id)


def expired(id_: UUID, carrier_id: UUID | None) -> Fact:
    return Fact("ExportExpired", "Export", id_, carrier_id=carrier_id)
