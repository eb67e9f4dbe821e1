"""Talks HTTP to Harbor's cloud: paths, tokens, deadlines, and what each kind of silence or status means."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import stamina

from adapters import paths
from adapters.breaker import Breaker
from adapters.exchange import Sent, clients, exchange, retry_after, uncertain, why
from adapters.harbor import wire
from adapters.once import Once
from adapters.pacing import Quiet
from adapters.payload import WrongShape, decode
from app.devices.port import Ambiguous, AuthFailed, ContractBroken, DeviceError, Refused, Unreachable

CONNECT_SECONDS = 3.0
READ_ATTEMPTS = 3
# Where the vendor says to slow down and not for how long.
USUAL_PAUSE = timedelta(seconds=5)
# Tokens live 300 s; this much earlier a new one is fetched, so that none runs out on its way.
TOKEN_MARGIN_SECONDS = 60.0
# Fragments of the vendor's `detail` -> our word. Only for people to read: what is done is decided by the status.
REASONS: Mapping[str, str] = {
    "no locker available": "NO_AVAILABLE_UNIT",
    "not assigned": "NOT_ASSIGNED",
    "not occupied": "NOT_OCCUPIED",
}
BY_STATUS: Mapping[int, str] = {403: "NOT_ALLOWED", 404: "UNKNOWN_UNIT", 409: "WRONG_STATE", 422: "WRONG_REQUEST"}


@dataclass(frozen=True, slots=True)
class HarborPaths:
    """Where each operation lives, relative to the base address. A connection may correct those marked as inferred."""

    locations: str = "/api/v1/locations/"
    location: str = "/api/v1/locations/{location}/"
    location_lockers: str = "/api/v1/locations/{location}/lockers"
    location_availability: str = "/api/v1/locations/{location}/availability"
    lockers: str = "/api/v1/towers/{tower}/lockers"
    locker_types: str = "/api/v1/locker-types"  # inferred
    test_token: str = "/api/v1/login/test-token"  # noqa: S105 - a path
    reserve: str = "/api/v1/towers/{tower}/lockers/{locker}/reservations"
    cancel: str = "/api/v1/towers/{tower}/lockers/{locker}/reservations/{reservation}"  # inferred
    dropoff_token: str = "/api/v1/towers/{tower}/lockers/{locker}/dropoff-locker-tokens"  # noqa: S105 - a path
    pickup_token: str = "/api/v1/towers/{tower}/lockers/{locker}/pickup-locker-tokens"  # noqa: S105 - inferred
    release: str = "/api/v1/towers/{tower}/lockers/{locker}/release-locker"
    assigned: str = "/api/v1/users/me/assigned-lockers"
    dropoff_link: str = "/api/v1/locker-open-requests/dropoff-locker-request"
    pickup_link: str = "/api/v1/locker-open-requests/pickup-locker-request"
    open_request: str = "/api/v1/locker-open-requests/{request}"

    @classmethod
    def corrected(cls, given: Mapping[str, object]) -> "HarborPaths":
        return cls(**paths.corrected(asdict(cls()), given))


@dataclass(frozen=True, slots=True)
class Access:
    """What is needed to be let in, and how long to wait. `scope`: space-separated."""

    base_url: str
    token_url: str
    client_id: str
    client_secret: str
    scope: str
    read_seconds: float


@dataclass(slots=True)
class _Token:
    text: str
    until: float


class HarborClient:
    """One per connection. Raises only DeviceError."""

    def __init__(self, access: Access, places: HarborPaths, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.paths = places
        self.breaker = Breaker(clock=clock)
        self.quiet = Quiet(clock=clock)
        self._access = access
        self._clock = clock
        self._once = Once()
        self._token: _Token | None = None
        self._token_lock = asyncio.Lock()
        self._reading, self._writing = clients(access.read_seconds, CONNECT_SECONDS)

    async def close(self) -> None:
        await self._reading.aclose()
        await self._writing.aclose()

    async def read(self, path: str) -> Any:
        """GET, tried again while that can help. None where the vendor answers 404."""
        self.quiet.keep()
        async with self.breaker.guard():
            try:
                async with asyncio.timeout(self._access.read_seconds):
                    async for attempt in stamina.retry_context(
                        on=_worth_repeating, attempts=READ_ATTEMPTS, wait_initial=0.1, wait_max=1.0, wait_jitter=0.2
                    ):
                        with attempt:
                            return await self._read_once(path)
            except TimeoutError:
                raise Unreachable(f"no answer within {self._access.read_seconds:g} s") from None
        raise AssertionError("a retry context ends by returning or raising")

    async def write(
        self, order: UUID, method: str, path: str, body: Mapping[str, object] | None, within: timedelta
    ) -> Any:
        """Send once, within a time. Everything uncertain after the first byte is Ambiguous and is never sent again."""
        self.quiet.keep()
        self._once.claim(order)
        sent = Sent()
        try:
            async with self.breaker.guard(), uncertain(sent, within):
                status, answer, headers = await self._authorized(self._writing, method, path, sent, body=body)
                if status >= 500 or status == 408:
                    raise Ambiguous(f"answered {status} after the request was sent")
                return _reading_of(status, answer, headers)
        except (Unreachable, AuthFailed):
            self._once.release(order)
            raise

    async def ask(self, path: str) -> Any:
        """POST of nothing, which changes nothing there."""
        self.quiet.keep()
        try:
            async with asyncio.timeout(self._access.read_seconds):
                status, answer, headers = await self._authorized(self._reading, "POST", path, Sent(), body={})
        except TimeoutError:
            raise Unreachable(f"no answer within {self._access.read_seconds:g} s") from None
        except httpx2.HTTPError as error:
            raise Unreachable(why(error)) from error
        return _reading_of(status, answer, headers)

    async def _read_once(self, path: str) -> Any:
        try:
            status, answer, headers = await self._authorized(self._reading, "GET", path, Sent())
        except httpx2.HTTPError as error:
            raise Unreachable(why(error)) from error
        if status == 404:
            return None
        if status >= 500 or status == 408:
            raise Unreachable(f"answered {status}", retry_after=retry_after(headers))
        return _reading_of(status, answer, headers)

    async def _authorized(
        self,
        client: httpx2.AsyncClient,
        method: str,
        path: str,
        sent: Sent,
        *,
        body: Mapping[str, object] | None = None,
    ) -> tuple[int, bytes, httpx2.Headers]:
        """401 says that nothing happened, hence one more try with a new token is safe, also for a write."""
        base = self._access.base_url
        for _ in range(2):
            token = await self._bearer()
            got = await exchange(client, method, base, path, sent, body=body, auth=f"Bearer {token}")
            self._hear(got[0], got[2])
            if got[0] != 401:
                return got
            sent.yes = False
            if self._token is not None and self._token.text == token:
                self._token = None
        raise AuthFailed("the credentials were refused, also with a new token")

    def _hear(self, status: int, headers: httpx2.Headers) -> None:
        """The account was asked to wait, not the tower that happened to ask."""
        told = retry_after(headers)
        if status == 429 or (status == 503 and told is not None):
            self.quiet.stop_for(told or USUAL_PAUSE)

    async def _bearer(self) -> str:
        """The cached token; when there is none, one caller fetches it and the others wait for that one."""
        async with self._token_lock:
            if self._token is None or self._clock() >= self._token.until:
                self._token = await self._new_token()
            return self._token.text

    async def _new_token(self) -> _Token:
        access, begun = self._access, self._clock()
        form = {"grant_type": "client_credentials", "scope": access.scope, "client_id": access.client_id}
        form["client_secret"] = access.client_secret
        try:
            status, body, headers = await exchange(self._reading, "POST", access.token_url, "", Sent(), form=form)
        except (httpx2.HTTPError, ContractBroken) as error:
            raise Unreachable(f"no token: {why(error)}") from error
        self._hear(status, headers)
        if status in {400, 401, 403}:
            raise AuthFailed(f"the token service refused the client credentials or the scope with {status}")
        if status != 200:
            raise Unreachable(f"the token service answered {status}", retry_after=retry_after(headers))
        try:
            text, life = wire.token(decode(body))
        except WrongShape as error:
            raise Unreachable(f"the token service's answer made no sense: {error}") from error
        return _Token(text, begun + max(life - TOKEN_MARGIN_SECONDS, life / 2))


def _worth_repeating(error: Exception) -> bool:
    return isinstance(error, Unreachable) and error.retry_after is None


def _reading_of(status: int, body: bytes, headers: httpx2.Headers) -> Any:
    if status == 204:
        return {}
    if 200 <= status < 300:
        try:
            return decode(body)
        except WrongShape as error:
            raise ContractBroken(str(error)) from error
    raise _refusal(status, wire.error_text(body), headers)


def _refusal(status: int, said: str, headers: httpx2.Headers) -> DeviceError:
    if status == 429:
        return Unreachable(f"asked to slow down {said}".strip(), retry_after=retry_after(headers) or USUAL_PAUSE)
    if not 400 <= status < 500:
        return ContractBroken(f"answered {status}")
    found = next((reason for fragment, reason in REASONS.items() if fragment in said.lower()), None)
    return Refused(f"answered {status} {said}".strip(), reason=found or BY_STATUS.get(status, "REFUSED"))
