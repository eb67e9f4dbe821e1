"""The schema: built from the types, printed for everybody, equal to the committed schema.graphql."""

from functools import cache

import strawberry
from graphql import GraphQLSchema
from strawberry.printer import print_schema

from schema.catalogue import CATALOGUE
from schema.limits import declare
from schema.plain import attach
from schema.types.mutation import Mutation
from schema.types.query import Query
from schema.types.scalars import CONFIG
from schema.types.subscription import Subscription


@cache
def public() -> strawberry.Schema:
    return strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription, config=CONFIG)


@cache
def build_schema() -> GraphQLSchema:
    """The schema as graphql-core knows it: for validation, introspection and execution."""
    schema = public()._schema  # noqa: SLF001 - Strawberry offers no other way to it
    attach(schema, CATALOGUE)
    declare(schema, CATALOGUE)
    return schema


def sdl() -> str:
    """The schema in its language, as `lockyard export-schema` prints it."""
    return print_schema(public()) + "\n"
