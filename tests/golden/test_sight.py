import pytest

from tenants.model import Role
from tests.golden.sight import file_of, sight_of


@pytest.mark.parametrize("role", list(Role))
def test_what_a_role_sees_is_what_its_file_says(role: Role) -> None:
    assert file_of(role).read_text() == sight_of(role), "what a role sees has changed: python -m tests.golden"
