"""GraphQL over HTTP: one endpoint that negotiates, admits, runs and writes finished bytes."""

import orjson
from graphql import OperationType
from starlette.types import Receive, Scope, Send

from schema.engine import Caller, Request
from schema.errors import Code, RequestError, body, fault, refusal
from schema.transport import message, sse
from schema.transport.access import Anonymous, Authenticate, Credentials, origin_allowed
from schema.transport.doorbell import rings, strangers
from schema.transport.negotiation import Media, is_json, negotiate
from schema.transport.pace import Pace
from schema.transport.pipeline import Pipeline, Prepared, new_trace_id
from schema.transport.wire import Exchange, GoneError, TooLargeError, headers_of, read_body


class GraphQLHTTP:
    """An ASGI application for one path."""

    def __init__(self, pipeline: Pipeline, authenticate: Authenticate, streams: sse.Streams | None = None) -> None:
        self.pipeline, self.authenticate = pipeline, authenticate
        self.settings = pipeline.settings
        self.strangers = strangers(pipeline)
        self.streams = streams or sse.Streams(self.settings)
        rate = self.settings.requests_per_second
        self.pace = None if rate is None else Pace(rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        media = negotiate(headers.get("accept", "*/*"))
        exchange = Exchange(scope, receive, send, headers, media or Media.JSON, new_trace_id())
        try:
            await self.handle(exchange, acceptable=media is not None)
        except RequestError as error:
            await exchange.refuse(error)
        except TooLargeError:
            await exchange.refuse(refusal(Code.BAD_REQUEST, "the body is too large", 413), (b"connection", b"close"))
        except GoneError:
            return
        except Exception as error:  # noqa: BLE001 - the last line before the caller: masked here, logged whole
            await exchange.answer(500, body([fault(error)], exchange.trace_id))

    async def handle(self, exchange: Exchange, *, acceptable: bool) -> None:
        method = exchange.scope["method"]
        if method not in ("POST", "GET"):
            refused = refusal(Code.BAD_REQUEST, "only GET and POST are understood here", 405)
            await exchange.refuse(refused, (b"allow", b"GET, POST"))
            return
        if not acceptable:
            raise refusal(Code.BAD_REQUEST, "none of the accepted media types can be produced", 406)
        if "cookie" in exchange.headers and "authorization" not in exchange.headers:
            self.guard_cookie(exchange)
        caller = await self.authenticate(Credentials(exchange.headers))
        if caller is None or caller.is_anonymous:
            await self.doorbell(exchange, caller or Anonymous())
            return
        if self.pace is not None:
            may, exchange.notes = self.pace.take(caller.revoked)
            if not may:
                raise refusal(Code.OVERLOADED, "too many requests; wait a moment", 429)
        request = await self.read_request(exchange, self.settings.body_bytes)
        await self.serve(exchange, request, caller)

    def guard_cookie(self, exchange: Exchange) -> None:
        if not origin_allowed(exchange.headers, self.settings.origins):
            raise refusal(Code.FORBIDDEN, "this origin may not use the session cookie", 403)

    async def read_request(self, exchange: Exchange, most: int) -> Request:
        nesting = self.settings.variables_nesting
        if exchange.scope["method"] == "GET":
            query_string: bytes = exchange.scope["query_string"]
            if len(query_string) > self.settings.url_bytes:
                raise refusal(Code.BAD_REQUEST, "the address is too long", 414)
            return message.from_query_string(query_string, nesting)
        self.check_content(exchange.headers)
        return message.from_json(await read_body(exchange.receive, exchange.headers, most), nesting)

    def check_content(self, headers: dict[str, str]) -> None:
        if not is_json(headers.get("content-type", "")):
            raise refusal(Code.BAD_REQUEST, "the body must be application/json in UTF-8", 415)
        if headers.get("content-encoding", "identity") != "identity":
            raise refusal(Code.BAD_REQUEST, "compressed bodies are not taken", 415)

    async def serve(self, exchange: Exchange, request: Request, caller: Caller) -> None:
        try:
            ready = await self.pipeline.prepare(request)
        except RequestError as error:
            await self.refuse_document(exchange, error)
            return
        if ready.kind is OperationType.MUTATION and exchange.scope["method"] == "GET":
            refused = refusal(Code.BAD_REQUEST, "a mutation needs POST", 405)
            await exchange.refuse(refused, (b"allow", b"POST"))
            return
        if exchange.media is Media.EVENTS:
            await self.streams.serve(self.pipeline, ready, caller, exchange)
            return
        if ready.kind is OperationType.SUBSCRIPTION:
            raise refusal(Code.BAD_REQUEST, "a subscription needs `Accept: text/event-stream` or a WebSocket", 406)
        try:
            await self.answer_with(ready, exchange, caller)
        except RequestError as error:
            await self.refuse_document(exchange, error)

    async def answer_with(self, ready: Prepared, exchange: Exchange, caller: Caller) -> None:
        content = await self.pipeline.run(ready, caller, exchange.trace_id)
        limit = self.pipeline.documents.limits.cost
        if exchange.headers.get("x-graphql-cost") == "report":
            report = orjson.dumps({"cost": {"requested": ready.cost, "limit": limit}})
            content = content[:-1] + b',"extensions":' + report + b"}"
        await exchange.answer(200, content, (b"x-graphql-cost", b"%d/%d" % (ready.cost, limit)))

    async def refuse_document(self, exchange: Exchange, error: RequestError) -> None:
        """What is wrong with a document: 200 for who asked for plain JSON, as the GraphQL over HTTP draft has it."""
        if exchange.media is Media.EVENTS:
            await self.streams.refuse(exchange, error)
            return
        plain = exchange.media is Media.JSON and error.status == 400 and not misused(error)
        await exchange.refuse(error, status=200 if plain else error.status)

    async def doorbell(self, exchange: Exchange, nobody: Caller) -> None:
        """Strangers: one small signIn, or 401 before anything of theirs is looked at as GraphQL."""
        request = await self.read_ring(exchange)
        if request is None:
            refused = refusal(Code.UNAUTHENTICATED, "sign in first: send `Authorization: Bearer …`", 401)
            await exchange.refuse(refused, (b"www-authenticate", b"Bearer"))
            return
        try:
            await self.answer_with(await self.strangers.prepare(request), exchange, nobody)
        except RequestError:
            # No word about the schema: what is wrong would tell a stranger what exists.
            raise refusal(Code.BAD_REQUEST, "the sign-in cannot be understood") from None

    async def read_ring(self, exchange: Exchange) -> Request | None:
        if exchange.scope["method"] != "POST" or exchange.media is Media.EVENTS:
            return None
        try:
            request = await self.read_request(exchange, self.settings.anonymous_body_bytes)
            text = self.strangers.persisted.text(request.query, request.document_id, request.extensions)
            return request if rings(text, self.strangers.documents.limits) else None
        except (RequestError, TooLargeError):
            return None


def misused(error: RequestError) -> bool:
    """Whether the request, not its document, is malformed: a missing `query` is 400 for every media type."""
    return all((at.extensions or {}).get("code") == Code.BAD_REQUEST for at in error.errors)
