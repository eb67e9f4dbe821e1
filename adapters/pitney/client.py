"""Talks HTTP to Pitney: paths, headers, deadlines, and what each kind of silence or status means."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import stamina

from adapters import paths
from adapters.breaker import Breaker
from adapters.exchange import Sent, clients, exchange, retry_after, uncertain, why
from adapters.once import Once
from adapters.pacing import Quiet
from adapters.payload import WrongShape, decode
from adapters.pitney import wire
from app.devices.port import Ambiguous, AuthFailed, ContractBroken, Refused, Unreachable

CONNECT_SECONDS = 3.0
READ_ATTEMPTS = 3
# Renew this long before the end, so that a token does not run out between our clock and theirs.
TOKEN_MARGIN_SECONDS = 30.0
# Where the vendor says to slow down and not for how long.
USUAL_PAUSE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class PitneyPaths:
    """Where each operation lives, relative to the base address. A connection may correct those marked as inferred."""

    # Relative to the host alone: a product prefix is not before it.
    token: str = "/auth/api/v1/token"  # noqa: S105 - a path
    banks: str = "/api/v1/lockerBanks"  # inferred
    bank: str = "/api/v1/lockerBanks/{bank}"  # inferred
    sizes: str = "/api/v1/lockerBanks/{bank}/lockers/sizes"  # inferred
    reserve: str = "/api/v1/lockerBanks/{bank}/lockers/reserve"
    reserve_return: str = "/api/v1/lockerBanks/{bank}/lockers/reserve/return"  # inferred
    open: str = "/api/v1/lockerBanks/{bank}/lockers/{unit}/open"  # inferred
    deposit: str = "/api/v1/lockerBanks/{bank}/lockers/{unit}/deposit"
    reserved: str = "/api/v1/lockerBanks/{bank}/lockers/reserved/{tracking}"
    reserved_by_contact: str = "/api/v1/lockerBanks/{bank}/lockers/reserved/contact/{contact}"
    update: str = "/api/v1/lockerBanks/{bank}/lockers/{unit}/reservation/update"
    free: str = "/api/v1/lockerBanks/{bank}/lockers/{unit}/free"
    contact: str = "/api/v1/contact"

    @classmethod
    def corrected(cls, given: Mapping[str, object]) -> "PitneyPaths":
        return cls(**paths.corrected(asdict(cls()), given))


@dataclass(frozen=True, slots=True)
class Access:
    """What is needed to be let in, and how long to wait."""

    base_url: str
    auth_url: str
    client_id: str
    client_secret: str
    partner_id: str | None
    read_seconds: float


@dataclass(slots=True)
class _Token:
    text: str
    until: float


class PitneyClient:
    """One per connection. Raises only DeviceError."""

    def __init__(self, access: Access, places: PitneyPaths, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.paths = places
        self.breaker = Breaker(clock=clock)
        self._access = access
        self._clock = clock
        self._once = Once()
        self._token: _Token | None = None
        self._token_lock = asyncio.Lock()
        self.quiet = Quiet(clock=clock)
        headers = {"X-PB-Developer-Partner-ID": access.partner_id} if access.partner_id else None
        self._reading, self._writing = clients(access.read_seconds, CONNECT_SECONDS, headers)

    async def close(self) -> None:
        await self._reading.aclose()
        await self._writing.aclose()

    async def read(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """GET, tried again with jitter when nothing came back. Returns the parsed answer, or None for 404."""
        return await self._patient(lambda: self._answered("GET", path, query=query))

    async def add(self, path: str, body: Mapping[str, object]) -> Any:
        """Write what opens no door and what the vendor keeps once: tried again as a reading is."""
        answer = await self._patient(lambda: self._answered("POST", path, body=body))
        if answer is None:
            raise Refused("answered 404", reason="REFUSED")
        return answer

    async def _patient(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        self.quiet.keep()
        async with self.breaker.guard():
            try:
                async with asyncio.timeout(self._access.read_seconds):
                    async for attempt in stamina.retry_context(
                        on=_worth_repeating, attempts=READ_ATTEMPTS, timeout=None, wait_initial=0.1, wait_jitter=0.2
                    ):
                        with attempt:
                            return await ask()
            except TimeoutError:
                raise Unreachable(f"no answer within {self._access.read_seconds:g} s") from None
        raise AssertionError("a retry context ends by returning or raising")

    async def write(self, order: UUID, method: str, path: str, body: Mapping[str, object], within: timedelta) -> Any:
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

    async def _answered(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Any:
        try:
            status, answer, headers = await self._authorized(
                self._reading, method, path, Sent(), query=query, body=body
            )
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
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> tuple[int, bytes, httpx2.Headers]:
        """401 says that nothing happened, hence one more try with a new token is safe, also for an open."""
        base = self._access.base_url
        for _ in range(2):
            token = await self._bearer()
            got = await exchange(client, method, base, path, sent, query=query, body=body, auth=f"Bearer {token}")
            self._hear(got[0], got[2])
            if got[0] != 401:
                return got
            sent.yes = False
            if self._token is not None and self._token.text == token:
                self._token = None
        raise AuthFailed("the credentials were refused, also with a new token")

    def _hear(self, status: int, headers: httpx2.Headers) -> None:
        pause = _pause(status, headers) if status in {429, 503} else None
        if pause is not None:
            self.quiet.stop_for(pause)

    async def _bearer(self) -> str:
        """The cached token; when there is none, one caller fetches it and the others wait for that one."""
        async with self._token_lock:
            if self._token is None or self._clock() >= self._token.until:
                self._token = await self._new_token()
            return self._token.text

    async def _new_token(self) -> _Token:
        basic = httpx2.BasicAuth(self._access.client_id, self._access.client_secret)
        begun = self._clock()
        try:
            status, body, headers = await exchange(
                self._reading,
                "POST",
                self._access.auth_url,
                "",
                Sent(),
                body={"grant_type": "client_credentials"},
                auth=basic,
            )
        except (httpx2.HTTPError, ContractBroken) as error:
            raise Unreachable(f"no token: {why(error)}") from error
        self._hear(status, headers)
        if status in {400, 401, 403}:
            raise AuthFailed(f"the token service refused the client credentials with {status}")
        if status != 200:
            raise Unreachable(f"the token service answered {status}", retry_after=_pause(status, headers))
        try:
            text, life = wire.token(decode(body))
        except WrongShape as error:
            raise Unreachable(f"the token service's answer made no sense: {error}") from error
        return _Token(text, begun + max(life - TOKEN_MARGIN_SECONDS, life / 2))


def _pause(status: int, headers: httpx2.Headers) -> timedelta | None:
    """A 429 asks for one also where it does not say for how long."""
    return retry_after(headers) or (USUAL_PAUSE if status == 429 else None)


def _worth_repeating(error: Exception) -> bool:
    return isinstance(error, Unreachable) and error.retry_after is None


def _reading_of(status: int, body: bytes, headers: httpx2.Headers) -> Any:
    if 200 <= status < 300:
        try:
            return decode(body)
        except WrongShape as error:
            raise ContractBroken(str(error)) from error
    said = wire.error_text(body)
    if status == 429:
        raise Unreachable(f"asked to slow down {said}".strip(), retry_after=_pause(status, headers))
    if 400 <= status < 500:
        raise Refused(f"answered {status} {said}".strip(), reason="UNKNOWN_UNIT" if status == 404 else "REFUSED")
    raise ContractBroken(f"answered {status}")
