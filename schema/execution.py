"""The engine: a read is one statement, mutations run one after the other and their answers are read back."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    OperationType,
    SelectionSetNode,
)
from graphql.execution.values import VariableValues

from app.kit.clock import Clock, utc_now
from app.kit.db import Database
from app.kit.errors import NotFound
from app.kit.reading.select import TYPENAME
from app.kit.reading.shape import Catalogue
from app.kit.reading.statement import self_test
from schema.acting import OPEN_TO_ALL, Acts
from schema.catalogue import CATALOGUE
from schema.documents import Document, Operation
from schema.engine import Caller, Request
from schema.errors import Code, RequestError, body, fault, listed, refusal
from schema.explaining import SPECIAL
from schema.late import LateField, finish
from schema.limits import ANSWER_BYTES
from schema.loaders import Reader
from schema.misfits import arguments
from schema.mutations import Mutations, Outcome, Seen, registry
from schema.plain import Plain, Special, restricted
from schema.plain import run as run_plain
from schema.plans import Bound, Plans
from schema.render import Renderer, UnseenError, problem
from schema.viewing import View, Views
from tenants.model import Actor
from tenants.work import Answer, Closing

# From where the request came, for the record; set by whoever accepts connections.
ORIGIN: ContextVar[str] = ContextVar("origin", default="api")


class NothingThereError(Exception):
    """A statement that must answer gave nothing: a required value was null."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One root field of a mutation as it stands in its document."""

    document: Document
    operation: Operation
    variables: VariableValues
    key: str
    nodes: Sequence[FieldNode]
    actor: Actor | None


