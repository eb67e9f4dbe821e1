"""The small change of ASGI over HTTP: headers in, a bounded body, one finished answer out."""

from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

from schema.errors import RequestError, body
from schema.transport.negotiation import Media

Header = tuple[bytes, bytes]


class TooLargeError(Exception):
    """The body is longer than this caller may send."""


class GoneError(Exception):
    """The client left before it had said what it wants."""


def headers_of(scope: Scope) -> dict[str, str]:
    """By lower-case name. Of a repeated header only the first counts: what a proxy checked is what we see."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1"), value.decode("latin-1"))
    return found


async def read_body(receive: Receive, headers: dict[str, str], most: int) -> bytes:
    length = headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > 12 or int(length) > most:
        raise TooLargeError
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        whole: bytes = message.get("body", b"")
        if len(whole) > most:
            raise TooLargeError
        return whole
    body = bytearray()
    while message["type"] == "http.request":
        body += message.get("body", b"")
        if len(body) > most:
            raise TooLargeError
        if not message.get("more_body"):
            return bytes(body)
        message = await receive()
    raise GoneError


def common_headers(media: Media) -> list[Header]:
    return [
        (b"content-type", f"{media.value}; charset=utf-8".encode()),
        (b"cache-control", b"no-store"),
        (b"vary", b"accept, authorization, cookie"),
    ]


COMMON = {media: b"".join(b"%b: %b\r\n" % header for header in common_headers(media)) for media in Media}


async def write(send: Send, status: int, media: Media, body: bytes, extra: list[Header]) -> None:
    headers = [*common_headers(media), (b"content-length", str(len(body)).encode()), *extra]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@dataclass(slots=True)
class Exchange:
    """One request on its way through."""

    scope: Scope
    receive: Receive
    send: Send
    headers: dict[str, str]
    media: Media
    trace_id: str
    notes: list[Header] = field(default_factory=list)

    async def answer(self, status: int, content: bytes, *extra: Header) -> None:
        # An event stream is only ever opened by a request that may run; refusals before that are plain JSON.
        media = Media.JSON if self.media is Media.EVENTS else self.media
        headers = [(b"x-trace-id", self.trace_id.encode()), *self.notes, *extra]
        if not self.finish(status, media, content, headers):
            await write(self.send, status, media, content, headers)

    def finish(self, status: int, media: Media, content: bytes, headers: list[Header]) -> bool:
        """Where the server can take the whole answer at once, it skips a quarter of a small request's work."""
        finish = self.scope.get("extensions", {}).get("lockyard.finish")
        if finish is None or headers[-1][0] == b"connection":
            return False
        lines = [
            COMMON[media],
            *(b"%b: %b\r\n" % header for header in headers),
            self.scope.get("lockyard.headers", b""),
        ]
        done: bool = finish(status, b"content-length: %d\r\n%b" % (len(content), b"".join(lines)), content)
        return done

    async def refuse(self, error: RequestError, *extra: Header, status: int | None = None) -> None:
        await self.answer(status or error.status, body(error.errors, self.trace_id), *extra)


async def until_gone(receive: Receive) -> None:
    """Returns when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
