"""Answers of mutations and messages as JSON: plain values are written here, entities are read back in one statement."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from graphql import (
    FieldNode,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    SelectionSetNode,
    is_abstract_type,
    is_leaf_type,
)

from app.kit.errors import Conflict, Denied, Invalid, LockyardError, NotFound, Rejected
from app.kit.reading.select import TYPENAME
from schema.collect import Collector
from schema.mutations import Payload, Seen

# (type name, id, its selections, their place in the operation, as whom) -> JSON text, `null` when not visible.
ReadBack = Callable[[str, UUID, Sequence[SelectionSetNode], tuple[str, ...], Seen | None], Awaitable[str]]


class UnseenError(Exception):
    """Something that must be there cannot be seen by the caller (any more)."""


@dataclass(frozen=True, slots=True)
class Renderer:
    schema: GraphQLSchema
    collector: Collector
    read_back: ReadBack

    async def value(
        self, type_: GraphQLOutputType, nodes: Sequence[FieldNode], value: Any, place: tuple[str, ...]
    ) -> str:
        """`place`: the response keys that lead here, so that compiled selections can be found again."""
        if isinstance(type_, GraphQLNonNull):
            text = await self.value(type_.of_type, nodes, value, place)
            if text == "null":
                raise UnseenError(".".join(place))
            return text
        if value is None:
            return "null"
        if isinstance(type_, GraphQLList):
            return "[" + ",".join([await self.value(type_.of_type, nodes, each, place) for each in value]) + "]"
        if is_leaf_type(type_):
            return orjson.dumps(type_.serialize(value)).decode()
        selections = [node.selection_set for node in nodes if node.selection_set is not None]
        if isinstance(value, Seen):
            return await self.read_back("Viewer", value.actor.account_id, selections, place, value)
        if isinstance(value, tuple):
            name, id_ = value
            self.check(type_, name)
            return await self.read_back(name, id_, selections, place, None)
        assert isinstance(value, Payload), f"{'.'.join(place)} cannot be {value!r}"
        return await self.object(self.check(type_, value.type), selections, value.fields, place)

    def check(self, type_: GraphQLOutputType, name: str) -> GraphQLObjectType:
        """The type of the value, which must be one that may stand here."""
        found = self.schema.get_type(name)
        fits = found is type_ or (
            isinstance(found, GraphQLObjectType) and is_abstract_type(type_) and self.schema.is_sub_type(type_, found)
        )
        if not fits or not isinstance(found, GraphQLObjectType):
            raise TypeError(f"a {name} cannot stand where a {type_} is promised")
        return found

    async def object(
        self,
        type_: GraphQLObjectType,
        selections: Sequence[SelectionSetNode],
        values: Mapping[str, Any],
        place: tuple[str, ...],
    ) -> str:
        members = []
        for key, nodes in self.collector.fields(type_, selections).items():
            name = nodes[0].name.value
            if name == TYPENAME:
                text = f'"{type_.name}"'
            else:
                text = await self.value(type_.fields[name].type, nodes, values[name], (*place, key))
            members.append(f'"{key}":{text}')
        return "{" + ",".join(members) + "}"


# Error -> the problem of the schema that says the same.
PROBLEMS: dict[type[LockyardError], tuple[str, str]] = {
    NotFound: ("NotFoundError", "NOT_FOUND"),
    Denied: ("DeniedError", "DENIED"),
    Rejected: ("RejectedError", "REJECTED"),
    Conflict: ("ConflictError", "CONFLICT"),
    Invalid: ("InvalidError", "INVALID"),
}


def problem(error: LockyardError) -> Payload:
    name, code = next(PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS)
    fields: dict[str, Any] = {"message": error.message, "code": code, "path": list(error.path)}
    if isinstance(error, Rejected):
        fields["reason"] = error.reason
    if isinstance(error, Denied):
        fields["permission"] = str(error.permission)
        fields["failedRules"] = [
            Payload("FailedRuleStats", {"rule": each.rule, "expected": each.expected, "actual": each.actual})
            for each in error.failed
        ]
    return Payload(name, fields)