class CompiledEngine:
    """Implements schema.engine.Engine but for `stream`. `late` finishes what SQL cannot; `parts` go to mutations."""

    def __init__(
        self,
        schema: GraphQLSchema,
        db: Database,
        *,
        catalogue: Catalogue = CATALOGUE,
        late: Mapping[str, LateField] | None = None,
        special: Special | None = None,
        parts: Mapping[str, Any] | None = None,
        mutations: Mutations | None = None,
        clock: Clock = utc_now,
        most_bytes: int = ANSWER_BYTES,
    ) -> None:
        self.schema, self.db, self.catalogue = schema, db, catalogue
        self.late, self.special = late or {}, SPECIAL if special is None else special
        self.plans, self.most_bytes = Plans(schema, catalogue), most_bytes
        self.views = Views()
        functions = registry() if mutations is None else mutations
        self.acts = Acts(schema, functions, db, clock, parts or {})
        self.compiled = frozenset(catalogue.roots) | {TYPENAME}

    async def start(self) -> None:
        """Raises where the server cannot run our statements safely."""
        async with self.db.pool.acquire() as conn:
            await self_test(conn)

    async def run(self, document: Document, request: Request, caller: Caller, trace_id: str) -> bytes:
        operation = document.operation(request.operation_name)
        variables = self.plans.variables(operation, request)
        if operation.kind is OperationType.MUTATION:
            return await self.mutate(document, operation, variables, caller, trace_id)
        view = self.view(caller)
        if not self.compiled.issuperset(self.plans.root_names(document, operation)):
            return await self.mixed(document, operation, variables, request, view, trace_id)
        bound = await self.plans.query(document, operation, variables, view)
        return b'{"data":' + (await self.read(bound, view)).encode() + b"}"

    def actor(self, caller: Caller) -> Actor | None:
        actor = getattr(caller, "actor", None)
        return actor if isinstance(actor, Actor) else None

    def view(self, caller: Caller) -> View:
        actor = self.actor(caller)
        if actor is None:
            raise refusal(Code.UNAUTHENTICATED, "sign in first", 401)
        return self.views.of(actor)

    async def read(self, bound: Bound, view: View) -> str:
        return await finish(await self.ask(bound, view), view.actor, self.late)

    async def ask(self, bound: Bound, view: View) -> Any:
        """The one round trip."""
        arguments = bound.statement.arguments({**bound.values, **view.values})
        async with self.db.pool.acquire() as conn:
            row = await conn.fetchrow(bound.statement.text, *arguments)
        if row[2] is None:
            raise NothingThereError(bound.statement.text)
        self.weigh([row[2]] if isinstance(row[2], str) else row[2])
        return row[2]

    def weigh(self, texts: Sequence[str]) -> None:
        """Before they are copied a few times more on their way out. Raises RequestError."""
        if sum(map(len, texts)) > self.most_bytes:
            words = f"the answer is larger than {self.most_bytes} bytes: ask for less at once"
            raise refusal(Code.ANSWER_LIMIT, words)

    async def mixed(
        self,
        document: Document,
        operation: Operation,
        variables: VariableValues,
        request: Request,
        view: View,
        trace_id: str,
    ) -> bytes:
        """Some root fields by one statement, the others by graphql-core; joined in the order they were asked for."""
        flags = self.plans.flags(document, operation, variables)
        roots = self.plans.roots(document, operation.node.selection_set, flags)
        found: dict[str, str] = {}
        ours = [key for key, nodes in roots.items() if nodes[0].name.value in self.compiled]
        if ours:
            bound = await self.plans.query(document, operation, variables, view, only=self.compiled.__contains__)
            found |= zip(ours, await self.read_pieces(bound, view), strict=True)
        others = [node for key, nodes in roots.items() if key not in found for node in nodes]
        errors: list[GraphQLError] = []
        if others:
            async with self.db.tenant(view.actor.tenants, view.actor.organization_id) as conn:
                reader = Reader(self.catalogue, conn, view, self.late)
                result = await run_plain(
                    self.schema,
                    restricted(document.ast, operation.node, others),
                    None,
                    request.variables,
                    Plain(reader, self.special),
                )
            errors = list(result.errors or ())
            if result.data is None:
                return body(errors, trace_id)[:-1] + b',"data":null}'
            found |= {key: orjson.dumps(value).decode() for key, value in result.data.items()}
        self.weigh(list(found.values()))
        data = ('{"data":{' + ",".join(f'"{key}":{found[key]}' for key in roots) + "}").encode()
        return data + (b',"errors":' + listed(errors, trace_id) if errors else b"") + b"}"

    async def read_pieces(self, bound: Bound, view: View) -> list[str]:
        return [await finish(text, view.actor, self.late) for text in await self.ask(bound, view)]

    # --- mutations ---

    async def mutate(
        self, document: Document, operation: Operation, variables: VariableValues, caller: Caller, trace_id: str
    ) -> bytes:
        """Every mutation in its order. A fault ends the list: what was done before it stays done and on record."""
        actor = self.actor(caller)
        mutation = self.schema.mutation_type
        assert mutation is not None
        roots = self.plans.collector(document, self.plans.flags(document, operation, variables)).fields(
            mutation, [operation.node.selection_set]
        )
        names = {nodes[0].name.value for nodes in roots.values()}
        if actor is None and names - {OPEN_TO_ALL, TYPENAME}:
            raise refusal(Code.UNAUTHENTICATED, "sign in first", 401)
        given = {key: self.arguments(mutation.fields, nodes[0], variables) for key, nodes in roots.items()}
        members = []
        for key, nodes in roots.items():
            name = nodes[0].name.value
            if name == TYPENAME:
                members.append(f'"{key}":"{mutation.name}"')
                continue
            asked = Asked(document, operation, variables, key, nodes, actor)
            closing = self.closing(asked, mutation.fields[name])
            try:
                outcome = await self.acts.act(
                    name, mutation.fields[name], given[key], actor=actor, trace_id=trace_id, origin=ORIGIN.get(),
                    closing=closing,
                )  # fmt: skip
                text = await self.answered(asked, outcome, closing)
            except RequestError as error:
                return body(error.errors, trace_id)[:-1] + b',"data":null}'
            except Exception as error:  # noqa: BLE001 - the field's fault: masked by `body`, logged whole there
                blamed = fault(error)
                blamed.path = [key]
                return body([blamed], trace_id)[:-1] + b',"data":null}'
            members.append(f'"{key}":{text}')
        return ('{"data":{' + ",".join(members) + "}}").encode()

    def arguments(self, fields: Mapping[str, Any], node: FieldNode, variables: VariableValues) -> dict[str, Any]:
        if node.name.value == TYPENAME:
            return {}
        return arguments(fields[node.name.value], node, variables)

    def closing(self, asked: Asked, definition: GraphQLField) -> Closing | None:
        """The way to read an entity that the mutation promises along with the commit."""
        if asked.actor is None:
            return None
        view = self.views.of(asked.actor)
        selections = [node.selection_set for node in asked.nodes if node.selection_set is not None]

        async def statement(answer: Answer) -> tuple[str, list[Any]] | None:
            name, id_ = answer
            if not self.acts.promised(definition, name):
                return None
            try:
                bound = await self.entity(asked, name, selections, (asked.key,), view)
            except Exception:  # noqa: BLE001 - what is wrong with the question must not undo the act: it is said after it
                return None
            return bound.statement.text, bound.statement.arguments({**bound.values, **view.values, "id": id_})

        return Closing(statement)

    async def entity(
        self, asked: Asked, name: str, selections: Sequence[SelectionSetNode], place: tuple[str, ...], view: View
    ) -> Bound:
        return await self.plans.object(asked.document, asked.operation, asked.variables, name, selections, place, view)

    async def answered(self, asked: Asked, outcome: Outcome, closing: Closing | None) -> str:
        """The answer read back; where it is gone by now, as a replayed one may be, the problem that says so."""
        try:
            return await self.read_back(asked, outcome, closing)
        except UnseenError:
            mutation = self.schema.mutation_type
            gone = problem(NotFound("It was done, and is not there any more."))
            if mutation is None or not self.acts.promised(mutation.fields[asked.nodes[0].name.value], gone.type):
                raise
            return await self.read_back(asked, gone, None)

    async def read_back(self, asked: Asked, outcome: object, closing: Closing | None) -> str:
        """The JSON of what a root field answered. Raises UnseenError where a promised entity is not visible."""
        flags = self.plans.flags(asked.document, asked.operation, asked.variables)

        async def read(
            name: str, id_: UUID, selections: Sequence[SelectionSetNode], place: tuple[str, ...], seen: Seen | None
        ) -> str:
            reader = seen.actor if seen is not None else asked.actor
            if reader is None:
                raise UnseenError(name)
            view = self.views.of(reader)
            row = closing.rows.pop((name, id_), None) if closing is not None and place == (asked.key,) else None
            if row is not None and row[2] is not None:
                return await finish(row[2], view.actor, self.late)
            bound = await self.entity(asked, name, selections, place, view)
            return await self.read(Bound(bound.statement, {**bound.values, "id": id_}), view)

        root = self.schema.get_root_type(asked.operation.kind)
        assert root is not None
        renderer = Renderer(self.schema, self.plans.collector(asked.document, flags), read)
        return await renderer.value(root.fields[asked.nodes[0].name.value].type, asked.nodes, outcome, (asked.key,))
