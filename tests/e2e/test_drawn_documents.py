import os
import re
from collections import defaultdict
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
from tests.isolation.known import collect, known, never

pytestmark = pytest.mark.slow
SDL = Path(__file__).parents[2] / "schema" / "schema.graphql"
# Of each operation and seed; more by hand: LOCKYARD_DRAWN=100.
EXAMPLES = int(os.environ.get("LOCKYARD_DRAWN", "5"))
# It would end the very session that asks.
LEFT_OUT = {"Mutation.signOut"}
CODES = set(Code) - {Code.INTERNAL_SERVER_ERROR, Code.OVERLOADED, Code.TIMEOUT, Code.UNAUTHENTICATED, Code.UNAVAILABLE}

_moments = st.datetimes().map(lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0"))
schemathesis.graphql.scalar("DateTime", st.one_of(_moments, st.text(max_size=30)).map(nodes.String))
schemathesis.graphql.scalar("JSON", st.text(max_size=30).map(nodes.String))


@pytest.fixture(scope="module")
def foreign(world: World) -> frozenset[str]:
    """Ids of another operator. Documents are drawn with these, with the asker's own, and with words that are no ids."""
    theirs, own = (known(world, who) for who in ("owner", "other_owner"))
    ids = frozenset(id_ for found in theirs.values() for id_ in found)
    mine = sorted(id_ for found in own.values() for id_ in found)
    assert len(ids) > 50
    assert mine
    drawn = st.one_of(st.sampled_from(sorted(ids)), st.sampled_from(mine), st.text(max_size=30))
    schemathesis.graphql.scalar("ID", drawn.map(nodes.String))
    return ids


def _operations() -> list[Any]:
    schema = schemathesis.graphql.from_path(SDL)
    found: list[Any] = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    return [one for one in found if one.label not in LEFT_OUT and not one.label.startswith("Subscription.")]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_drawn_document_meets_a_fault_or_what_is_anothers_and_every_error_has_a_code(
    world: World, foreign: frozenset[str], seed: int
) -> None:
    tried = named = 0
    for operation in _operations():

        @hypothesis.seed(seed)
        @settings(
            max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @hypothesis.given(operation.as_strategy())
        def ask(case: Any) -> None:
            nonlocal tried, named
            tried += 1
            named += bool(_named(case, foreign))
            _check(world, case, foreign)

        ask()
    assert tried >= EXAMPLES * len(_operations()) / 2
    assert named > tried / 50, "hardly any document named what is another's"


def _named(case: Any, foreign: frozenset[str]) -> set[str]:
    return {text for text in re.findall(r'"([A-Za-z0-9+/=]+)"', case.body) if text in foreign}


def _check(world: World, case: Any, foreign: frozenset[str]) -> None:
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
    seen: dict[str, set[str]] = defaultdict(set)
    collect(said.get("data"), seen)
    named = _named(case, foreign)
    assert not {id_ for ids in seen.values() for id_ in ids} & foreign - named, told
    if named and not seen and case.body.lstrip().startswith(("{", "query")):
        _looks_unknown(world, case.body, response.text, named)


def _looks_unknown(world: World, document: str, answer: str, named: set[str]) -> None:
    """What is another's is answered like what never was."""
    asked = document
    for id_ in named:
        asked = asked.replace(id_, never(id_))
    other = world.post(asked, who="other_owner").text
    assert _but_ids(answer) == _but_ids(other), f"{document}\n{answer[:1000]}\n{other[:1000]}"


def _but_ids(text: str) -> str:
    return re.sub(r'("traceId":\s*)"[^"]*"|[A-Za-z0-9+/]{40,}=*', "_", text)
