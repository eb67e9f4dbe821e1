"""Plain doors beside the GraphQL API: sign-in for the page, health, figures, keys, downloads, and the page itself."""

import asyncio
import hmac
import logging
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import obstore
import orjson
from obstore.exceptions import NotFoundError
from obstore.store import ObjectStore
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from app.kit.clock import Clock, utc_now
from app.kit.cookies import cookie
from app.kit.db import Database
from app.kit.errors import Denied, NotFound
from app.kit.logs import trace_id
from app.kit.page import Page
from app.reports.model import MEDIA_TYPES, manifest_path
from app.reports.service import Download, Links
from tenants.identity.service import Authenticator, Caller, sign_out
from tenants.signin.service import SignIns, TooManyTries
from tenants.work import Context

log = logging.getLogger("lockyard.http")

COOKIE = "lockyard_session"
_BODY_BYTES = 8_192
_READY_SECONDS = 2.0
_CHUNK_BYTES = 262_144
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Handler = Callable[[Request], Awaitable[Response]]


class RefusedError(Exception):
    """What a door answers instead; `message` is meant for the caller."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}


@dataclass(frozen=True, slots=True)
class Doors:
    """`sdl`: the public schema, for those who are signed in. `secure`: the cookie travels over TLS alone.

    `metrics_token` opens /metrics to others than this machine.
    """

    db: Database
    authenticator: Authenticator
    sign_ins: SignIns
    links: Links
    files: ObjectStore
    keys: Mapping[str, object]
    sdl: str
    page: Page | None
    secure: bool
    origins: frozenset[str] = field(default_factory=frozenset)
    metrics_token: str | None = None
    clock: Clock = utc_now

    def routes(self) -> list[BaseRoute]:
        """To stand behind /graphql; the last one takes every path."""
        return [
            Route("/auth/sign-in", _said(self.sign_in), methods=["POST"]),
            Route("/auth/sign-out", _said(self.sign_out), methods=["POST"]),
            Route("/healthz", _said(self.health)),
            Route("/readyz", _said(self.ready)),
            Route("/metrics", _said(self.metrics)),
            Route("/audit-keys", _said(self.audit_keys)),
            Route("/schema.graphql", _said(self.schema)),
            Route("/exports/{id}/download", _said(self.download)),
            Route("/{path:path}", _said(self.show)),
        ]

    async def sign_in(self, request: Request) -> Response:
        """JSON {email, password, organizationId?}; the session comes as a cookie no script can read."""
        given = await self._json(request)
        email, password, organization = (given.get(name) for name in ("email", "password", "organizationId"))
        if not isinstance(email, str) or not isinstance(password, str) or len(email) > 254:
            raise RefusedError(400, "INVALID", "E-mail and password are needed, as text.")
        if organization is not None and not (isinstance(organization, str) and _UUID.fullmatch(organization)):
            raise RefusedError(400, "INVALID", "organizationId must be a uuid.")
        try:
            secret, session = await self.sign_ins.sign_in(
                email, password, self.clock(), source=_peer(request), request_id=trace_id(),
                organization_id=UUID(organization) if organization else None,
            )  # fmt: skip
        except TooManyTries as error:
            wait = {"retry-after": str(int(error.retry_after) + 1)}
            raise RefusedError(429, "TOO_MANY_TRIES", error.message, wait) from error
        except Denied as error:
            raise RefusedError(401, "DENIED", error.message) from error
        answer = JSONResponse({"expiresAt": session.expires_at.isoformat()}, headers={"cache-control": "no-store"})
        life = int((session.expires_at - self.clock()).total_seconds())
        answer.set_cookie(COOKIE, secret, max_age=life, path="/", httponly=True, samesite="lax", secure=self.secure)
        return answer

    async def sign_out(self, request: Request) -> Response:
        """Ends the session and every stream it holds, in every process. Without a session there is nothing to do."""
        await self._json(request)
        caller = await self.caller(request)
        if caller is not None:
            async with self._context(request, caller).begin() as work:
                await sign_out(work)
            self.authenticator.drop(str(caller.actor.credential_id))
        answer = Response(status_code=204, headers={"cache-control": "no-store"})
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=self.secure)
        return answer

    async def health(self, _: Request) -> Response:
        """This process answers."""
        return JSONResponse({"status": "ok"}, headers={"cache-control": "no-store"})

    async def ready(self, _: Request) -> Response:
        """The database answers too."""
        try:
            async with asyncio.timeout(_READY_SECONDS), self.db.pool.acquire() as conn:
                await conn.fetchval("SELECT 1")
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("not ready: %s", type(error).__name__)
            raise RefusedError(503, "NOT_READY", "The database does not answer.", {"retry-after": "1"}) from error
        return JSONResponse({"status": "ok"}, headers={"cache-control": "no-store"})

    async def metrics(self, request: Request) -> Response:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        known = self.metrics_token is not None and hmac.compare_digest(bearer.encode(), self.metrics_token.encode())
        if not known and not _is_local(request):
            raise _not_found()
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST, "cache-control": "no-store"})

    async def audit_keys(self, _: Request) -> Response:
        """Public keys of audit checkpoints: pin them, and nobody can rewrite the log unnoticed."""
        return JSONResponse(self.keys, headers={"cache-control": "public, max-age=300"})

    async def schema(self, request: Request) -> Response:
        if await self.caller(request) is None:
            raise RefusedError(401, "UNAUTHENTICATED", "Sign in to read the schema.", {"www-authenticate": "Bearer"})
        return Response(self.sdl, media_type="text/plain", headers={"cache-control": "private, max-age=300"})

    async def download(self, request: Request) -> Response:
        """The link is all that is asked for; `part=manifest` gives what belongs beside the file."""
        id_, token = request.path_params["id"], request.query_params.get("token", "")
        if not _UUID.fullmatch(id_) or len(token) > 200:
            raise _not_found()
        caller = await self.caller(request)
        reader = None if caller is None else self._context(request, caller)
        try:
            found = await self.links.open(UUID(id_), token, reader, trace_id())
            return await self._send(found, manifest=request.query_params.get("part") == "manifest")
        except (NotFound, NotFoundError, FileNotFoundError) as error:
            raise RefusedError(404, "NOT_FOUND", "This link is not good, or no longer.") from error

    async def _send(self, found: Download, *, manifest: bool) -> Response:
        path, name = (manifest_path(each) if manifest else each for each in (found.path, found.name))
        file = await obstore.get_async(self.files, path)
        headers = {
            "content-disposition": f'attachment; filename="{name}"',
            "content-length": str(file.meta["size"]),
            "cache-control": "private, no-store",
            "x-robots-tag": "noindex",
        }
        if not manifest:
            headers["repr-digest"] = f"sha-256=:{b64encode(bytes.fromhex(found.sha256)).decode()}:"

        async def chunks() -> AsyncIterator[bytes]:
            async for chunk in file.stream(min_chunk_size=_CHUNK_BYTES):
                yield bytes(chunk)

        media = "application/json" if manifest else MEDIA_TYPES[found.format]
        return StreamingResponse(chunks(), headers=headers, media_type=media)

    async def show(self, request: Request) -> Response:
        """A file of the page, or the page itself for every address that is one of its screens."""
        path = request.path_params["path"]
        if self.page is None or not self.page.is_there:
            raise _not_found()
        file = self.page.file(path)
        if file is not None:
            return self.page.answer_file(request, file)
        # What no screen's address contains; `sites~` would look like a copy that an editor left.
        odd = "." in path.rpartition("/")[2] or any(sign in path for sign in "\\\0~")
        if odd or path.startswith(("assets/", "auth/", "/")):
            raise _not_found()
        return self.page.answer_page(signed_in=await self.caller(request) is not None)

    async def caller(self, request: Request) -> Caller | None:
        """By bearer token, else by cookie."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        secret = token.strip() if scheme.lower() == "bearer" else cookie(request.headers.get("cookie", ""), COOKIE)
        return await self.authenticator.caller(secret) if secret else None

    def _context(self, request: Request, caller: Caller) -> Context:
        return Context(self.db, caller.actor, request_id=trace_id(), origin=_peer(request), clock=self.clock)

    async def _json(self, request: Request) -> dict[str, Any]:
        """The body as a JSON object, from a page of our own: a form or another site's page cannot send one."""
        if not self._is_same_origin(request):
            raise RefusedError(403, "FORBIDDEN", "This origin may not do this.")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise RefusedError(415, "UNSUPPORTED_MEDIA_TYPE", "The body must be application/json.")
        body = bytearray()
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > _BODY_BYTES:
                    raise RefusedError(413, "TOO_LARGE", "The body is too large.", {"connection": "close"})
            found = orjson.loads(bytes(body))
        except (orjson.JSONDecodeError, ClientDisconnect) as error:
            raise RefusedError(400, "BAD_REQUEST", "The body is not JSON.") from error
        if not isinstance(found, dict):
            raise RefusedError(400, "BAD_REQUEST", "The body must be a JSON object.")
        return found

    def _is_same_origin(self, request: Request) -> bool:
        if request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
            return False
        origin = request.headers.get("origin")
        if origin is None or origin in self.origins:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme in {"http", "https"} and parts.netloc == request.headers.get("host")


def _said(handler: Handler) -> Handler:
    """Refusals in one form, whatever the door."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except RefusedError as refused:
            error = {"code": refused.code, "message": refused.message, "traceId": trace_id()}
            headers = {"cache-control": "no-store", **refused.headers}
            return JSONResponse({"error": error}, refused.status, headers)

    return answer


def _not_found() -> RefusedError:
    return RefusedError(404, "NOT_FOUND", "There is nothing here.")


def _peer(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _is_local(request: Request) -> bool:
    """A proxy on this machine makes everybody look local: whoever comes through one is not."""
    forwarded = {"forwarded", "x-forwarded-for", "x-real-ip", "via"} & set(request.headers.keys())
    return _peer(request) in _LOOPBACK and not forwarded
