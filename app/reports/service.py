"""What people do with exports: ask for one, and fetch it by a link that expires."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from uuid import UUID

from app.kit.checks import text
from app.kit.clock import Clock, utc_now
from app.kit.db import Database
from app.kit.errors import Invalid, NotFound
from app.kit.ids import new_id
from app.reports import events, queries, store
from app.reports.model import NEEDED, CreateExport, ExportFormat, ExportKind, ExportState, file_path
from app.sites import queries as sites
from tenants.audit.model import Entry
from tenants.model import Actor, ActorKind
from tenants.policy import Permission, authorize
from tenants.system import system_actor
from tenants.work import Context, Work

# A link lives between one and two of these: all made within one are the same, so that reading again changes nothing.
_LINK_SECONDS = 3600
_MAC_BYTES = 32
_TOKEN_BYTES = 16 + 8 + _MAC_BYTES


async def create_export(work: Work, ask: CreateExport) -> UUID:
    """Queue an export; a worker makes it within seconds, with the asker's rights as they are then."""
    actor, given = work.actor, ask.filter
    tenant = work.enter(actor.organization_id)
    authorize(actor, Permission.EXPORT_CREATE)
    authorize(actor, NEEDED[ask.kind])
    if given.site_id is not None and await sites.site(work.conn, actor, given.site_id) is None:
        raise NotFound("There is no such site.", path=("input", "siteId"))
    if given.since is not None and given.until is not None and given.since >= given.until:
        raise Invalid("The time ends before it begins.", path=("input", "until"))
    if given.actions and ask.kind is not ExportKind.AUDIT:
        raise Invalid("Only audit entries have an action.", path=("input", "action"))
    if len(given.actions) > 100:
        raise Invalid("At most 100 actions.", path=("input", "action"))
    for action in given.actions:
        text("action", action, most=100)
    id_ = new_id()
    await store.ADD.run(
        work.conn, tenant_id=tenant, id=id_, kind=ask.kind.value, format=ask.format.value,
        state=ExportState.QUEUED.value, filter=given.public(), requested_by=actor.account_id,
        requested_by_name=actor.label, membership_id=actor.membership_id, created_at=work.now,
    )  # fmt: skip
    carrier = actor.organization_id if actor.is_carrier else None
    work.emit(events.queued(id_, ask, carrier))
    details = {"kind": ask.kind.value, "format": ask.format.value, "filter": given.public()}
    work.audit(Entry(Permission.EXPORT_CREATE, "Export", id_, given.site_id, details=details))
    work.answer = ("Export", id_)
    return id_


@dataclass(frozen=True, slots=True)
class Download:
    """A file ready to be sent."""

    tenant_id: UUID
    id: UUID
    path: str
    name: str
    format: ExportFormat
    bytes: int
    sha256: str


class Links:
    """Makes and reads download links. A link needs no sign-in: whoever holds it may fetch that one file until it
    expires, and every fetch is on record."""

    def __init__(self, db: Database, secret: bytes, base_url: str, clock: Clock = utc_now) -> None:
        self._db, self._base, self._clock = db, base_url.rstrip("/"), clock
        self._key = hmac.digest(secret, b"lockyard export link", "sha256")

    def url(self, tenant_id: UUID, id_: UUID) -> str:
        until = (int(self._clock().timestamp()) // _LINK_SECONDS + 2) * _LINK_SECONDS
        return f"{self._base}/exports/{id_}/download?token={self._token(tenant_id, id_, until)}"

    async def download_urls(self, actor: Actor, ids: Sequence[str]) -> list[str | None]:
        """Values of Export.downloadUrl for finished exports that the actor sees. Exports stand in the asker's own
        organization, a carrier's too."""
        return [self.url(actor.organization_id, UUID(id_)) if self._may(actor) else None for id_ in ids]

    def _may(self, actor: Actor) -> bool:
        return actor.can(Permission.EXPORT_READ)

    def _token(self, tenant_id: UUID, id_: UUID, until: int) -> str:
        said = tenant_id.bytes + until.to_bytes(8, "big")
        mac = hmac.digest(self._key, said + id_.bytes, "sha256")
        return urlsafe_b64encode(said + mac).decode().rstrip("=")

    def tenant_of(self, id_: UUID, token: str) -> UUID:
        """Whose export a link is for. NotFound, in the same words, for every link that is not, or no more, good."""
        try:
            raw = urlsafe_b64decode(token + "=" * (-len(token) % 4)) if token.isascii() else b""
        except (Base64Error, ValueError):
            raw = b""
        if len(raw) != _TOKEN_BYTES:
            raise _no_link()
        tenant, until = UUID(bytes=raw[:16]), int.from_bytes(raw[16:24], "big")
        good = hmac.compare_digest(self._token(tenant, id_, until).encode(), token.encode())
        if not good or until <= self._clock().timestamp():
            raise _no_link()
        return tenant

    async def open(self, id_: UUID, token: str, reader: Context | None, request_id: str) -> Download:
        """The file behind a link, if it is still there. On record under `reader` where that is a member of the export's
        organization, else under whoever holds the link."""
        tenant = self.tenant_of(id_, token)
        context = reader
        if context is None or context.actor.organization_id != tenant:
            context = link_holder(self._db, tenant, request_id, self._clock)
        async with context.begin() as work:
            work.enter(tenant)
            row = await queries.FIND.row(work.conn, of_tenant=tenant, id_=id_)
            if row is None or row["state"] != ExportState.DONE or row["expires_at"] <= self._clock():
                raise _no_link()
            kind, format_ = ExportKind(row["kind"]), ExportFormat(row["format"])
            details = {"sha256": row["sha256"], "rows": row["rows"]}
            work.audit(Entry(Permission.EXPORT_READ, "Export", id_, details=details))
        day = row["finished_at"].astimezone(UTC).strftime("%Y-%m-%d")
        name = f"lockyard-{kind.lower()}-{day}-{str(id_)[-8:]}.{format_.lower()}"
        path = file_path(tenant, id_, format_)
        return Download(tenant, id_, path, name, format_, row["bytes"], row["sha256"])


def _no_link() -> NotFound:
    return NotFound("This link is not good, or no longer.")


def link_holder(db: Database, tenant: UUID, request_id: str, clock: Clock) -> Context:
    """Somebody with a link and no name."""
    actor = replace(system_actor(tenant), kind=ActorKind.PERSON, label="holder of a link", permissions=frozenset())
    return Context(db, actor, request_id=request_id, origin="download", clock=clock)
