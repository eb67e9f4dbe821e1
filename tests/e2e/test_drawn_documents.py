import os
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis.checks import positive_data_acceptance
from schemathesis.core.result import Ok
from schemathesis.graphql import nodes

from schema.errors import Code
from tests.e2e.world import World

pytestmark = pytest.mark.slow
SDL = Path(__file__).parents[2] / "schema" / "schema.graphql"
# Of each operation and seed; more by hand: LOCKYARD_DRAWN=100.
EXAMPLES = int(os.environ.get("LOCKYARD_DRAWN", "5"))
# It would end the very session that asks.
LEFT_OUT = {"Mutation.signOut"}
CODES = set(Code) - {Code.INTERNAL_SERVER_ERROR, Code.OVERLOADED, Code.TIMEOUT, Code.UNAUTHENTICATED}

_moments = st.datetimes().map(lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0"))
schemathesis.graphql.scalar("DateTime", st.one_of(_moments, st.text(max_size=30)).map(nodes.String))
schemathesis.graphql.scalar("JSON", st.text(max_size=30).map(nodes.String))


def _operations() -> list[Any]:
    schema = schemathesis.graphql.from_path(SDL)
    found: list[Any] = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    return [one for one in found if one.label not in LEFT_OUT and not one.label.startswith("Subscription.")]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_drawn_document_meets_a_fault_and_every_error_has_a_code(world: World, seed: int) -> None:
    tried = 0
    for operation in _operations():

        @hypothesis.seed(seed)
        @settings(
            max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @hypothesis.given(operation.as_strategy())
        def ask(case: Any) -> None:
            nonlocal tried
            tried += 1
            _check(world, case)

        ask()
    assert tried >= EXAMPLES * len(_operations()) / 2


def _check(world: World, case: Any) -> None:
    """The fuzzer's own checks, then ours."""
    response = case.call(base_url=world.said["graphql"], headers=world.headers("other_owner"))
    # Not `positive_data_acceptance`: what a type lets through may be refused still, such as both `first` and `last`.
    case.validate_response(response, excluded_checks=[positive_data_acceptance])
    told = f"{case.body}\n{response.status_code} {response.text[:1000]}"
    assert response.status_code in {200, 400}, told
    said = response.json()
    for error in said.get("errors", ()):
        assert error.get("extensions", {}).get("code") in CODES, told
        assert "Traceback" not in error["message"], told
    assert said.get("errors") or said["data"], told
