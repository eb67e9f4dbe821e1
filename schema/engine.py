"""What a transport asks of whatever executes documents: three words and two calls."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from graphql import GraphQLSchema

from schema.documents import Document

# Takes one finished execution result on the spot, without waiting. False: the peer does not take what it is sent.
Sink = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Request:
    """One GraphQL request as the client sent it, its shape checked, its variables not yet coerced."""

    query: str | None
    document_id: str | None = None
    variables: dict[str, object] = field(default_factory=dict)
    operation_name: str | None = None
    extensions: dict[str, object] = field(default_factory=dict)


class Caller(Protocol):
    """Who asks. Two callers of equal fingerprint get equal answers to equal requests."""

    @property
    def fingerprint(self) -> str: ...
    @property
    def is_anonymous(self) -> bool: ...
    @property
    def expires_at(self) -> datetime | None: ...
    @property
    def revoked(self) -> asyncio.Event: ...
    @property
    def may_return(self) -> bool:
        """Once revoked: whether the same credentials are still good, for other rights."""
        ...


class Engine(Protocol):
    """Executes parsed, validated and admitted documents; answers are finished JSON without a top-level `extensions`.

    Both calls may raise `schema.errors.RequestError` for what is wrong with the request itself (a variable that does
    not fit its type): nothing ran, and the transport answers in its own way for that. Any other exception is masked.
    """

    @property
    def schema(self) -> GraphQLSchema: ...

    async def run(self, document: Document, request: Request, caller: Caller, trace_id: str) -> bytes:
        """Answer a query or a mutation with one finished JSON response object."""
        ...

    def stream(
        self, document: Document, request: Request, caller: Caller, trace_id: str, sink: Sink | None = None
    ) -> AsyncIterator[bytes]:
        """Yield one finished JSON execution result per item; closing the iterator ends the subscription.

        What goes to many at once may go into `sink` instead, in order with what is yielded: to wake ten thousand
        iterators for one result costs more than the result.
        """
        ...
