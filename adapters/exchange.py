"""One HTTP request and its one whole answer, knowing at each moment whether anything has left us."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, cast

import httpx2

from adapters import reach
from app.devices.port import Ambiguous, ContractBroken, DeviceError, Refused, Unreachable

ANSWER_LIMIT = 1024 * 1024
LONGEST_WAIT = timedelta(hours=1)


class ForbiddenAddress(httpx2.ConnectError):
    """Connected with an address nobody may speak to, and hung up before anything was sent."""


@dataclass(slots=True)
class Sent:
    """Whether the first byte of the request has left; httpx reports it by trace events."""

    yes: bool = False

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith("send_request_headers.started"):
            self.yes = True
        elif event.endswith("connect_tcp.complete"):
            stream = info["return_value"]
            if reach.stopped(stream.get_extra_info("server_addr")):
                await stream.aclose()
                raise ForbiddenAddress("this address may not be spoken to")


@cache
def tls() -> ssl.SSLContext:
    """One for all connections: loading the certificate store takes tens of milliseconds."""
    return httpx2.create_ssl_context()


class _Named:
    """TLS for whoever dials an address: the certificate must be the name's all the same."""

    check_hostname = True

    def __init__(self, name: str) -> None:
        self._name = name

    def wrap_socket(self, plain: socket.socket, **more: Any) -> ssl.SSLSocket:
        return tls().wrap_socket(plain, **{**more, "server_hostname": self._name})


def named(host: str) -> ssl.SSLContext:
    return cast("ssl.SSLContext", _Named(host))


def clients(
    read_seconds: float, connect_seconds: float, headers: Mapping[str, str] | None = None
) -> tuple[httpx2.AsyncClient, httpx2.AsyncClient]:
    """One that reads over kept connections, and one that writes, each write on a fresh connection: on a kept one, "the
    other side had already closed it" and "the answer was lost" look the same, and the second must never be sent
    again."""
    connect = min(connect_seconds, read_seconds)
    given = {"Accept": "application/json", "Accept-Encoding": "identity", **(headers or {})}
    reading = httpx2.AsyncClient(
        timeout=httpx2.Timeout(read_seconds, connect=connect), headers=given,
        limits=httpx2.Limits(max_connections=16), verify=tls(),
    )  # fmt: skip
    writing = httpx2.AsyncClient(
        timeout=httpx2.Timeout(None, connect=connect), headers=given,
        limits=httpx2.Limits(max_keepalive_connections=0), verify=tls(),
    )  # fmt: skip
    return reading, writing


def within(base: str, path: str) -> httpx2.URL:
    """The address of a path at an account. Raises Refused where it would be another host's: credentials go with it."""
    try:
        home, url = httpx2.URL(base), httpx2.URL(base + path)
    except (httpx2.InvalidURL, ValueError) as error:
        raise Refused("this path gives no address", reason="BAD_SETTINGS") from error
    if (url.scheme, url.host, url.port, url.userinfo) != (home.scheme, home.host, home.port, b""):
        raise Refused("this path leads to another host", reason="BAD_SETTINGS")
    return url


async def exchange(
    client: httpx2.AsyncClient,
    method: str,
    base: str,
    path: str,
    sent: Sent,
    *,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, object] | None = None,
    form: Mapping[str, str] | None = None,
    auth: str | httpx2.BasicAuth = "",
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes, httpx2.Headers]:
    """One request at the account's own host, its body JSON or a form; one whole answer of at most a mebibyte."""
    url = within(base, path)
    given = {**(headers or {}), **({"Authorization": auth} if isinstance(auth, str) and auth else {})}
    basic = None if isinstance(auth, str) else auth
    request = client.build_request(
        method, url, params=query, json=body, data=form, headers=given, extensions={"trace": sent.trace}
    )
    response = await client.send(request, stream=True, auth=basic, follow_redirects=False)
    try:
        # A compressed answer was not asked for and could unfold without bounds.
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise ContractBroken("a compressed answer came that was not asked for")
        parts, size = [], 0
        async for part in response.aiter_raw():
            parts.append(part)
            size += len(part)
            if size > ANSWER_LIMIT:
                raise ContractBroken("the answer is larger than 1 MiB")
    finally:
        await response.aclose()
    return response.status_code, b"".join(parts), response.headers


@asynccontextmanager
async def uncertain(sent: Sent, within: timedelta) -> AsyncIterator[None]:
    """Turn whatever went wrong into: nothing left us, or we cannot know."""
    try:
        async with asyncio.timeout(within.total_seconds()):
            yield
    except TimeoutError as error:
        raise _verdict(sent, "the deadline passed") from error
    except httpx2.HTTPError as error:
        raise _verdict(sent, why(error)) from error
    except ContractBroken as error:
        raise _verdict(sent, error.detail) from error


def _verdict(sent: Sent, why: str) -> DeviceError:
    if sent.yes:
        return Ambiguous(f"{why} after the request was sent")
    return Unreachable(f"{why} before anything was sent")


def retry_after(headers: httpx2.Headers) -> timedelta | None:
    """An hour at most. A date is counted from the answer's own: nobody knows how far off our clock is from theirs."""
    text = headers.get("Retry-After", "")
    if text.isascii() and text.isdigit() and len(text) < 9:
        return min(timedelta(seconds=int(text)), LONGEST_WAIT)
    try:
        left = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("Date", ""))
    # Of two dates one may name no zone.
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(left, timedelta()), LONGEST_WAIT)


def why(error: Exception) -> str:
    """The kind of trouble without its words: these can hold addresses and credentials."""
    return error.detail if isinstance(error, DeviceError) else type(error).__name__
