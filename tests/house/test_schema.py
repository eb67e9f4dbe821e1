import re

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    build_schema,
)

from schema.schema import sdl
from tests.house.tree import ROOT

COMMITTED = ROOT / "schema/schema.graphql"
SCHEMA = build_schema(sdl())
TYPES = [type_ for name, type_ in sorted(SCHEMA.type_map.items()) if not name.startswith("__")]
BUILT_IN = {"Boolean", "Float", "ID", "Int", "String"}


def test_the_committed_schema_is_current() -> None:
    assert COMMITTED.read_text() == sdl(), "run: make docs"


def _parts(type_: GraphQLNamedType) -> dict[str, str | None]:
    found: dict[str, str | None] = {type_.name: type_.description}
    if isinstance(type_, GraphQLEnumType):
        found |= {f"{type_.name}.{name}": value.description for name, value in type_.values.items()}
    if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        for name, field in type_.fields.items():
            found[f"{type_.name}.{name}"] = field.description
            for argument, about in getattr(field, "args", {}).items():
                found[f"{type_.name}.{name}({argument})"] = about.description
    return found


@pytest.mark.parametrize("type_", [type_ for type_ in TYPES if type_.name not in BUILT_IN], ids=str)
def test_everything_in_the_schema_says_what_it_is(type_: GraphQLNamedType) -> None:
    assert not [part for part, description in _parts(type_).items() if not description]


@pytest.mark.parametrize("name", ["Query", "Subscription"])
def test_every_connection_is_a_relay_connection(name: str) -> None:
    root = SCHEMA.get_type(name)
    assert isinstance(root, GraphQLObjectType)
    for field_name, field in root.fields.items():
        if re.search(r"Connection!?$", str(field.type)):
            assert {"first", "after", "last", "before"} <= set(field.args), field_name


def test_every_mutation_but_signing_takes_an_idempotency_key() -> None:
    assert SCHEMA.mutation_type
    without = {
        name
        for name, field in SCHEMA.mutation_type.fields.items()
        if not any(
            "idempotencyKey" in getattr(argument.type, "of_type", argument.type).fields
            for argument in field.args.values()
        )
    }
    assert without == {"signIn", "signOut"}
