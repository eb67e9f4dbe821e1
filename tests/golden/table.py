"""Who may do what, as two tables in a file: a change of policy is a difference that a person reads."""

import re
from pathlib import Path

from graphql import GraphQLField, GraphQLSchema, build_schema

from schema.schema import sdl
from tenants.policy import ROLES, Permission

FILE = Path(__file__).parent / "permissions.txt"
NEEDS = re.compile(r"Needs `([a-z_]+:[a-z_]+)`\.$")
# What a caller needs for a root field that names no permission.
ANYONE = frozenset({"Mutation.signIn"})


def root_fields() -> dict[str, GraphQLField]:
    """`Query.sites` -> field, for every root field of the public schema."""
    schema: GraphQLSchema = build_schema(sdl())
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    return {f"{root.name}.{name}": field for root in roots if root for name, field in sorted(root.fields.items())}


def needed(where: str, field: GraphQLField) -> str:
    """The permission that a field's description names; else who may ask."""
    found = NEEDS.search(field.description or "")
    return found[1] if found else "anyone" if where in ANYONE else "signed in"


def written() -> str:
    """The whole file."""
    fields = root_fields()
    rows = [(permission.value, permission.value, _line(permission.value)) for permission in sorted(Permission)]
    permissions = [f"{permission:<24}{line}" for permission, _, line in rows]
    roots = [f"{where:<36}{needed(where, field):<24}{_line(needed(where, field))}" for where, field in fields.items()]
    heading = " ".join(ROLES)
    return "\n".join(
        [f"{'permission':<24}{heading}", *permissions, "", f"{'root field':<36}{'needs':<24}{heading}", *roots, ""]
    )


def _line(permission: str) -> str:
    """A mark under each role that has it."""
    everyone = permission in {"anyone", "signed in"}
    marks = [("x" if everyone or permission in granted else ".").ljust(len(role)) for role, granted in ROLES.items()]
    return " ".join(marks).rstrip()
