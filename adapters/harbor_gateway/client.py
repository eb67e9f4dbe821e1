"""Talks HTTP to a gateway, in its own network or through the vendor's cloud; what may be asked twice and what never."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import httpx2
import stamina

from adapters.breaker import Breaker
from adapters.exchange import Sent, clients, exchange, retry_after, uncertain, why
from adapters.harbor_gateway import wire
from adapters.once import Once
from adapters.pacing import Pace
from adapters.paths import fill
from adapters.payload import WrongShape, decode
from app.devices.port import Ambiguous, AuthFailed, ContractBroken, DeviceError, Refused, Unreachable

CONNECT_SECONDS = 3.0
READ_ATTEMPTS = 3
# A change that may be repeated: how long one attempt waits, and the pauses between them. The cloud is to say sooner
# that it has taken it on: what is repeated meanwhile is done again and again once the gateway is back.
ATTEMPT_SECONDS = 8.0
TAKEN_ON_SECONDS = 5
PAUSES = (0.2, 0.6)
# Vendor documentation, for two callers who were given the same locker at the same moment.
CONTENTION_PAUSES = (0.1, 0.2, 0.4)
# Between two looks at a request that the cloud has taken and not finished; the last one repeats.
LOOKS = (0.5, 1.0, 2.0, 3.0, 5.0)
# Vendor documentation: per minute and key. Some are kept for orders, whatever polling takes.
CLOUD_LIMIT, KEPT_FOR_ORDERS = 120, 30
TURN_SECONDS = 8.0
USUAL_PAUSE = timedelta(seconds=5)
BY_STATUS: Mapping[int, str] = {403: "NOT_ALLOWED", 404: "UNKNOWN_UNIT", 409: "WRONG_STATE"}

Answer = tuple[int, bytes, httpx2.Headers]


class Api(StrEnum):
    LAN = "lan"
    CLOUD = "cloud"


@dataclass(frozen=True, slots=True)
class Access:
    """Where the gateway is and how to be let in. `wait_seconds`: how long the cloud may keep an open to itself."""

    api: Api
    base_url: str
    key: str
    read_seconds: float
    wait_seconds: int


class GatewayClient:
    """One per connection. Raises only DeviceError."""

    def __init__(
        self, access: Access, paths: Mapping[str, str], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.breaker = Breaker(clock=clock)
        self.cloud = access.api is Api.CLOUD
        self._access = access
        self._paths = paths
        self._once = Once()
        self._pace = Pace(CLOUD_LIMIT, kept_back=KEPT_FOR_ORDERS, clock=clock) if self.cloud else None
        headers = {"X-API-Key": access.key} if access.key else None
        self._reading, self._writing = clients(access.read_seconds, CONNECT_SECONDS, headers)

    async def close(self) -> None:
        await self._reading.aclose()
        await self._writing.aclose()

    def path(self, operation: str, *, bank: str = "", unit: str = "", reference: str = "") -> str:
        whole = self._paths[operation]
        if self.cloud and operation != "locations":
            whole = self._paths["prefix"] + whole
        return fill(whole, bank=bank, unit=unit, reference=reference)

    async def read(self, path: str) -> Any:
        """GET, tried again with jitter when nothing came back. The parsed answer, or None for 404."""
        await self._turn(urgent=False)
        async with self.breaker.guard():
            try:
                async with asyncio.timeout(self._access.read_seconds):
                    async for attempt in stamina.retry_context(
                        on=_worth_repeating, attempts=READ_ATTEMPTS, timeout=None, wait_initial=0.1, wait_jitter=0.2
                    ):
                        with attempt:
                            return await self._read_once(path)
            except TimeoutError:
                raise Unreachable(f"no answer within {self._access.read_seconds:g} s") from None
        raise AssertionError("a retry context ends by returning or raising")

    async def open(self, order: UUID, path: str, within: timedelta) -> Any:
        """Sent once and never again: the gateway itself tries up to three times, for 62 s. `within` is longer."""
        await self._turn(urgent=True)
        self._once.claim(order)
        sent = Sent()
        # The key makes the cloud answer a repetition from memory; none comes from us.
        headers = {"Idempotency-Key": str(order)}
        if self._access.wait_seconds:
            headers["Prefer"] = f"wait={self._access.wait_seconds}"
        else:
            headers["Prefer"] = "respond-async"
        try:
            async with self.breaker.guard(), uncertain(sent, within):
                status, answer, said = await self._whole(
                    self._writing, "POST", path, sent, headers if self.cloud else None
                )
                if status >= 500 or status in {408, 409}:
                    raise Ambiguous(f"answered {status} {wire.error(answer)} after the request was sent".strip())
                return _parsed(status, answer, said)
        except (Unreachable, AuthFailed):
            self._once.release(order)
            raise

    async def change(self, method: str, path: str, body: Mapping[str, object] | None, within: timedelta) -> Any:
        """What may be repeated: by contract the second time finds the first. The answer, also that of a 409 to a POST,
        which is what exists already; None for 404. Raises Ambiguous when no attempt was answered, and when a later one
        was refused: that says nothing of the one before. Only what is to be deleted is gone whoever took it away."""
        await self._turn(urgent=True)
        sent = Sent()
        try:
            async with self.breaker.guard(), uncertain(sent, within):
                status, answer, said = await self._attempts(method, path, body, sent)
                if status >= 500 or status == 408:
                    raise _unfinished(status, answer)
                if status == 404 and (method == "DELETE" or not sent.yes):
                    return None
                exists = status == 409 and method == "POST"
                return _taken(200 if exists else status, answer, said)
        except (Unreachable, AuthFailed, Refused) as error:
            if sent.yes:
                raise Ambiguous(f"an attempt before was not answered; then: {error.detail}") from error
            raise

    async def _attempts(self, method: str, path: str, body: Mapping[str, object] | None, sent: Sent) -> Answer:
        """The last attempt's answer. `sent`: afterwards, whether an attempt before it may have had an effect."""
        pauses, contention, doubt = list(PAUSES), list(CONTENTION_PAUSES), False
        while True:
            # A new key each time: the cloud would answer an old one with what it answered before.
            keyed = {"Idempotency-Key": str(uuid4()), "Prefer": f"wait={TAKEN_ON_SECONDS}"}
            headers = keyed if self.cloud else None
            try:
                got = await self._whole(self._writing, method, path, sent, headers, body, ATTEMPT_SECONDS)
            except (httpx2.HTTPError, TimeoutError):
                doubt = sent.yes
                if not pauses:
                    raise
                await asyncio.sleep(pauses.pop(0))
                continue
            contended = wire.error(got[1]).code == wire.CONTENDED
            left, wrong = (contention if contended else pauses), got[0] >= 500 or got[0] == 408
            sent.yes = doubt
            if not wrong or not left:
                return got
            doubt = sent.yes = doubt or not contended
            await asyncio.sleep(left.pop(0))

    async def _read_once(self, path: str) -> Any:
        try:
            status, answer, headers = await self._whole(self._reading, "GET", path, Sent())
        except httpx2.HTTPError as error:
            raise Unreachable(why(error)) from error
        if status == 404:
            return None
        if status >= 500 or status == 408:
            raise Unreachable(f"answered {status} {wire.error(answer)}".strip(), retry_after=retry_after(headers))
        return _parsed(status, answer, headers)

    async def _whole(
        self,
        client: httpx2.AsyncClient,
        method: str,
        path: str,
        sent: Sent,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        patience: float | None = None,
    ) -> Answer:
        """One request, and where the cloud answers 202 the end of what it has taken on. `patience`: seconds until it
        must have answered at all. Raises TimeoutError."""
        async with asyncio.timeout(patience):
            got = await exchange(client, method, self._access.base_url, path, sent, body=body, headers=headers)
        self._heed(got)
        looks = iter(LOOKS)
        while got[0] == 202:
            where = self._pending(got[2])
            await asyncio.sleep(next(looks, LOOKS[-1]))
            got = await self._look(method, where, got)
        return got

    async def _look(self, method: str, where: str, before: Answer) -> Answer:
        """What became of a request. Looking moves nothing: a look without an answer is simply followed by another."""
        try:
            got = await exchange(self._reading, "GET", where, "", Sent())
        except httpx2.HTTPError:
            return before
        self._heed(got)
        if got[0] == 429:
            await asyncio.sleep((retry_after(got[2]) or USUAL_PAUSE).total_seconds())
            return before
        # Its own refusals would be taken for those of the gateway, which it passes on as they are. What a gateway does
        # not have it names; where nothing is to be made or opened that may be believed.
        absent = got[0] == 404 and method in {"GET", "DELETE"} and wire.error(got[1]).code in wire.ABSENT
        if got[0] in {401, 403, 404} and not absent:
            raise ContractBroken(f"asked what became of the request, the cloud answered {got[0]}")
        return got

    def _pending(self, headers: httpx2.Headers) -> str:
        """Where to ask; never another host, for the key goes with it."""
        base = httpx2.URL(self._access.base_url)
        try:
            where = base.join(headers.get("Location", ""))
        except (httpx2.InvalidURL, ValueError) as error:
            raise ContractBroken("202 names no place to ask") from error
        if (where.scheme, where.host, where.port) != (base.scheme, base.host, base.port) or where.path in {"", "/"}:
            raise ContractBroken("202 names no place to ask on the same host")
        return str(where)

    async def _turn(self, *, urgent: bool) -> None:
        if self._pace:
            await self._pace.turn(patience=TURN_SECONDS, urgent=urgent)

    def _heed(self, got: Answer) -> None:
        if self._pace is None:
            return
        left = got[2].get("X-RateLimit-Remaining", "")
        self._pace.told(int(left) if left.isascii() and left.isdigit() and len(left) < 9 else None)
        if got[0] == 429:
            self._pace.stop_for(retry_after(got[2]) or USUAL_PAUSE)


