"""The record: audit entries, facts, exports."""

from __future__ import annotations

from datetime import datetime

import strawberry

from app.devices.port import Evidence
from app.reports.model import ExportFormat, ExportKind, ExportState
from schema.types import lockers
from schema.types.paging import Node
from schema.types.scalars import Json
from schema.types.telling import needs, told
from tenants.model import AuditOutcome
from tenants.policy import Permission

audit = needs(Permission.AUDIT_READ)
event = needs(Permission.EVENT_READ)
export = needs(Permission.EXPORT_READ)


@strawberry.input(description="Which audit entries.")
class AuditFilter:
    site_id: strawberry.ID | None = told("About this site.")
    action: list[str] | None = told("One of these actions.")
    target_id: strawberry.ID | None = told("About this thing.")
    actor_id: strawberry.ID | None = told("By this account.")
    outcome: AuditOutcome | None = told("That ended like this.")
    since: datetime | None = told("From this moment on.")
    until: datetime | None = told("Before this moment.")


@strawberry.input(description="Which facts.")
class EventFilter:
    site_id: strawberry.ID | None = told("About this site.")
    kind: list[str] | None = told("One of these kinds.")
    subject_id: strawberry.ID | None = told("About this thing.")


@strawberry.input(description="Which exports.")
class ExportFilter:
    kind: ExportKind | None = told("Of this kind.")
    state: ExportState | None = told("In this state.")


@strawberry.type(description="Who did what, when and from where. Sealed into a chain within moments.")
class AuditEntry(Node):
    id: strawberry.ID = audit("Opaque id.")
    sequence: int | None = audit("Its place in the chain; null until it is sealed.")
    occurred_at: datetime = audit("When it happened.")
    actor: str = audit("Who did it.")
    actor_kind: str = audit("What the actor is: PERSON, API_KEY or SYSTEM.")
    action: str = audit("What was done, as `resource:action`.")
    target_type: str = audit("To what kind of thing.")
    target_id: strawberry.ID | None = audit("To which thing.")
    outcome: AuditOutcome = audit("How it ended.")
    reason: str | None = audit("Why, in the actor's words.")
    request_id: str = audit("The trace id of the request.")
    origin: str = audit("From where it came.")
    details: Json = audit("What belongs to it; never personal data.")
    hash: str | None = audit("Its hash in the chain, in hex; null until it is sealed.")
    site: lockers.Site | None = audit("At which site.")


@strawberry.type(description="A fact in its place: what happened, recorded once and never changed.")
class Event(Node):
    id: strawberry.ID = event("Opaque id.")
    sequence: int = event("Its place: dense within one operator.")
    cursor: str = event("Where a subscription continues behind it.")
    kind: str = event("What happened, in the past tense.")
    version: int = event("The version of its payload.")
    subject_type: str = event("To what kind of thing.")
    subject_id: strawberry.ID = event("To which thing.")
    occurred_at: datetime = event("When it happened.")
    source: str = event("Who said so.")
    evidence: Evidence | None = event("How well it is proven.")
    payload: Json = event("What belongs to it; never personal data.")
    site: lockers.Site | None = event("At which site.")


@strawberry.type(description="A file being made, or ready for download.")
class Export(Node):
    id: strawberry.ID = export("Opaque id.")
    kind: ExportKind = export("What it holds.")
    format: ExportFormat = export("How it is written.")
    state: ExportState = export("Where it is in its life.")
    rows: int = export("Rows written so far.")
    expected_rows: int | None = export("Rows it will have, about.")
    bytes: int = export("Bytes written so far.")
    sha256: str | None = export("Its checksum; null before it is done.")
    created_at: datetime = export("When it was asked for.")
    finished_at: datetime | None = export("When it was done.")
    expires_at: datetime | None = export("Until when it is kept.")
    failure: str | None = export("Why it failed.")
    requested_by: str = export("Who asked for it.")
    filter: Json = export("What it was asked to hold.")
    download_url: str | None = export("Where to fetch it, for a few minutes; null before it is done.")
