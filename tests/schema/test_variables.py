"""Variables are taken as graphql-core takes them, whichever of the two ways they come."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, get_variable_values

from schema.plans import at_sight
from schema.schema import build_schema

SCHEMA = build_schema()
HEAD = """query(
  $first: Int!, $after: String, $filter: SiteFilter, $ids: [ID!] = [], $sizes: [Size!], $on: Boolean! = true
) { __typename }"""
WHOLE: dict[str, Any] = {"first": 3, "ids": ["a"], "on": False}


def both(given: dict[str, Any]) -> tuple[VariableValues | None, Any]:
    (node,) = parse(HEAD).definitions
    assert isinstance(node, OperationDefinitionNode)
    definitions = node.variable_definitions
    assert definitions
    signatures = [get_variable_signature(SCHEMA, each) for each in definitions]
    known = [each for each in signatures if isinstance(each, GraphQLVariableSignature)]
    assert len(known) == len(definitions)
    return at_sight(known, given), get_variable_values(SCHEMA, definitions, given)


def given_of(values: VariableValues) -> dict[str, Any]:
    return {name: source.value for name, source in values.sources.items()}


@pytest.mark.parametrize(
    "more",
    [
        {}, {"after": None}, {"after": "x"}, {"first": 3.0}, {"ids": "a"}, {"ids": [1]}, {"sizes": ["S", "XL"]},
        {"filter": {"search": "north"}}, {"filter": None}, {"unknown": 1},
    ],
)  # fmt: skip
def test_what_fits_is_coerced_alike(more: dict[str, Any]) -> None:
    plain, slow = both(WHOLE | more)
    assert plain is not None
    assert isinstance(slow, VariableValues)
    assert (plain.coerced, given_of(plain)) == (slow.coerced, given_of(slow))


@pytest.mark.parametrize(
    "more",
    [
        {"first": None}, {"first": "3"}, {"first": True}, {"first": 2**31}, {"on": None}, {"on": 1}, {"after": 7},
        {"ids": [None]}, {"sizes": ["small"]}, {"filter": {"strange": 1}}, {"filter": []},
    ],
)  # fmt: skip
def test_what_does_not_fit_is_left_to_who_can_say_why(more: dict[str, Any]) -> None:
    plain, slow = both(WHOLE | more)
    assert plain is None
    assert isinstance(slow, list)


@pytest.mark.parametrize("missing", ["ids", "on"])
def test_defaults_are_left_to_who_knows_them(missing: str) -> None:
    given = {name: value for name, value in WHOLE.items() if name != missing}
    plain, slow = both(given)
    assert plain is None
    assert isinstance(slow, VariableValues)
