"""Plans: what an operation asks, compiled once for each structure of its arguments and each kind of caller."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    GraphQLObjectType,
    GraphQLSchema,
    SelectionSetNode,
    Undefined,
    coerce_input_value,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature
from graphql.execution.values import VariableValues, VariableValueSource

from app.kit.errors import Invalid
from app.kit.reading.plan import Plan
from app.kit.reading.select import Pick, Structure, Values
from app.kit.reading.shape import AnyById, AnyByIds, Catalogue
from app.kit.reading.statement import Compiled, reading
from schema.collect import Asking, Collector, field_names, flag_names
from schema.documents import Document, Operation
from schema.engine import Request
from schema.errors import Code, refusal
from schema.misfits import arguments, coerced
from schema.viewing import View

Build = Callable[[Plan, Sequence[Pick]], Any]

# Structures and selections of one operation kept at once: more than a page of filters has, less than an attack makes.
MOST = 64
# Argument sites beyond which a statement is built away from the event loop.
LARGE = 6


class Bounded(OrderedDict[Hashable, Any]):
    """A small least-recently-used store."""

    def kept(self, key: Hashable, make: Callable[[], Any]) -> Any:
        found = self.get(key)
        if found is not None:
            self.move_to_end(key)
            return found
        made = self[key] = make()
        if len(self) > MOST:
            self.popitem(last=False)
        return made


@dataclass(frozen=True, slots=True)
class Bound:
    """A statement with the values of one request; the actor's are added when it runs."""

    statement: Compiled
    values: Values


@dataclass(slots=True)
class Selection:
    """What is asked once directives are decided and types are known."""

    picks: tuple[Pick, ...]
    sites: list[Asking]
    constants: list[tuple[Structure, Values] | None] = field(default_factory=list)
    statements: Bounded = field(default_factory=Bounded)

    def __post_init__(self) -> None:
        self.constants = [None if site.variables else bound(site, None) for site in self.sites]

    def bind(self, variables: VariableValues) -> tuple[tuple[Structure, ...], Values]:
        structures: list[Structure] = []
        values: Values = {}
        for site, constant in zip(self.sites, self.constants, strict=True):
            structure, given = constant or bound(site, variables)
            structures.append(structure)
            values |= given
        return tuple(structures), values


def bound(site: Asking, variables: VariableValues | None) -> tuple[Structure, Values]:
    try:
        return site.bind(arguments(site.definition, site.node, variables))
    except Invalid as error:
        raise refusal(Code.BAD_USER_INPUT, f"{site.node.name.value}: {error.message}") from error


def at_sight(signatures: Iterable[GraphQLVariableSignature], given: Mapping[str, object]) -> VariableValues | None:
    """Variables as graphql-core coerces them, which would make their signatures anew for each request. None where it
    has more to do: a default to fill in, or something to say. How deep values nest was looked at with the message."""
    sources: dict[str, VariableValueSource] = {}
    values: dict[str, object] = {}
    for signature in signatures:
        value = given.get(signature.name, Undefined)
        if value is not Undefined:
            found = coerce_input_value(value, signature.type)
            if found is Undefined:
                return None
            values[signature.name] = found
        elif signature.default is not None or is_non_null_type(signature.type):
            return None
        sources[signature.name] = VariableValueSource(signature, value)
    return VariableValues(sources, values)


