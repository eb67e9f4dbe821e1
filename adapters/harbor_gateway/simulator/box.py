"""The gateway's own HTTP interface, as it answers in its own network."""

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from adapters.harbor_gateway.simulator.world import GatewayWorld, NotDone, SimLocker
from adapters.simulation import control
from adapters.simulation.http import HttpFaults

# Status and body; the cloud passes both on as they are.
Said = tuple[int, Any]
Ask = Mapping[str, Any]
METHODS = ["GET", "POST", "PATCH", "DELETE"]


class Box:
    """The gateway of one bank. `answer` is what its network and the cloud both reach."""

    def __init__(self, world: GatewayWorld, bank: str) -> None:
        self._world = world
        self._bank = bank

    def app(self) -> ASGIApp:
        routes = [
            *control.routes(self._world),
            *doings(self._world),
            Route("/{path:path}", self._serve, methods=METHODS),
        ]
        return HttpFaults(Starlette(routes=routes), self._world.faults, partial(operation, bank=self._bank))

    async def _serve(self, request: Request) -> Response:
        status, body = await self.answer(request.method, raw_path(request), await request.body())
        return shown(status, body)

    async def answer(self, method: str, path: str, body: bytes) -> Said:
        try:
            parts = [unquote(part) for part in path.strip("/").split("/")]
            call = self._call(method, parts)
            return await call(json.loads(body) if body else {})
        except NotDone as no:
            return no.status, self._error(no.code, no.text)
        except (AttributeError, KeyError, TypeError, ValueError):
            return 400, self._error("VALIDATION_ERROR", "the body is not as expected")

    def _call(self, method: str, parts: list[str]) -> Callable[[Ask], Awaitable[Said]]:
        # A decoded transaction id may hold a slash, hence by length and by the last word.
        calls: dict[tuple[str, str, int], Callable[[Ask], Awaitable[Said]]] = {
            ("GET", "health", 1): self._health,
            ("POST", "heartbeat", 1): self._heartbeat,
            ("GET", "locker-types", 1): self._types,
            ("GET", "lockers", 1): self._lockers,
            ("GET", "lockers", 2): partial(self._locker, parts[-1]),
            ("PATCH", "lockers", 2): partial(self._set_service, parts[-1]),
            ("POST", "lockers", 3): partial(self._open_locker, parts[1] if len(parts) > 1 else ""),
            ("GET", "transactions", 1): self._transactions,
            ("POST", "transactions", 1): self._create,
            ("GET", "transactions", 2): partial(self._transaction, parts[-1]),
            ("DELETE", "transactions", 2): partial(self._delete, parts[-1]),
            ("POST", "transactions", 3): partial(self._open, parts[1] if len(parts) > 1 else ""),
        }
        call = calls.get((method, parts[0], len(parts)))
        if call is None or (len(parts) == 3 and parts[2] != "open"):
            raise NotDone(404, "NOT_FOUND", "no such path")
        return call

    def _error(self, code: str, text: str) -> dict[str, Any]:
        return {"error": code, "message": text, "timestamp": self._world.clock.now().isoformat(), "details": {}}

    async def _health(self, _: Ask) -> Said:
        return 200, {"status": "ok", "lockers": len(self._world.of(self._bank))}

    async def _heartbeat(self, _: Ask) -> Said:
        return 204, None

    async def _types(self, _: Ask) -> Said:
        slugs = sorted({locker.type for locker in self._world.of(self._bank)})
        return 200, {"lockerTypes": [{"slug": slug} for slug in slugs]}

    async def _lockers(self, _: Ask) -> Said:
        return 200, {"lockers": [self._world.shown(locker) for locker in self._world.of(self._bank)]}

    async def _locker(self, id: str, _: Ask) -> Said:
        return 200, self._world.shown(self._world.locker(self._bank, id))

    async def _set_service(self, id: str, ask: Ask) -> Said:
        locker = self._world.locker(self._bank, id)
        locker.out_of_service = bool(ask["outOfService"])
        locker.reason_code, locker.reason = ask.get("reasonCode"), ask.get("reason")
        return 200, self._world.shown(locker)

    async def _open_locker(self, id: str, _: Ask) -> Said:
        return 200, await self._world.open(self._world.locker(self._bank, id))

    async def _transactions(self, _: Ask) -> Said:
        held = [locker for locker in self._world.of(self._bank) if locker.transaction]
        return 200, {"transactions": [told(locker) for locker in held]}

    async def _transaction(self, id: str, _: Ask) -> Said:
        return 200, told(self._world.holding(self._bank, id))

    async def _create(self, ask: Ask) -> Said:
        kind = ask.get("lockerType")
        if not isinstance(ask["transactionId"], str) or not ask["transactionId"]:
            raise NotDone(400, "VALIDATION_ERROR", "transactionId")
        new, locker = self._world.create(self._bank, ask["transactionId"], kind)
        return (201 if new else 409), told(locker)

    async def _delete(self, id: str, _: Ask) -> Said:
        self._world.delete(self._bank, id)
        return 204, None

    async def _open(self, id: str, _: Ask) -> Said:
        return 200, await self._world.open(self._world.holding(self._bank, id))


def told(locker: SimLocker) -> dict[str, Any]:
    return {"transactionId": locker.transaction, "lockerId": locker.id, "createdAt": locker.created_at}


def shown(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    if body is None:
        return Response(status_code=status, headers=dict(headers or {}))
    return JSONResponse(body, status_code=status, headers=dict(headers or {}))


def raw_path(request: Request) -> str:
    raw: bytes = request.scope["raw_path"]
    return raw.decode().partition("?")[0]


def doings(world: GatewayWorld) -> list[Route]:
    """What people do at the gateway itself: `give_away` {bank, lockerType?}, `delete` {bank, transactionId}."""

    def give_away(ask: dict[str, Any]) -> Any:
        return told(world.give_away(ask["bank"], ask.get("lockerType")))

    def delete(ask: dict[str, Any]) -> Any:
        world.delete(ask["bank"], ask["transactionId"])
        return {}

    def at(act: Callable[[dict[str, Any]], Any]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                return JSONResponse(act(await request.json()))
            except NotDone as no:
                return JSONResponse({"error": no.code}, status_code=no.status)

        return answer

    return [
        Route("/_sim/give_away", at(give_away), methods=["POST"]),
        Route("/_sim/delete", at(delete), methods=["POST"]),
    ]


def operation(method: str, path: str, bank: str) -> tuple[str, str]:
    """Which call a request is: by this faults are aimed."""
    parts = path.split("?", maxsplit=1)[0].strip("/").split("/")
    if len(parts) == 3:
        return ("open" if parts[0] == "transactions" else "locker_open"), bank
    if parts[0] == "transactions":
        names = {"POST": "create", "DELETE": "delete"}
        return names.get(method, "transaction" if len(parts) == 2 else "transactions"), bank
    if parts[0] == "lockers" and len(parts) == 2:
        return ("service" if method == "PATCH" else "locker"), bank
    return parts[0], bank
