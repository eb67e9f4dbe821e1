"""What each tenant can see, and documents for every field, made from the public schema alone."""

import re
import uuid
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from tests.e2e.world import World

SCHEMA = build_schema((Path(__file__).parents[2] / "schema" / "schema.graphql").read_text())
Ids = dict[str, set[str]]


def roots(operation: str) -> dict[str, GraphQLField]:
    found = {"query": SCHEMA.query_type, "mutation": SCHEMA.mutation_type, "subscription": SCHEMA.subscription_type}
    type_ = found[operation]
    assert type_ is not None
    return dict(type_.fields)


def input_fields(mutation: str) -> dict[str, GraphQLInputField]:
    """Of the one input that a mutation takes; none where it takes none."""
    given = [get_named_type(argument.type) for argument in roots("mutation")[mutation].args.values()]
    return dict(given[0].fields) if given and isinstance(given[0], GraphQLInputObjectType) else {}


def is_id(type_: GraphQLInputType) -> bool:
    return get_named_type(type_).name == "ID"


def ids_selected(type_: GraphQLNamedType, depth: int) -> str:
    """`{ id … }` of an object and of what it leads to."""
    if not isinstance(type_, GraphQLObjectType):
        return "{ __typename ... on Node { id } }"
    parts = ["__typename"]
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        if name == "id":
            parts.append("id")
        elif inner.name.endswith("Connection") and depth > 0:
            parts.append(f"{name}(first: 3) {{ edges {{ node {ids_selected(node_of(field.type), depth - 2)} }} }}")
        elif isinstance(inner, GraphQLObjectType) and depth > 0 and not _asks(field):
            parts.append(f"{name} {ids_selected(inner, depth - 1)}")
    return "{ " + " ".join(parts) + " }"


def _asks(field: GraphQLField) -> bool:
    return any(is_required_argument(argument) for argument in field.args.values())


def node_of(connection: GraphQLOutputType) -> GraphQLNamedType:
    edge = get_named_type(_object(connection).fields["edges"].type)
    node: GraphQLNamedType = get_named_type(_object(edge).fields["node"].type)
    return node


def _object(type_: GraphQLOutputType | GraphQLNamedType) -> GraphQLObjectType:
    named = get_named_type(type_)
    assert isinstance(named, GraphQLObjectType)
    return named


def is_connection(field: GraphQLField) -> bool:
    return get_named_type(field.type).name.endswith("Connection")


def known(world: World, who: str) -> Ids:
    """Every id that somebody gets by asking for everything, by type."""
    found: Ids = defaultdict(set)
    for name, field in roots("query").items():
        if is_connection(field):
            query = f"{{ {name}(first: 15) {{ edges {{ node {ids_selected(node_of(field.type), 1)} }} }} }}"
            collect(world.ask(query, who=who), found)
    return found


def collect(data: Any, into: Ids) -> None:
    for text in texts(data):
        kind = type_of(text)
        if kind:
            into[kind].add(text)


def texts(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for value in data.values():
            yield from texts(value)
    elif isinstance(data, list):
        for value in data:
            yield from texts(value)
    elif isinstance(data, str):
        yield data


def type_of(text: str) -> str | None:
    try:
        kind, _, number = b64decode(text, validate=True).decode().partition(":")
        uuid.UUID(number)
    except ValueError:
        return None
    return kind


def never(id_: str) -> str:
    """An id of the same kind that was never given out."""
    return b64encode(f"{type_of(id_)}:{uuid.uuid4()}".encode()).decode()


def meant(name: str, mutation: str = "") -> str:
    """The type whose id an argument or a field of an input wants."""
    if name in {"id", "ids"}:
        return next((word for word in ("Site", "Bank", "Person", "VendorAccount") if mutation.endswith(word)), "Site")
    word = re.sub(r"Ids?$", "", name)
    special = {
        "account": "VendorAccount",
        "recipient": "Person",
        "depositor": "Person",
        "apiKey": "ApiKey",
        "target": "Stay",
        "subject": "Stay",
    }
    return special.get(word, word[0].upper() + word[1:])


def filled(type_: GraphQLInputType, name: str = "") -> Any:
    """Some value that a type takes; no ids."""
    bare = get_nullable_type(type_)
    if isinstance(bare, GraphQLList):
        return [filled(bare.of_type, name)]
    if isinstance(bare, GraphQLEnumType):
        return next(iter(bare.values))
    if isinstance(bare, GraphQLInputObjectType):
        wanted = {each: field for each, field in bare.fields.items() if is_required_input_field(field)}
        return {each: filled(field.type, each) for each, field in wanted.items() if not is_id(field.type)}
    words = {"idempotencyKey": uuid.uuid4().hex, "timezone": "Europe/Lisbon", "vendor": "kerong_cu16", "country": "PT"}
    values = {"Int": 30, "Float": 1.0, "Boolean": False, "DateTime": "2031-01-01T00:00:00.000000Z", "JSON": {}}
    return values.get(get_named_type(type_).name, words.get(name, f"word {uuid.uuid4().hex[:8]}"))


def listed(type_: GraphQLInputType, id_: str) -> Any:
    return [id_] if isinstance(get_nullable_type(type_), GraphQLList) else id_


def leaves(type_: GraphQLObjectType) -> str:
    """The plain fields of a type, but for those that time alone changes."""
    moving = re.compile(
        r"(lastContactAt|lastSeenAt|lastUsedAt|isStale|doorObservedAt|capabilities|.*Count|downloadUrl)$"
    )
    plain = [name for name, field in type_.fields.items() if is_leaf_type(get_named_type(field.type))]
    return " ".join(name for name in plain if not moving.match(name) and not _asks(type_.fields[name]))


def required(type_: GraphQLInputType) -> bool:
    return isinstance(type_, GraphQLNonNull)
