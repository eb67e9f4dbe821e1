"""Faults of an HTTP vendor, put before its simulator: late, wrong, cut off, or lost after the effect."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.simulation.faults import Fault, Faults

KINDS = frozenset(
    {
        "drip",  # effect, then the answer in many pieces, `ms` apart
        "hang",  # no effect, no answer
        "huge",  # effect, then more than a mebibyte
        "latency",  # `ms` later, effect and all: longer than the caller waits is an effect that comes late
        "lost",  # effect, no answer
        "malformed",  # effect, then no JSON
        "reject_token",  # 401 for a token that is good
        "reset",  # no effect, connection cut
        "reset_after",  # effect, connection cut before the answer
        "reset_mid",  # effect, connection cut in the middle of the answer
        "status",  # no effect, `status`
        "status_after",  # effect, then `status` all the same
        "swap",  # effect, then an answer whose field `word` names another thing
        "truncated",  # effect, then the first half of the answer as if it were whole
        "wrong_shape",  # effect, then JSON of another shape
    }
)

# Method and path -> operation and bank.
Reader = Callable[[str, str], tuple[str, str]]


class HttpFaults:
    """ASGI middleware; outermost, for it needs the server's own transport to cut connections."""

    def __init__(self, app: ASGIApp, faults: Faults, read: Reader) -> None:
        self._app = app
        self._faults = faults
        self._read = read
        # The latest addresses that were asked for, as they came.
        self.asked: deque[str] = deque(maxlen=100)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_sim"):
            await self._app(scope, receive, send)
            return
        # Callers hang up in the middle of their own requests; that is no error of the simulator.
        with suppress(ClientDisconnect):
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(f"{scope['raw_path'].decode()}?{scope['query_string'].decode()}")
        operation, bank = self._read(scope["method"], scope["raw_path"].decode())
        if how := self._faults.away(bank):
            await (_cut(receive) if how == "reset" else _until_gone(receive))
            return
        fault = self._faults.take(operation, bank)
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.kind in _BEFORE:
            await _BEFORE[fault.kind](fault, self._app, scope, receive, send)
        else:
            # The effect first; the answer it would have given is kept back.
            answer: list[Message] = []
            await self._app(scope, receive, _into(answer))
            await _AFTER[fault.kind](fault, answer, scope, receive, send)


def _into(answer: list[Message]) -> Send:
    async def keep_back(message: MutableMapping[str, Any]) -> None:
        answer.append(message)

    return keep_back


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _cut(receive: Receive) -> None:
    # uvicorn hands out a bound method of the request, which knows its transport.
    receive.__self__.transport.abort()  # type: ignore[attr-defined]
    await asyncio.sleep(0.01)


async def _late(fault: Fault, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    # Take the body now: by then the caller may have hung up, and the effect has to come all the same.
    kept = [await receive()]
    while kept[-1].get("more_body"):
        kept.append(await receive())

    async def again() -> Message:
        return kept.pop(0) if kept else await receive()

    await asyncio.sleep(fault.ms / 1000)
    await app(scope, again, send)


async def _hang(_fault: Fault, _app: ASGIApp, _scope: Scope, receive: Receive, _send: Send) -> None:
    await _until_gone(receive)


async def _reset(_fault: Fault, _app: ASGIApp, _scope: Scope, receive: Receive, _send: Send) -> None:
    await _cut(receive)


async def _refuse(fault: Fault, _app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    if fault.kind == "reject_token":
        await JSONResponse({"message": "Unauthorized"}, status_code=401)(scope, receive, send)
    else:
        await _error(fault)(scope, receive, send)


async def _lost(_fault: Fault, _answer: list[Message], _scope: Scope, receive: Receive, _send: Send) -> None:
    await _until_gone(receive)


async def _reset_after(_fault: Fault, _answer: list[Message], _scope: Scope, receive: Receive, _send: Send) -> None:
    await _cut(receive)


async def _reset_mid(_fault: Fault, answer: list[Message], _scope: Scope, receive: Receive, send: Send) -> None:
    await send(answer[0])
    body = _body(answer)
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    # Long enough for the first half to leave before the transport goes.
    await asyncio.sleep(0.05)
    await _cut(receive)


def _body(answer: list[Message]) -> bytes:
    return b"".join(message.get("body", b"") for message in answer[1:])


async def _drip(fault: Fault, answer: list[Message], _scope: Scope, receive: Receive, send: Send) -> None:
    await send(answer[0])
    body = _body(answer)
    step = max(1, len(body) // 20)
    gone = asyncio.create_task(_until_gone(receive))
    for start in range(0, len(body), step):
        await send({"type": "http.response.body", "body": body[start : start + step], "more_body": True})
        if (await asyncio.wait([gone], timeout=fault.ms / 1000))[0]:
            return
    gone.cancel()
    await send({"type": "http.response.body", "body": b""})


async def _changed(fault: Fault, answer: list[Message], scope: Scope, receive: Receive, send: Send) -> None:
    body = _body(answer)
    if fault.kind == "swap":
        body = json.dumps({**json.loads(body), fault.word: "another"}).encode()
    else:
        body = body[: len(body) // 2]
    await Response(body, answer[0]["status"], media_type="application/json")(scope, receive, send)


async def _wrong(fault: Fault, _answer: list[Message], scope: Scope, receive: Receive, send: Send) -> None:
    await _WRONG[fault.kind](fault)(scope, receive, send)


def _error(fault: Fault) -> Response:
    """429 and 503 say when to come back: as `word` has it, else after `ms`, or a second."""
    body = {"errors": [{"errorCode": "simulated", "errorDescription": f"a simulated {fault.status}"}]}
    said = fault.word or str(round(fault.ms / 1000) or 1)
    wait = {"Retry-After": said} if fault.status in {429, 503} else None
    return JSONResponse(body, status_code=fault.status, headers=wait)


_WRONG: dict[str, Callable[[Fault], Response]] = {
    "huge": lambda _: Response(b'{"padding":"' + b"x" * 2_000_000 + b'"}', media_type="application/json"),
    "malformed": lambda _: Response(b'{"lockerBankId": "1", "units": [', media_type="application/json"),
    "status_after": _error,
    "wrong_shape": lambda _: JSONResponse([[{"lockerUnitId": 7}]]),
}
_BEFORE: dict[str, Callable[[Fault, ASGIApp, Scope, Receive, Send], Awaitable[None]]] = {
    "hang": _hang,
    "latency": _late,
    "reject_token": _refuse,
    "reset": _reset,
    "status": _refuse,
}
_AFTER: dict[str, Callable[[Fault, list[Message], Scope, Receive, Send], Awaitable[None]]] = {
    "drip": _drip,
    "huge": _wrong,
    "lost": _lost,
    "malformed": _wrong,
    "reset_after": _reset_after,
    "reset_mid": _reset_mid,
    "status_after": _wrong,
    "swap": _changed,
    "truncated": _changed,
    "wrong_shape": _wrong,
}
