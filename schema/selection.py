"""What is selected below a stream's message, as a query of its own that the engine answers for any ids."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import orjson
from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    print_ast,
)

from app.kit.ids import global_id
from schema.documents import Document, read
from schema.engine import Caller, Request
from schema.limits import Limits

# A client's variable of this name would fail the validation of the query made here, and hurt nobody else.
_IDS = "lockyard_subjects"
# As many as `nodes` takes from anybody.
_AT_ONCE = 100

Fragments = Mapping[str, FragmentDefinitionNode]
Variables = Mapping[str, Any]


class Runs(Protocol):
    """Of an engine, what streams need."""

    @property
    def schema(self) -> GraphQLSchema: ...

    async def run(self, document: Document, request: Request, caller: Caller, trace_id: str) -> bytes: ...


class SelectionError(Exception):
    """The engine answered with errors where none may come: the stream cannot go on with half an answer."""


def collect(
    selections: Iterable[SelectionSetNode], types: frozenset[str], fragments: Fragments, variables: Variables
) -> dict[str, list[FieldNode]]:
    """Response key -> its field nodes, in the order of the document, as they apply to an object of these types."""
    found: dict[str, list[FieldNode]] = {}
    for selection_set in selections:
        _collect(selection_set, types, fragments, variables, found, set())
    return found


def _collect(
    selected: SelectionSetNode,
    types: frozenset[str],
    fragments: Fragments,
    variables: Variables,
    found: dict[str, list[FieldNode]],
    spread: set[str],
) -> None:
    for node in selected.selections:
        if not _included(node.directives or (), variables):
            continue
        if isinstance(node, FieldNode):
            found.setdefault((node.alias or node.name).value, []).append(node)
        elif isinstance(node, InlineFragmentNode):
            if node.type_condition is None or node.type_condition.name.value in types:
                _collect(node.selection_set, types, fragments, variables, found, spread)
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
            spread.add(node.name.value)
            fragment = fragments[node.name.value]
            if fragment.type_condition.name.value in types:
                _collect(fragment.selection_set, types, fragments, variables, found, spread)


def _included(directives: Iterable[DirectiveNode], variables: Variables) -> bool:
    for directive in directives:
        if directive.name.value in ("skip", "include"):
            (argument,) = directive.arguments or ()
            value = argument.value
            if isinstance(value, BooleanValueNode):
                given = value.value
            else:
                assert isinstance(value, VariableNode)
                given = bool(variables.get(value.name.value))
            if given is (directive.name.value == "skip"):
                return False
    return True


class Selection:
    """`nodes(ids:) { ... on Alarm { <what was selected> } }`, compiled once and kept with the document it came from."""

    def __init__(self, engine: Runs, type_name: str, document: Document) -> None:
        self._engine, self._type, self._document = engine, type_name, document

    @classmethod
    def of(
        cls,
        engine: Runs,
        type_name: str,
        nodes: Sequence[FieldNode],
        operation: OperationDefinitionNode,
        origin: Document,
    ) -> "Selection":
        parts = [print_ast(node.selection_set) for node in nodes if node.selection_set is not None]
        key = ("selection", type_name, *parts, operation.name.value if operation.name else None)
        document = origin.plans.get(key)
        if document is None:
            text = _text(type_name, parts, nodes, operation, origin.fragments)
            document = origin.plans[key] = _read(text, engine.schema)
        assert isinstance(document, Document)
        return cls(engine, type_name, document)

    async def __call__(
        self, ids: Sequence[UUID], caller: Caller, variables: Mapping[str, object], trace_id: str
    ) -> dict[UUID, bytes]:
        """Finished JSON of those among `ids` that the caller may see now."""
        found: dict[UUID, bytes] = {}
        for start in range(0, len(ids), _AT_ONCE):
            found |= await self._some(ids[start : start + _AT_ONCE], caller, variables, trace_id)
        return found

    async def _some(
        self, ids: Sequence[UUID], caller: Caller, variables: Mapping[str, object], trace_id: str
    ) -> dict[UUID, bytes]:
        given = {**variables, _IDS: [global_id(self._type, id_) for id_ in ids]}
        answer = orjson.loads(await self._engine.run(self._document, Request(None, variables=given), caller, trace_id))
        if answer.get("errors") or not answer.get("data"):
            raise SelectionError(str(answer.get("errors"))[:500])
        nodes = answer["data"]["nodes"]
        return {id_: orjson.dumps(node) for id_, node in zip(ids, nodes, strict=True) if node is not None}


def _read(text: str, schema: GraphQLSchema) -> Document:
    # Measured already as a part of the subscription; wrapped like this it is two levels deeper.
    return read(text, 0, schema, Limits(depth=100, tokens=10_000))


def _text(
    type_name: str,
    parts: Sequence[str],
    nodes: Sequence[FieldNode],
    operation: OperationDefinitionNode,
    fragments: Fragments,
) -> str:
    used = _used([node.selection_set for node in nodes if node.selection_set is not None], fragments)
    names = {node.name.value for node in used if isinstance(node, VariableNode)}
    definitions = [
        print_ast(each) for each in operation.variable_definitions or () if each.variable.name.value in names
    ]
    spreads = {node.name.value: None for node in used if isinstance(node, FragmentSpreadNode)}
    below = " ".join(f"... on {type_name} {part}" for part in parts)
    head = ", ".join([f"${_IDS}: [ID!]!", *definitions])
    query = f"query ({head}) {{ nodes(ids: ${_IDS}) {{ {below} }} }}"
    return "\n".join([query, *(print_ast(fragments[name]) for name in spreads)])


def _used(roots: Iterable[Node], fragments: Fragments) -> list[Node]:
    """Every node below, through fragments, each fragment once."""
    found: list[Node] = []
    waiting, seen = list(roots), set[str]()
    while waiting:
        node = waiting.pop()
        found.append(node)
        if isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
            seen.add(node.name.value)
            waiting.append(fragments[node.name.value])
        waiting.extend(_children(node))
    return found


def _children(node: Node) -> Iterator[Node]:
    for key in node.keys:
        if key == "loc":
            continue
        value = getattr(node, key, None)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, list | tuple):
            yield from (each for each in value if isinstance(each, Node))
