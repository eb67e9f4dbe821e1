"""The engine: reads run as one statement each, mutations one after the other with their answers read back."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any
from uuid import UUID

import orjson
from graphql import GraphQLSchema, OperationType, SelectionSetNode
from graphql.execution.values import VariableValues

from app.kit.clock import Clock, utc_now
from app.kit.db import Database
from app.kit.reading.select import TYPENAME
from app.kit.reading.shape import Catalogue
from app.kit.reading.statement import self_test
from schema.documents import Document, Operation
from schema.engine import Caller, Request
from schema.errors import Code, refusal
from schema.late import LateField, finish
from schema.plans import Bound, Plans
from schema.viewing import View, Views
from tenants.model import Actor


class NothingThereError(Exception):
    """A statement that must answer gave nothing: a required value was null."""


class CompiledEngine:
    """Implements schema.engine.Engine. `late` finishes the fields that SQL cannot, by name."""

    def __init__(
        self, schema: GraphQLSchema, catalogue: Catalogue, db: Database, *, late: Mapping[str, LateField]
    ) -> None:
        self.schema, self.db, self.late = schema, db, late
        self.plans = Plans(schema, catalogue)
        self.views = Views()
        self.compiled = frozenset(catalogue.roots) | {TYPENAME}

    async def start(self) -> None:
        """Raises where the server cannot run our statements safely."""
        async with self.db.pool.acquire() as conn:
            await self_test(conn)

    async def run(self, document: Document, request: Request, caller: Caller, trace_id: str) -> bytes:
        operation = document.operation(request.operation_name)
        variables = self.plans.variables(operation, request)
        view = self.view(caller)
        bound = self.plans.query(
            document, operation, variables, scope=view.scope, fingerprint=view.fingerprint,
            only=self.compiled.__contains__,
        )
        return b'{"data":' + (await self.read(bound, view)).encode() + b"}"

    def view(self, caller: Caller) -> View:
        actor = getattr(caller, "actor", None)
        if not isinstance(actor, Actor):
            raise refusal(Code.UNAUTHENTICATED, "sign in first", 401)
        return self.views.of(actor)

    async def read(self, bound: Bound, view: View) -> str:
        arguments = bound.statement.arguments({**bound.values, **view.values})
        async with self.db.pool.acquire() as conn:
            row = await conn.fetchrow(bound.statement.text, *arguments)
        text = row[2]
        if text is None:
            raise NothingThereError(bound.statement.text)
        return await finish(text, view.actor, self.late)
