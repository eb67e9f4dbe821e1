"""Mutations, one after the other: input to a call, call to an outcome, outcome to JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
)

from app.kit.clock import Clock
from app.kit.db import Database, begun_anew
from app.kit.errors import LockyardError
from schema.mutations import Call, Mutations, Outcome
from schema.render import problem
from tenants.model import Actor
from tenants.work import Closing, Replay

# The one act open to those who are not signed in.
OPEN_TO_ALL = "signIn"


@dataclass(frozen=True, slots=True)
class Acts:
    """The functions behind the mutations, and what they are given."""

    schema: GraphQLSchema
    functions: Mutations
    db: Database
    clock: Clock
    parts: Mapping[str, Any]

    async def act(
        self,
        name: str,
        definition: GraphQLField,
        given: Mapping[str, Any],
        *,
        actor: Actor | None,
        trace_id: str,
        origin: str,
        closing: Closing | None = None,
    ) -> Outcome:
        """What the mutation answers. A refusal that the result's union knows is an answer; any other is raised."""
        input_ = given.get("input") or {}
        spoken = snake(input_, definition.args["input"].type) if "input" in definition.args else {}
        call = Call(
            name=name,
            given=spoken,
            db=self.db,
            clock=self.clock,
            actor=actor,
            request_id=trace_id,
            origin=origin,
            parts=self.parts,
            closing=closing,
        )
        try:
            return await begun_anew(lambda: self.functions[name](call), name)
        except Replay as replay:
            return replay.answer
        except LockyardError as error:
            found = problem(error)
            if not self.promised(definition, found.type):
                raise
            return found

    def promised(self, definition: GraphQLField, name: str) -> bool:
        result, type_ = get_named_type(definition.type), self.schema.get_type(name)
        return is_abstract_type(result) and type_ is not None and self.schema.is_sub_type(result, type_)


def snake(value: Any, type_: GraphQLInputType) -> Any:
    """Input objects with the core's spelling of their fields; everything else as it is, JSON above all."""
    if isinstance(type_, GraphQLNonNull):
        return snake(value, type_.of_type)
    if isinstance(type_, GraphQLList) and isinstance(value, list):
        return [snake(each, type_.of_type) for each in value]
    if isinstance(type_, GraphQLInputObjectType) and isinstance(value, dict):
        return {snake_name(name): snake(each, type_.fields[name].type) for name, each in value.items()}
    return value


@cache
def snake_name(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)
