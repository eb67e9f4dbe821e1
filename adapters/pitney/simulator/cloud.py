"""Pitney's HTTP interface over the world: tokens, routes, error shapes."""

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from adapters.pitney.simulator.contacts import AddressBook
from adapters.pitney.simulator.world import NotDone, PitneyWorld
from adapters.simulation import control
from adapters.simulation.http import HttpFaults

BANKS = "/api/v1/lockerBanks"
UNIT = BANKS + "/{bank}/lockers/{unit}"
CLIENT = ("lockyard", "simulator")

Answer = Callable[[Request, dict[str, Any]], Any]


class PitneyCloud:
    """The web side. `expires_in` is the life of a token in seconds, short by default so that renewal is exercised.

    `strict`: reservations name contacts of the address book, or are refused. `names_parcels`: whether the listing of a
    bank does; the contract shows none there, and forbids none. `prefix`: under which the products stand on the host;
    tokens never do.
    """

    def __init__(
        self,
        world: PitneyWorld,
        *,
        client: tuple[str, str] = CLIENT,
        expires_in: int = 600,
        strict: bool = False,
        names_parcels: bool = True,
        prefix: str = "",
    ) -> None:
        self.world = world
        self._prefix = prefix
        self.book = AddressBook(strict=strict)
        self.names_parcels = names_parcels
        self.tokens_issued = 0
        self.partners: set[str] = set()
        self._client = client
        self._expires_in = expires_in
        self._tokens: dict[str, datetime] = {}

    def app(self) -> ASGIApp:
        products = [
            self._route("/api/v1/contact", "POST", lambda _, ask: self.book.add(ask), status=201),
            self._route(BANKS, "GET", self._banks),
            self._route(BANKS + "/{bank}", "GET", self._bank),
            self._route(BANKS + "/{bank}/lockers/sizes", "GET", self._sizes),
            self._route(BANKS + "/{bank}/lockers/reserved/contact/{contact}", "GET", self._by_contact),
            # `path`, because a decoded tracking number may hold a slash.
            self._route(BANKS + "/{bank}/lockers/reserved/{tracking:path}", "GET", self._by_tracking),
            self._route(BANKS + "/{bank}/lockers/reserve", "POST", self._reserve),
            self._route(BANKS + "/{bank}/lockers/reserve/return", "POST", self._reserve_return),
            self._route(UNIT + "/open", "POST", self._unit_call(self.world.open)),
            self._route(UNIT + "/deposit", "PATCH", self._unit_call(self.world.deposit)),
            self._route(UNIT + "/reservation/update", "PATCH", self._unit_call(self.world.update)),
            self._route(UNIT + "/free", "POST", self._unit_call(self.world.free)),
        ]
        routes = [
            Route("/auth/api/v1/token", self._token, methods=["POST"]),
            Route("/_sim/kiosk", self._kiosk, methods=["POST"]),
            Route("/_sim/tokens", self._count_tokens, methods=["GET"]),
            Route("/_sim/members", self._members, methods=["POST"]),
            *control.routes(self.world),
            Mount(self._prefix, routes=products),
        ]
        shell = HttpFaults(Starlette(routes=routes), self.world.faults, partial(operation, prefix=self._prefix))
        self.world.asked = shell.asked
        return shell

    def _route(self, path: str, method: str, answer: Answer, *, status: int = 200) -> Route:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            self.partners |= {request.headers.get("X-PB-Developer-Partner-ID", "")} - {""}
            if not self._let_in(request):
                return JSONResponse({"message": "Unauthorized"}, status_code=401)
            try:
                self.world.sweep()
                return JSONResponse(answer(request, json.loads(body) if body else {}), status)
            except NotDone as no:
                return _error(no)
            except (AttributeError, KeyError, TypeError, ValueError):
                return _error(NotDone(400, "validation_error", "the body is not as expected"))

        return Route(path, endpoint, methods=[method])

    def _let_in(self, request: Request) -> bool:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        until = self._tokens.get(token)
        return kind == "Bearer" and until is not None and self.world.clock.now() < until

    async def _token(self, request: Request) -> Response:
        body = await request.body()
        basic = base64.b64encode(":".join(self._client).encode()).decode()
        # The vendor's sample sends no body, a working client sends this one.
        grant = json.loads(body).get("grant_type") if body else "client_credentials"
        if request.headers.get("Authorization") != f"Basic {basic}" or grant != "client_credentials":
            return JSONResponse({"message": "Unauthorized"}, status_code=401)
        token = secrets.token_urlsafe(24)
        self._tokens[token] = self.world.clock.now() + timedelta(seconds=self._expires_in)
        self.tokens_issued += 1
        return JSONResponse({"access_token": token, "expires_in": self._expires_in, "token_type": "Bearer"})

    async def _count_tokens(self, _: Request) -> Response:
        return JSONResponse({"issued": self.tokens_issued, "partners": sorted(self.partners)})

    async def _members(self, request: Request) -> Response:
        """Who collects for a department: `{"contactId", "personalIds"}`."""
        ask = await request.json()
        self.book.join(ask["contactId"], ask["personalIds"])
        return JSONResponse({})

    async def _kiosk(self, request: Request) -> Response:
        """Typed at a bank: a recipient's pickup code `{"bank", "code"}`, or a member's `{"bank", "personalId"}`."""
        ask = await request.json()
        try:
            if "personalId" in ask:
                units = self.world.collect_for(ask["bank"], self.book.departments_of(ask["personalId"]))
                return JSONResponse({"units": [unit.id for unit in units]})
            return JSONResponse({"unit": self.world.collect(ask["bank"], ask["code"]).id})
        except NotDone as no:
            return _error(no)

    def _unit_call(self, call: Callable[[str, str, Mapping[str, Any]], dict[str, Any]]) -> Answer:
        return lambda request, ask: call(request.path_params["bank"], request.path_params["unit"], ask)

    def _banks(self, request: Request, _: dict[str, Any]) -> Any:
        location, only = request.query_params.get("locationId"), request.query_params.get("lockerBankId")
        banks = [bank for bank in self.world.banks.values() if location in {None, bank.get("location")}]
        chosen = [bank for bank in banks if only in {None, bank["id"]}]
        units = {bank["id"]: [unit.flags() for unit in self.world.of(bank["id"])] for bank in chosen}
        return {"lockerBanks": [{**_head(bank), "units": units[bank["id"]]} for bank in chosen]}

    def _bank(self, request: Request, _: dict[str, Any]) -> Any:
        units = self.world.of(request.path_params["bank"])
        return {
            **_head(self.world.banks[request.path_params["bank"]]),
            "units": [unit.whole() if self.names_parcels else unit.flags() for unit in units],
        }

    def _sizes(self, request: Request, _: dict[str, Any]) -> Any:
        units = self.world.of(request.path_params["bank"])
        rows = []
        for size in sorted({unit.size for unit in units}):
            same = [unit for unit in units if unit.size == size]
            free = sum(unit.in_service and not unit.contact for unit in same)
            reachable = sum(unit.accessible for unit in same)
            rows.append({"size": size, "total": len(same), "available": free, "accessible": reachable})
        return {"lockerBankId": request.path_params["bank"], "sizes": rows}

    def _by_contact(self, request: Request, _: dict[str, Any]) -> Any:
        units = self.world.of(request.path_params["bank"])
        return {"reservedUnits": [unit.whole() for unit in units if unit.contact == request.path_params["contact"]]}

    def _by_tracking(self, request: Request, _: dict[str, Any]) -> Any:
        # Without the flag the number is taken as it stands in the address, escapes and all.
        raw = request.scope["raw_path"].decode().rpartition("/reserved/")[2]
        number = unquote(raw) if request.query_params.get("isTrackNumUrlEncoded") == "true" else raw
        for unit in self.world.of(request.path_params["bank"]):
            if number in {**unit.reserved, **unit.deposited}:
                whole = unit.whole()
                if request.query_params.get("includeAllParcels") != "true":
                    for name in ("parcelsReserved", "parcelsDeposited"):
                        whole[name] = [parcel for parcel in whole[name] if parcel["trackingNumber"] == number]
                return whole
        raise NotDone(404, "not_found", "no such parcel")

    def _reserve(self, request: Request, ask: dict[str, Any]) -> Any:
        self.book.check(ask)
        return self.world.reserve(request.path_params["bank"], ask, back=False)

    def _reserve_return(self, request: Request, ask: dict[str, Any]) -> Any:
        self.book.check(ask)
        return self.world.reserve(request.path_params["bank"], ask, back=True)


def operation(method: str, path: str, prefix: str = "") -> tuple[str, str]:
    """Which call a request is, and of which bank: by this faults are aimed."""
    parts = path.split("?", maxsplit=1)[0].removeprefix(prefix).strip("/").split("/")
    if parts[0] == "auth":
        return "token", ""
    if "reserved" in parts:
        return "reserved", unquote(parts[3])
    bank = unquote(parts[3]) if len(parts) > 3 else ""
    if method == "GET" and len(parts) <= 4:
        return ("bank" if bank else "banks"), bank
    return parts[-1], bank


def _head(bank: Mapping[str, Any]) -> dict[str, Any]:
    return {"lockerBankId": bank["id"], "name": bank.get("name"), "locationId": bank.get("location")}


def _error(no: NotDone) -> Response:
    return JSONResponse({"errors": [{"errorCode": no.code, "errorDescription": no.text}]}, status_code=no.status)
