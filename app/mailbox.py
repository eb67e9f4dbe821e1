"""Where vendors post what happened: `POST /push/{connection_id}`, signed as the connection says."""

import asyncio
import logging
import re
from collections.abc import Callable
from uuid import UUID

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.devices import queries as devices
from app.devices.port import Connection, ContractBroken, Receiver, Refused
from app.kit.clock import Clock, utc_now
from app.kit.db import Database, Row
from app.kit.seal import SealBroken
from app.passes import service as passes
from app.passes.model import Vault
from app.pushes import service
from tenants.system import system_context
from tenants.work import Context

log = logging.getLogger("lockyard.mailbox")

# Room for any event of a door; whoever needs more is no door.
MOST_BYTES = 65_536
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Seconds between looks for the pass that a code belongs to.
_UNTIL_THE_PASS = (0.0, 0.1, 0.3, 0.6, 1.0)
# The same for whoever knows no connection, or signs as another: nothing is told of what there is.
_UNKNOWN = (404, "NOT_FOUND", "There is no such place.")


class Mailbox:
    """`receive`: proves the signature and reads the events; `read`: a row of a connection as its vendor wants it,
    secrets opened, which raises SealBroken. No adapter is opened: whoever posts here is a stranger."""

    def __init__(
        self,
        db: Database,
        receive: Receiver,
        read: Callable[[Row], Connection],
        vault: Vault,
        clock: Clock = utc_now,
    ) -> None:
        self._db, self._receive, self._read, self._vault, self._clock = db, receive, read, vault, clock

    def route(self) -> Route:
        return Route("/push/{connection_id}", self._answer, methods=["POST"])

    async def _answer(self, request: Request) -> Response:
        try:
            status, code, message = await self.take(request)
        except ClientDisconnect:
            return Response(status_code=400)
        if status == 204:
            return Response(status_code=204, headers={"cache-control": "no-store"})
        return JSONResponse({"error": {"code": code, "message": message}}, status, {"cache-control": "no-store"})

    async def take(self, request: Request) -> tuple[int, str, str]:
        """Status, and for a refusal its code and words."""
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                return 413, "TOO_LARGE", f"At most {MOST_BYTES} bytes."
        named = request.path_params["connection_id"]
        row = await self._connection(UUID(named)) if _UUID.fullmatch(named) else None
        if row is None:
            return _UNKNOWN
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            pushed = self._receive(self._read(row), headers, body)
        except SealBroken:
            log.warning("connection %s takes no pushes: its secret cannot be opened", row["id"])
            return _UNKNOWN
        except Refused as error:
            log.warning("connection %s: a push was refused: %s", row["id"], error.reason)
            return _UNKNOWN
        except ContractBroken as error:
            log.warning("connection %s: a push made no sense: %s", row["id"], error.detail)
            return 422, "INVALID", "This is no event that anybody could read."
        context = system_context(self._db, row["tenant_id"], origin="push", clock=self._clock)
        async with context.begin() as work:
            await service.receive(work, row["id"], pushed)
        for each in pushed:
            if each.keypad_code is not None and each.order is not None:
                await self._take_code(context, each.order, each.reference, each.keypad_code)
        return 204, "", ""

    async def _take_code(self, context: Context, order: UUID, reference: str | None, code: str) -> None:
        """A code is kept with its pass and nowhere else. The event and the answer that the pass comes of cross."""
        for wait in _UNTIL_THE_PASS:
            await asyncio.sleep(wait)
            async with context.begin() as work:
                if await passes.take_code(work, order, reference, code, self._vault):
                    return

    async def _connection(self, id_: UUID) -> Row | None:
        """Of whichever tenant: whoever posts names the connection and nothing else."""
        async with self._db.tenant([], id_) as conn:
            return await devices.named(conn, id_)
