import asyncio

from graphql import get_introspection_query

from schema import introspection
from schema.documents import Persisted, count_tokens, digest, read
from schema.engine import Request
from schema.errors import RequestError
from schema.limits import Limits
from schema.schema import build_schema
from schema.transport.doorbell import strangers
from schema.transport.pipeline import Pipeline
from tests.schema.transport.toy import ToyEngine

LIMITS = Limits()


async def test_of_many_questions_about_the_schema_at_once_most_are_refused_for_now() -> None:
    schema = build_schema()
    # A variable, so that no answer is kept.
    text = get_introspection_query().replace("query IntrospectionQuery", "query Q($yes: Boolean = true)")
    text = text.replace("types {", "types @include(if: $yes) {")
    document = read(text, count_tokens(text, LIMITS), schema, LIMITS)
    request = Request(text, variables={"yes": True})
    ask = [introspection.answer(schema, document, document.operation(None), request) for _ in range(30)]
    got = await asyncio.gather(*ask, return_exceptions=True)
    refused = [each for each in got if isinstance(each, RequestError)]
    assert len(refused) == 30 - introspection.MOST_WAITING
    assert {(each.errors[0].extensions or {})["code"] for each in refused} == {"OVERLOADED"}
    assert all(isinstance(each, bytes) for each in got if each not in refused)
    assert isinstance(await introspection.answer(schema, document, document.operation(None), request), bytes)


async def test_strangers_push_out_nothing_that_callers_have_registered() -> None:
    pipeline = Pipeline(ToyEngine(), persisted=Persisted(registered=2))
    pipeline.persisted.register("{ viewer { name } }")
    ring = strangers(pipeline)
    for number in range(40):
        text = f'mutation M{number} {{ signIn(email: "a", password: "b") {{ token }} }}'
        extensions: dict[str, object] = {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}
        await ring.prepare(Request(text, extensions=extensions))
    assert list(pipeline.persisted.registered) == [digest("{ viewer { name } }")]
