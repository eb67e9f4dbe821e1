"""What does not fit its type, told by place and type alone: a value may be a password, and this is shown and logged."""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLInputType,
    GraphQLSchema,
    GraphQLSyntaxError,
    Undefined,
    ValueNode,
    ValuesOfCorrectTypeRule,
    VariableDefinitionNode,
    get_argument_values,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    specified_rules,
    type_from_ast,
)
from graphql.execution.values import VariableValues, get_variable_values
from graphql.language import SKIP, FieldNode
from graphql.type import GraphQLField
from graphql.utilities import validate_input_literal, validate_input_value

from schema.errors import Code, RequestError, coded

MOST = 5
# What the parser met: its kind stays, and nothing after it. Of punctuation the kind is all there is.
_MET = re.compile(r"\b((?:String|BlockString|Block string|Name|Int|Float|Comment)) ['\"].*|: ['\"].*", re.DOTALL)


class _EnoughError(Exception):
    """No more errors are wanted: each costs something, and whoever sends thousands reads none."""


def coerced(
    schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode], given: Mapping[str, object]
) -> VariableValues:
    """The variables of an operation. Raises RequestError."""
    found = get_variable_values(schema, definitions, dict(given), max_errors=1, hide_suggestions=True)
    if isinstance(found, VariableValues):
        return found
    errors = list(_misfits(schema, definitions, given))[:MOST]
    raise unfit(errors or [GraphQLError("The variables do not fit their types.")])


def arguments(definition: GraphQLField, node: FieldNode, variables: VariableValues | None) -> dict[str, Any]:
    """The arguments of a field of a valid document. Raises RequestError."""
    try:
        return get_argument_values(definition, node, variables)
    except GraphQLError as error:
        told = f"An argument of {node.name.value} does not fit its type."
        raise unfit([GraphQLError(told, error.nodes)]) from None


def unfit(errors: Iterable[GraphQLError]) -> RequestError:
    return RequestError(coded(error, Code.BAD_USER_INPUT) for error in errors)


def unreadable(error: GraphQLSyntaxError) -> RequestError:
    """Where it cannot be read, and what kind of thing stands there."""
    words = _MET.sub(lambda met: f"{met[1]}." if met[1] else ".", error.message)
    return RequestError([coded(GraphQLError(words, None, error.source, error.positions), Code.GRAPHQL_PARSE_FAILED)])


class PlacedValuesRule(ValuesOfCorrectTypeRule):
    """The rule of the specification, in words of ours."""

    def is_valid_value_node(self, node: ValueNode, input_type: GraphQLInputType | None) -> Any:
        if input_type:

            def report(error: GraphQLError, path: list[str | int]) -> None:
                self.report_error(GraphQLError(_told("A value", input_type, path), error.nodes))

            validate_input_literal(node, input_type, report, None, None, self.context.hide_suggestions)
        return SKIP


RULES = tuple(PlacedValuesRule if rule is ValuesOfCorrectTypeRule else rule for rule in specified_rules)


def _misfits(
    schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode], given: Mapping[str, object]
) -> Iterable[GraphQLError]:
    for definition in definitions:
        name, type_ = definition.variable.name.value, type_from_ast(schema, definition.type)
        value = given.get(name, Undefined)
        if value is Undefined and is_non_null_type(type_) and definition.default_value is None:
            yield GraphQLError(f"Variable ${name} is missing: {type_} is expected.", definition)
        elif value is not Undefined and type_ is not None:
            for path in _places(value, type_):
                yield GraphQLError(_told(f"Variable ${name}", type_, path), definition)


def _places(value: object, type_: Any) -> list[list[str | int]]:
    found: list[list[str | int]] = []

    def note(_: GraphQLError, path: list[str | int]) -> None:
        if path not in found:
            found.append(path)
        if len(found) >= MOST:
            raise _EnoughError

    with suppress(_EnoughError, RecursionError):
        validate_input_value(value, type_, note, hide_suggestions=True)
    return found


def _told(what: str, type_: Any, path: Sequence[str | int]) -> str:
    """Names in a path are those of the schema: whatever else was named is told of as its object."""
    for step in path:
        type_ = get_nullable_type(type_)
        if isinstance(step, int):
            type_ = type_.of_type if is_list_type(type_) else type_
        else:
            type_ = get_named_type(type_).fields[step].type
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    place = f" at {place.removeprefix('.')}" if place else ""
    named = get_named_type(type_)
    fields = f" with {', '.join(named.fields)}" if is_input_object_type(named) else ""
    return f"{what}{place} does not fit: {type_} is expected{fields}."