class Plans:
    """Compiles for one schema and catalogue. What it makes hangs on the document and dies with it."""

    def __init__(self, schema: GraphQLSchema, catalogue: Catalogue) -> None:
        self.schema, self.catalogue = schema, catalogue
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="plans")

    async def aside(self, make: Callable[[], Compiled]) -> Compiled:
        """In the one thread for it: many large operations at once wait for each other, not the event loop for them."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, make)

    def variables(self, operation: Operation, request: Request) -> VariableValues:
        definitions = operation.node.variable_definitions
        if not definitions:
            return VariableValues({}, {})
        plain = at_sight(operation.variables, request.variables)
        return coerced(self.schema, definitions, request.variables) if plain is None else plain

    def flags(self, document: Document, operation: Operation, variables: VariableValues) -> dict[str, bool]:
        """The values of the variables that directives look at."""
        key = ("flags", operation.name)
        names = document.plans.get(key)
        if not isinstance(names, tuple):
            sets = [operation.node.selection_set, *(each.selection_set for each in document.fragments.values())]
            names = document.plans[key] = tuple(sorted(flag_names(sets)))
        return {name: bool(variables.coerced[name]) for name in names if name in variables.coerced}

    def root_names(self, document: Document, operation: Operation) -> frozenset[str]:
        """Names of all root fields that may be asked for, whatever the directives decide."""
        key = ("names", operation.name)
        names = document.plans.get(key)
        if not isinstance(names, frozenset):
            names = document.plans[key] = frozenset(field_names(operation.node.selection_set, document.fragments))
        return names

    def collector(
        self, document: Document, flags: Mapping[str, bool], kinds: Mapping[str, Sequence[str]] | None = None
    ) -> Collector:
        return Collector(self.schema, self.catalogue, document.fragments, flags, kinds or {})

    async def query(
        self,
        document: Document,
        operation: Operation,
        variables: VariableValues,
        view: View,
        *,
        only: Callable[[str], bool] | None = None,
    ) -> Bound:
        """A query as one statement; with `only`, the root fields that pass it, each as one text of an array."""
        flags = self.flags(document, operation, variables)
        store = document.plans.get(("query", operation.name))
        if not isinstance(store, Bounded):
            store = document.plans["query", operation.name] = Bounded()
        flagged = tuple(flags.items())
        roots = store.kept(("roots", flagged), lambda: self.roots(document, operation.node.selection_set, flags))
        kinds = self.kinds(roots, variables)

        def select() -> Selection:
            collector = self.collector(document, flags, kinds)
            query = self.schema.query_type
            assert query is not None
            chosen = [(key, nodes) for key, nodes in roots.items() if only is None or only(nodes[0].name.value)]
            picks = tuple(collector.pick(query, key, nodes) for key, nodes in chosen)
            return Selection(picks, collector.sites)

        selection: Selection = store.kept(("selection", flagged, tuple(kinds.items())), select)
        build = Plan.roots if only is None else Plan.pieces
        return await self.compiled(selection, variables, view, build)

    def roots(
        self, document: Document, selections: SelectionSetNode, flags: Mapping[str, bool]
    ) -> dict[str, list[FieldNode]]:
        query = self.schema.query_type
        assert query is not None
        return self.collector(document, flags).fields(query, [selections])

    def kinds(self, roots: Mapping[str, list[FieldNode]], variables: VariableValues) -> dict[str, tuple[str, ...]]:
        """The types behind the ids that `node` and `nodes` are asked for."""
        found: dict[str, tuple[str, ...]] = {}
        for key, nodes in roots.items():
            root = self.catalogue.roots.get(nodes[0].name.value)
            if isinstance(root, AnyById | AnyByIds):
                collector = self.collector_of_roots()
                site = collector.ask(self.query_type, self.query_type.fields[nodes[0].name.value], nodes[0])
                structure, _ = bound(collector.sites[site], variables)
                named = structure if isinstance(structure, tuple) else (structure,)
                found[key] = tuple(str(kind) for kind in named if self.is_node(kind))
        return found

    def collector_of_roots(self) -> Collector:
        return Collector(self.schema, self.catalogue, {}, {})

    @property
    def query_type(self) -> GraphQLObjectType:
        assert self.schema.query_type is not None
        return self.schema.query_type

    def is_node(self, kind: object) -> bool:
        type_ = self.schema.get_type(kind) if isinstance(kind, str) and kind in self.catalogue.shapes else None
        return isinstance(type_, GraphQLObjectType) and any(each.name == "Node" for each in type_.interfaces)

    async def object(
        self,
        document: Document,
        operation: Operation,
        variables: VariableValues,
        type_name: str,
        selections: Iterable[SelectionSetNode],
        place: Hashable,
        view: View,
    ) -> Bound:
        """One object of a known type by its id: what a mutation or a message reads back. `place` names the selection
        within the operation. The id is bound as `id`."""
        flags = self.flags(document, operation, variables)
        store = document.plans.get(("objects", operation.name))
        if not isinstance(store, Bounded):
            store = document.plans["objects", operation.name] = Bounded()

        def select() -> Selection:
            collector = self.collector(document, flags)
            type_ = self.schema.get_type(type_name)
            assert isinstance(type_, GraphQLObjectType)
            picks = collector.picks(type_, selections)
            return Selection((Pick("", type_name, picks=picks),), collector.sites)

        selection: Selection = store.kept((place, type_name, tuple(flags.items())), select)
        return await self.compiled(selection, variables, view, _object)

    async def compiled(self, selection: Selection, variables: VariableValues, view: View, build: Build) -> Bound:
        structures, values = selection.bind(variables)
        key = (view.fingerprint, structures)
        statement = selection.statements.get(key)
        if statement is None:

            def make() -> Compiled:
                return reading(build(Plan(self.catalogue, view.scope, structures), selection.picks)).ready()

            # Building a large statement takes tens of milliseconds of pure Python: nobody else shall wait for it.
            made = await self.aside(make) if len(selection.sites) > LARGE else make()
            statement = selection.statements.kept(key, lambda: made)
        return Bound(statement, values)


def _object(plan: Plan, picks: Sequence[Pick]) -> Any:
    return plan.object_by_id(picks[0].name, picks[0].picks)
