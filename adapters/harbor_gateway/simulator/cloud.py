"""The vendor's cloud: passes calls on to gateways, by key, at a bounded rate, waiting only so long."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from adapters.harbor_gateway.simulator.box import METHODS, Box, Said, doings, operation, raw_path, shown
from adapters.harbor_gateway.simulator.world import GatewayWorld
from adapters.simulation import control
from adapters.simulation.http import HttpFaults

KEY = "hgwm_" + "5" * 64
ROOT = "/api/v1"
LIMIT, WINDOW_SECONDS = 120, 60.0
LONGEST_WAIT = 30
# Vendor documentation: how long a call is kept before 202, in seconds.
BLOCKS: Mapping[str, float] = {"read": 5.0, "write": 10.0, "hardware": 15.0}


@dataclass(slots=True)
class Taken:
    """A request the cloud has taken on; its end is kept."""

    task: asyncio.Task[Said]
    id: str = field(default_factory=lambda: uuid4().hex)


class GatewayCloud:
    """`blocks`: seconds by kind of call, in place of the vendor's. `limit`: requests a minute and key."""

    def __init__(
        self,
        world: GatewayWorld,
        *,
        key: str = KEY,
        blocks: Mapping[str, float] = BLOCKS,
        limit: int = LIMIT,
    ) -> None:
        self.asked = 0
        self._world = world
        self._boxes = {bank: Box(world, bank) for bank in world.banks}
        self._key, self._blocks, self._limit = key, blocks, limit
        self._taken: dict[str, Taken] = {}
        self._by_key: dict[str, Taken] = {}
        self._window = (world.clock.now(), 0)

    def app(self) -> ASGIApp:
        routes = [
            *control.routes(self._world),
            *doings(self._world),
            Route("/{path:path}", self._serve, methods=METHODS),
        ]
        return HttpFaults(Starlette(routes=routes), self._world.faults, cloud_operation)

    async def _serve(self, request: Request) -> Response:
        if not self._let_in(request):
            return shown(401, {"error": "UNAUTHORIZED", "message": "unknown key", "details": {}})
        left, wait = self._count()
        limits = {"X-RateLimit-Limit": str(self._limit), "X-RateLimit-Remaining": str(left), "X-RateLimit-Reset": wait}
        if left < 0:
            limits |= {"X-RateLimit-Remaining": "0", "Retry-After": wait}
            return shown(429, {"error": "RATE_LIMITED", "message": "slow down", "details": {}}, limits)
        self.asked += 1
        answer = await self._answer(request)
        answer.headers.update(limits)
        return answer

    def _let_in(self, request: Request) -> bool:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return self._key in {request.headers.get("X-API-Key"), bearer}

    def _count(self) -> tuple[int, str]:
        """What is left in this window (-1: nothing was), and the seconds until the next."""
        begun, used = self._window
        now = self._world.clock.now()
        if (now - begun).total_seconds() >= WINDOW_SECONDS:
            begun, used = now, 0
        self._window = (begun, used + 1)
        rest = max(1, round(WINDOW_SECONDS - (now - begun).total_seconds()))
        return max(-1, self._limit - used - 1), str(rest)

    async def _answer(self, request: Request) -> Response:
        parts = raw_path(request).removeprefix(ROOT).strip("/").split("/", maxsplit=2)
        if parts == ["version"]:
            return JSONResponse({"version": "1"})
        if parts == ["key"]:
            return JSONResponse({"organization": "Simulated"})
        if parts == ["locations"]:
            named = [{"locationId": bank["id"], "name": bank.get("name")} for bank in self._world.banks.values()]
            return JSONResponse({"locations": named})
        if parts[0] == "requests":
            return await self._look(parts[1])
        if parts[0] == "locations" and len(parts) == 3 and unquote(parts[1]) in self._boxes:
            return await self._pass_on(request, self._boxes[unquote(parts[1])], parts[2])
        return shown(404, {"error": "LOCATION_NOT_FOUND", "message": "no such location", "details": {}})

    async def _pass_on(self, request: Request, box: Box, path: str) -> Response:
        body, key = await request.body(), request.headers.get("Idempotency-Key")
        taken = self._by_key.get(key) if key and request.method != "GET" else None
        if taken is None:
            taken = Taken(asyncio.create_task(box.answer(request.method, path, body)))
            self._taken[taken.id] = taken
            if key and request.method != "GET":
                self._by_key[key] = taken
        await asyncio.wait([taken.task], timeout=self._patience(request, path))
        if taken.task.done() and not key:
            # Nobody was told where to ask for it, and nobody can repeat it.
            self._taken.pop(taken.id, None)
        return self._shown(taken)

    def _patience(self, request: Request, path: str) -> float:
        wish = request.headers.get("Prefer", "")
        if wish == "respond-async":
            return 0.0
        kind = "hardware" if path.endswith("/open") else "read" if request.method == "GET" else "write"
        asked = wish.removeprefix("wait=")
        return min(self._blocks[kind], int(asked), LONGEST_WAIT) if asked.isdigit() else self._blocks[kind]

    async def _look(self, id: str) -> Response:
        taken = self._taken.get(id)
        if taken is None:
            return shown(404, {"error": "REQUEST_NOT_FOUND", "message": "no such request", "details": {}})
        return self._shown(taken)

    def _shown(self, taken: Taken) -> Response:
        if taken.task.done():
            return shown(*taken.task.result())
        where = {"Location": f"{ROOT}/requests/{taken.id}"}
        return shown(202, {"requestId": taken.id, "status": "pending"}, where)

    async def close(self) -> None:
        for taken in self._taken.values():
            taken.task.cancel()
        await asyncio.gather(*(taken.task for taken in self._taken.values()), return_exceptions=True)


def cloud_operation(method: str, path: str) -> tuple[str, str]:
    parts: list[Any] = path.split("?", maxsplit=1)[0].removeprefix(ROOT).strip("/").split("/", maxsplit=2)
    if parts[0] == "locations" and len(parts) == 3:
        return operation(method, parts[2], unquote(parts[1]))
    return ("request" if parts[0] == "requests" else parts[0]), ""
