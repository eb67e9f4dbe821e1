"""The plain path: graphql-core over resolvers made from the shapes. Reference for the compiled one, and fallback."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    execute,
    is_interface_type,
    is_object_type,
    is_union_type,
)

from app.kit.ids import parse_global_id
from app.kit.reading.shape import AnyById, AnyByIds, ById, Catalogue, Items, Kind, Many, Myself, One
from schema.loaders import Reader, Row

Resolver = Callable[..., Any]
# Root fields no shape expresses: name -> resolver taking the reader and the arguments.
Special = Mapping[str, Callable[[Reader, Mapping[str, Any]], Awaitable[Any]]]


@dataclass(frozen=True, slots=True)
class Plain:
    """What the resolvers find as their context."""

    reader: Reader
    special: Special


def attach(schema: GraphQLSchema, catalogue: Catalogue) -> None:
    """Give every field of the schema its resolver."""
    for type_ in schema.type_map.values():
        if is_interface_type(type_) or is_union_type(type_):
            type_.resolve_type = _type_of
        elif is_object_type(type_) and not type_.name.startswith("__"):
            type_.is_type_of = None
            for name, definition in type_.fields.items():
                definition.resolve = _resolver(schema, catalogue, type_, name)


def _type_of(value: Any, _: GraphQLResolveInfo[Any], __: Any) -> str | None:
    return value.type if isinstance(value, Row) else None


def _resolver(schema: GraphQLSchema, catalogue: Catalogue, type_: GraphQLObjectType, name: str) -> Resolver:
    if type_ is schema.query_type:
        return _root(catalogue, name)
    shape = catalogue.shapes.get(type_.name)
    if shape is None:
        return lambda source, _info, **_given: source[name]
    declared, relation = shape.fields.get(name), shape.relations.get(name)
    if declared is not None and declared.kind is Kind.LATE:
        return lambda source, info, late=declared.late: info.context.reader.late_value(late, source.values[name])
    if declared is not None:
        return lambda source, _info: source.values[name]
    if isinstance(relation, One):
        return lambda source, info: info.context.reader.one(source, name, relation)
    if isinstance(relation, Many):
        return lambda source, info, **given: info.context.reader.many(source, name, relation, given)
    if isinstance(relation, Items):
        return lambda source, info, **given: info.context.reader.items(source, name, relation, given)
    raise TypeError(f"no shape says what {type_.name}.{name} is")


def _root(catalogue: Catalogue, name: str) -> Resolver:
    root = catalogue.roots.get(name)
    if root is None:
        return lambda _source, info, **given: info.context.special[name](info.context.reader, given)
    if isinstance(root, Many):
        return lambda _source, info, **given: info.context.reader.many(None, name, root, given)
    if isinstance(root, Myself):
        return lambda _source, info: info.context.reader.myself(root.target)
    if isinstance(root, ById):
        return lambda _source, info, **given: _by_id(info.context.reader, given["id"], catalogue, root.target)
    if isinstance(root, AnyById):
        return lambda _source, info, **given: _by_id(info.context.reader, given["id"], catalogue, None)
    assert isinstance(root, AnyByIds)
    return lambda _source, info, **given: [_by_id(info.context.reader, each, catalogue, None) for each in given["ids"]]


async def _by_id(reader: Reader, given: str, catalogue: Catalogue, target: str | None) -> Row | None:
    found = parse_global_id(given)
    if found is None or target not in (None, found[0]) or found[0] not in catalogue.shapes or found[0] == "Viewer":
        return None
    return await reader.by_id(*found)


async def run(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation_name: str | None,
    variables: Mapping[str, Any],
    plain: Plain,
) -> ExecutionResult:
    """Execute a query the plain way."""
    result = execute(
        schema, document, context_value=plain, variable_values=dict(variables), operation_name=operation_name
    )
    return await result if isinstance(result, Awaitable) else result


def restricted(document: DocumentNode, operation: OperationDefinitionNode, fields: Sequence[FieldNode]) -> DocumentNode:
    """The document with one operation that asks for these root fields only."""
    asked = OperationDefinitionNode(
        operation=operation.operation,
        name=None,
        variable_definitions=operation.variable_definitions,
        directives=operation.directives,
        selection_set=SelectionSetNode(selections=tuple(fields)),
    )
    fragments = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
    return DocumentNode(definitions=(asked, *fragments))
