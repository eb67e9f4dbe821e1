"""What every transport does with a request: find the document, admit its cost, run it, mask what went wrong."""

import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from graphql import OperationType

from app.kit import logs
from schema import introspection
from schema.documents import Document, Documents, Operation, Persisted, requested_cost
from schema.engine import Caller, Engine, Request, Sink
from schema.errors import Code, RequestError, body, fault, refusal
from schema.transport.access import Settings
from schema.transport.closing import ClosedError
from schema.transport.deadlines import Deadlines

# Trace ids must differ, not be secret: no system call for each.
NUMBERS = random.Random(random.SystemRandom().getrandbits(256))  # noqa: S311


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that may run."""

    request: Request
    document: Document
    operation: Operation
    cost: int

    @property
    def kind(self) -> OperationType:
        return self.operation.kind


def new_trace_id() -> str:
    """A W3C trace id; never taken from a caller, who could then hide in somebody else's trace."""
    return f"{NUMBERS.getrandbits(128):032x}"


class Pipeline:
    def __init__(
        self,
        engine: Engine,
        *,
        documents: Documents | None = None,
        persisted: Persisted | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.engine = engine
        self.documents = documents or Documents(engine.schema)
        self.persisted = persisted or Persisted()
        self.settings = settings or Settings()
        self.deadlines = Deadlines(self.settings.run_seconds)

    async def prepare(self, request: Request) -> Prepared:
        """Raises RequestError for whatever is wrong with the request."""
        text = self.persisted.text(request.query, request.document_id, request.extensions)
        document = await self.documents.load(text)
        if "persistedQuery" in request.extensions:
            self.persisted.register(text)
        operation = document.operation(request.operation_name)
        cost = requested_cost(operation, request.variables, self.documents.limits)
        return Prepared(request, document, operation, cost)

    async def run(self, ready: Prepared, caller: Caller, trace_id: str) -> bytes:
        """One finished response object. RequestError passes: only the transport knows how to say it."""
        logs.enter(trace_id)
        try:
            if introspection.asked_only(ready.operation):
                return await introspection.answer(self.engine.schema, ready.document, ready.operation, ready.request)
            if ready.kind is OperationType.MUTATION:
                # Never cut short by us: half of a command is worse than a late answer.
                return await self.engine.run(ready.document, ready.request, caller, trace_id)
            async with self.deadlines.watched():
                return await self.engine.run(ready.document, ready.request, caller, trace_id)
        except RequestError:
            raise
        except TimeoutError:
            return body(refusal(Code.TIMEOUT, "the answer took too long").errors, trace_id)
        except Exception as error:  # noqa: BLE001 - the last line before the caller: masked here, logged whole
            return body([fault(error)], trace_id)

    async def stream(
        self, ready: Prepared, caller: Caller, trace_id: str, sink: Sink | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Finished results, those aside that went into `sink`; an unforeseen exception becomes the last of them.

        RequestError passes, before the first; ClosedError at any time: the engine gives up a consumer too slow.
        """
        logs.enter(trace_id)
        items = self.engine.stream(ready.document, ready.request, caller, trace_id, sink)
        try:
            async for item in items:
                yield item
        except (RequestError, ClosedError):
            raise
        except Exception as error:  # noqa: BLE001 - the last line before the caller: masked here, logged whole
            yield body([fault(error)], trace_id)
        finally:
            # Engines may hand over any iterator; ending this one must reach the generator behind it.
            close = getattr(items, "aclose", None)
            if close is not None:
                await close()
