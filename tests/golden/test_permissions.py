import pytest
from graphql import GraphQLField

from tenants.policy import ROLES, Permission
from tests.golden.table import ANYONE, FILE, needed, root_fields, written

# Root fields whose rows are the caller's own, or are each guarded by their own type's permission.
SIGNED_IN = {"Query.viewer", "Query.node", "Query.nodes", "Mutation.signOut"}
FIELDS = root_fields()


def test_the_table_of_roles_and_actions_is_the_one_that_was_agreed_on() -> None:
    assert FILE.read_text() == written(), "read the difference, then: python -m tests.golden"


@pytest.mark.parametrize("where", sorted(FIELDS))
def test_every_root_field_has_a_permission_row(where: str) -> None:
    field: GraphQLField = FIELDS[where]
    permission = needed(where, field)
    assert permission in set(Permission) or where in SIGNED_IN | ANYONE
    assert any(permission in granted for granted in ROLES.values()) or where in SIGNED_IN | ANYONE, "nobody may"


def test_every_permission_is_held_by_a_role_and_needed_somewhere() -> None:
    held = frozenset().union(*ROLES.values())
    assert held == set(Permission)


def test_permissions_are_in_alphabetical_order() -> None:
    assert [permission.value for permission in Permission] == sorted(permission.value for permission in Permission)
