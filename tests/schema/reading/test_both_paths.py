from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from schema.errors import RequestError
from tests.schema.reading.conftest import Reading
from tests.schema.reading.population import build
from tests.schema.reading.questions import known_of, questions

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ACTORS = ["owner", "manager", "auditor", "stranger", "carrier", "courier", "rival", "recipient"]
# The world is built from a seed: what is asked before the tests run is true of the one they ask.
KNOWN = known_of(build())


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(question=questions(KNOWN), who=st.sampled_from(ACTORS))
async def test_a_question_gets_the_same_bytes_on_both_paths(
    reading: Reading, question: tuple[str, dict[str, Any]], who: str
) -> None:
    text, variables = question
    try:
        await reading.documents.load(text)
    except RequestError as error:
        # Below an interface two types may spell one field differently: such a document is no question.
        assume("conflict" not in str(error))
        raise
    one = await reading.compiled(who, text, **variables)
    other = await reading.plain(who, text, variables)
    assert one == other, f"{who} asked {text} with {variables}"
