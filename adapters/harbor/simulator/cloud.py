"""Harbor's HTTP interface over the world: tokens with scopes, routes, error shapes, and posting of events."""

import asyncio
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from adapters.harbor.settings import TOKEN_PATH
from adapters.harbor.simulator.books import AVAILABLE, OCCUPIED, TYPES, Locker, NotDone, whole
from adapters.harbor.simulator.phone import CONTROLS
from adapters.harbor.simulator.tower import DROPOFF, PICKUP
from adapters.harbor.simulator.world import HarborWorld
from adapters.simulation import control
from adapters.simulation.http import HttpFaults

API = "/api/v1"
LOCKER = API + "/towers/{tower}/lockers/{locker}"
CLIENT = ("lockyard", "simulator")
SCOPES = frozenset({"service_provider", "tower_access"})
HEADER = "X-Harbor-Signature"

Answer = Callable[[Request, dict[str, Any], str], Any]


class HarborCloud:
    """The web side. `expires_in`: life of a token in seconds. `hook`: where events are posted to, and their secret."""

    def __init__(
        self,
        world: HarborWorld,
        *,
        client: tuple[str, str] = CLIENT,
        expires_in: int = 300,
        hook: tuple[str, str] | None = None,
    ) -> None:
        self.world = world
        self.tokens_issued = 0
        self.hook = hook
        self.hooks: dict[str, tuple[str, str]] = {}
        self.posted: list[dict[str, Any]] = []
        self._client = client
        self._expires_in = expires_in
        self._tokens: dict[str, tuple[datetime, frozenset[str]]] = {}
        self._posting: set[asyncio.Task[None]] = set()

    def app(self) -> ASGIApp:
        world, route = self.world, self._route
        routes = [
            Route(TOKEN_PATH, self._token, methods=["POST"]),
            Route("/_sim/tokens", self._count_tokens, methods=["GET"]),
            Route("/_sim/events", self._show_events, methods=["GET"]),
            Route("/_sim/hook", self._set_hook, methods=["POST"]),
            *(Route(f"/_sim/{name}", self._control(act), methods=["POST"]) for name, act in CONTROLS.items()),
            *control.routes(world),
            route(API + "/login/test-token", "POST", lambda *_: {"client": self._client[0]}),
            route(API + "/locations/", "GET", self._locations),
            route(API + "/locations/{location}/", "GET", lambda r, *_: self._location(_whole(r, "location"))),
            route(API + "/locations/{location}/lockers", "GET", self._at_location),
            route(API + "/locations/{location}/availability", "GET", self._availability),
            route(API + "/locker-types", "GET", lambda *_: [{"id": id_, "name": name} for name, id_ in TYPES.items()]),
            route(API + "/towers/{tower}/lockers", "GET", lambda r, *_: _shown(world.of(_tower(r)))),
            route(LOCKER + "/reservations", "POST", self._on_locker(world.reserve)),
            route(LOCKER + "/reservations/{reservation}", "DELETE", self._cancel),
            route(LOCKER + "/dropoff-locker-tokens", "POST", self._issue(DROPOFF)),
            route(LOCKER + "/pickup-locker-tokens", "POST", self._issue(PICKUP)),
            route(LOCKER + "/release-locker", "POST", lambda r, _, who: world.release(*_place(r), who)),
            route(API + "/users/me/assigned-lockers", "GET", self._assigned),
            route(API + "/locker-open-requests/dropoff-locker-request", "POST", self._dropoff_link),
            route(API + "/locker-open-requests/pickup-locker-request", "POST", self._pickup_link),
            route(API + "/locker-open-requests/{id}", "GET", lambda r, _, who: world.request(r.path_params["id"], who)),
        ]
        return HttpFaults(Starlette(routes=routes), world.faults, operation)

    def _route(self, path: str, method: str, answer: Answer) -> Route:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            kind, _, token = request.headers.get("Authorization", "").partition(" ")
            until, scopes = self._tokens.get(token, (self.world.clock.now(), frozenset()))
            if kind != "Bearer" or self.world.clock.now() >= until:
                return JSONResponse({"detail": "Could not validate credentials"}, status_code=401)
            if "service_provider" not in scopes:
                return JSONResponse({"detail": "Not enough permissions"}, status_code=403)
            try:
                self.world.sweep()
                said = answer(request, json.loads(body) if body else {}, self._client[0])
                return JSONResponse(said)
            except NotDone as no:
                return JSONResponse({"detail": no.detail}, status_code=no.status)
            except (AttributeError, KeyError, TypeError, ValueError):
                wrong = [{"loc": ["body"], "msg": "value is not a valid dict", "type": "type_error.dict"}]
                return JSONResponse({"detail": wrong}, status_code=422)
            finally:
                self._post()

        return Route(path, endpoint, methods=[method])

    def _control(self, act: Callable[[HarborWorld, Mapping[str, Any]], dict[str, Any]]) -> Any:
        async def endpoint(request: Request) -> Response:
            try:
                self.world.sweep()
                return JSONResponse(act(self.world, await request.json()))
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                return JSONResponse({"error": f"{type(error).__name__}: {error}"}, status_code=400)
            finally:
                self._post()

        return endpoint

    async def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        scopes = frozenset(form.get("scope", "").split())
        plain = request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
        if not plain or form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, status_code=400)
        if not scopes or scopes - SCOPES:
            return JSONResponse({"error": "invalid_scope"}, status_code=400)
        if (form.get("client_id"), form.get("client_secret")) != self._client:
            return JSONResponse({"error": "unauthorized_client"}, status_code=401)
        token, life = secrets.token_urlsafe(24), self._expires_in
        self._tokens[token] = (self.world.clock.now() + timedelta(seconds=life), scopes)
        self.tokens_issued += 1
        answer = {"access_token": token, "refresh_token": None, "refresh_expires_in": 0, "expires_in": life}
        return JSONResponse({**answer, "token_type": "Bearer", "scope": " ".join(sorted(scopes))})

    async def _count_tokens(self, _: Request) -> Response:
        return JSONResponse({"issued": self.tokens_issued})

    # --- events ------------------------------------------------------------------------------------------------------

    async def _show_events(self, _: Request) -> Response:
        return JSONResponse({"posted": self.posted, "waiting": self.world.events})

    async def _set_hook(self, request: Request) -> Response:
        """`{"url", "secret", "tower"?}`: where events go from now on, of all towers or of one; `{}` sends none."""
        ask = await request.json()
        where = (ask["url"], ask["secret"]) if ask else None
        if ask.get("tower"):
            self.hooks[ask["tower"]] = (ask["url"], ask["secret"])
        else:
            self.hook, self.hooks = where, {}
        self._post()
        return JSONResponse({})

    def _post(self) -> None:
        """One after another, each once: nothing is known of the vendor trying again."""
        events, self.world.events = self.world.events, []
        due = [(each, self.hooks.get(each["data"]["tower_id"].lower(), self.hook)) for each in events]
        if wanted := [(each, hook) for each, hook in due if hook is not None]:
            task = asyncio.create_task(self._posted(wanted))
            self._posting.add(task)
            task.add_done_callback(self._posting.discard)

    async def _posted(self, events: list[tuple[dict[str, Any], tuple[str, str]]]) -> None:
        async with httpx2.AsyncClient(timeout=10) as client:
            for event, (url, secret) in events:
                body = json.dumps(event).encode()
                signature = hmac.digest(secret.encode(), body, "sha256").hex()
                headers = {HEADER: signature, "Content-Type": "application/json"}
                try:
                    status = (await client.post(url, content=body, headers=headers)).status_code
                except httpx2.HTTPError as error:
                    status = type(error).__name__  # type: ignore[assignment]
                self.posted.append({"status": status, "event": event["event"], "source": event["data"]["source"]})

    # --- answers -----------------------------------------------------------------------------------------------------

    def _location(self, id_: int) -> dict[str, Any]:
        for tower in self.world.banks.values():
            if tower["location"] == id_:
                name, zone = tower.get("place") or tower.get("name"), tower.get("timezone")
                return {"id": id_, "name": name, "timezone": zone, "accessHours": None, "lat": 0.0, "lon": 0.0}
        raise NotDone(404, "Location not found")

    def _locations(self, *_: Any) -> Any:
        return [self._location(id_) for id_ in sorted({tower["location"] for tower in self.world.banks.values()})]

    def _of_location(self, request: Request) -> list[Locker]:
        place = self._location(_whole(request, "location"))["id"]
        return [
            each for id_, row in self.world.banks.items() if row["location"] == place for each in self.world.of(id_)
        ]

    def _at_location(self, request: Request, *_: Any) -> Any:
        return _shown(self._of_location(request))

    def _availability(self, request: Request, *_: Any) -> Any:
        rows, by = self._of_location(request), []
        for name, id_ in TYPES.items():
            same = [each for each in rows if each.type == name]
            by.append({"lockerType": {"id": id_, "name": name}, "lockerAvailability": _count(same)})
        return {"byType": by, "lockerAvailability": _count(rows)}

    def _assigned(self, _request: Request, _ask: Any, who: str) -> Any:
        mine = [each for each in self.world.lockers.values() if each.owner == who and each.status != AVAILABLE]
        return [{**each.shown(), "reservationId": each.reservation} for each in mine]

    def _on_locker(self, call: Callable[[str, str, Mapping[str, Any], str], Any]) -> Answer:
        return lambda request, ask, who: call(*_place(request), ask, who)

    def _issue(self, kind: str) -> Answer:
        def answer(request: Request, ask: dict[str, Any], who: str) -> Any:
            pair = self.world.issue(*_place(request), kind, ask, who)
            return {name: pair[name] for name in pair if self.world.names_pairs or name != "id"}

        return answer

    def _cancel(self, request: Request, _ask: Any, who: str) -> Any:
        return self.world.cancel(*_place(request), request.path_params["reservation"], who)

    def _dropoff_link(self, _: Request, ask: dict[str, Any], who: str) -> Any:
        place, type_ = self._location(whole(ask, "locationId"))["id"], whole(ask, "lockerTypeId")
        for each in self.world.lockers.values():
            here = self.world.banks[each.tower]["location"] == place and TYPES.get(each.type) == type_
            mine = each.status == "reserved" and each.owner == who
            if here and (mine or each.status == AVAILABLE) and (each.low or not ask.get("requireLowLocker")):
                return self.world.link(DROPOFF, each, ask, who)
        raise NotDone(400, "No locker available")

    def _pickup_link(self, _: Request, ask: dict[str, Any], who: str) -> Any:
        number = str(whole(ask, "lockerId"))
        for each in self.world.lockers.values():
            if each.id == number:
                if each.status != OCCUPIED:
                    raise NotDone(400, "Locker is not occupied")
                return self.world.link(PICKUP, each, ask, who)
        raise NotDone(404, "Locker not found")


def operation(method: str, path: str) -> tuple[str, str]:
    """Which call a request is, and of which tower: by this faults are aimed."""
    parts = path.split("?", maxsplit=1)[0].strip("/").split("/")
    if parts[0] == "realms":
        return "token", ""
    tower = unquote(parts[3]).lower() if len(parts) > 3 and parts[2] == "towers" else ""
    if parts[-1] == "lockers":
        return ("bank" if tower else "location"), tower
    if method == "DELETE":
        return "cancel", tower
    if method == "GET" and parts[-2:-1] == ["locker-open-requests"]:
        return "open-request", tower
    return {"reservations": "reserve", "release-locker": "release"}.get(parts[-1], parts[-1]), tower


def _tower(request: Request) -> str:
    return str(request.path_params["tower"])


def _place(request: Request) -> tuple[str, str]:
    return _tower(request), str(request.path_params["locker"])


def _whole(request: Request, name: str) -> int:
    return int(request.path_params[name])


def _shown(lockers: list[Locker]) -> list[dict[str, Any]]:
    return [each.shown() for each in lockers]


def _count(lockers: list[Locker]) -> dict[str, int]:
    return {"availableLockers": sum(each.status == AVAILABLE for each in lockers), "totalLockers": len(lockers)}