def _unfinished(status: int, answer: bytes) -> DeviceError:
    said = wire.error(answer)
    if said.code == wire.CONTENDED:
        return Unreachable("the gateway gave its lockers to others all the while")
    return Ambiguous(f"answered {status} {said}".strip())


def _taken(status: int, answer: bytes, headers: httpx2.Headers) -> Any:
    """The gateway answered, so it was asked: what nobody can read may tell that it was done."""
    try:
        return _parsed(status, answer, headers)
    except ContractBroken as error:
        raise Ambiguous(f"the answer made no sense: {error.detail}") from error


def _worth_repeating(error: Exception) -> bool:
    return isinstance(error, Unreachable) and error.retry_after is None


def _parsed(status: int, body: bytes, headers: httpx2.Headers) -> Any:
    if status == 204:
        return {}
    if 200 <= status < 300:
        try:
            return decode(body)
        except WrongShape as error:
            raise ContractBroken(str(error)) from error
    said = wire.error(body)
    if status == 429:
        raise Unreachable(f"asked to slow down {said}".strip(), retry_after=retry_after(headers) or USUAL_PAUSE)
    if status == 401:
        raise AuthFailed("the API key was refused")
    if 400 <= status < 500:
        reason = {wire.FULL: "NO_FREE_UNIT"}.get(said.code, BY_STATUS.get(status, "REFUSED"))
        raise Refused(f"answered {status} {said}".strip(), reason=reason)
    raise ContractBroken(f"answered {status}")
