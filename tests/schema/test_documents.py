import asyncio

import pytest
from graphql import build_schema

from schema.documents import Document, Documents, Persisted, digest
from schema.errors import Code, RequestError

SCHEMA = build_schema("type Query { a: Int b: Int c: Int q: Query } type Mutation { go: Int }")
LONG = "{ " + ("q { " + "a b c " * 30 + "} ") * 2 + "}"

pytestmark = pytest.mark.anyio


def code(error: RequestError) -> object:
    return (error.errors[0].extensions or {})["code"]


async def test_a_document_is_read_once_and_keeps_its_plans() -> None:
    documents = Documents(SCHEMA)
    first = await documents.load("{ a }")
    first.plans["mine"] = 1
    assert (await documents.load("{ a }")).plans == {"mine": 1}
    assert (await documents.load("{ a  }")).plans == {}


async def test_many_who_ask_for_the_same_new_document_share_one_reading() -> None:
    documents = Documents(SCHEMA)
    found = await asyncio.gather(*(documents.load(LONG) for _ in range(500)))
    assert len({id(document) for document in found}) == 1


async def test_too_many_different_new_documents_are_refused_for_now() -> None:
    documents = Documents(SCHEMA)
    texts = [LONG + " " * number for number in range(100)]
    found = await asyncio.gather(*(documents.load(text) for text in texts), return_exceptions=True)
    refused = [error for error in found if isinstance(error, RequestError)]
    assert {(code(error), error.status) for error in refused} == {(Code.OVERLOADED, 503)}
    assert sum(isinstance(document, Document) for document in found) == 64
    assert isinstance(await documents.load(texts[99]), Document)


async def test_one_who_leaves_does_not_take_the_reading_along() -> None:
    documents = Documents(SCHEMA)
    leaving, staying = (asyncio.ensure_future(documents.load(LONG)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).tokens == 188


async def test_the_cache_is_bounded_by_weight_and_forgets_the_least_used() -> None:
    documents = Documents(SCHEMA, weight=12)
    kept = await documents.load("{ a }")
    for text in ("{ b }", "{ c }", "{ a b }"):
        await documents.load(text)
        assert await documents.load("{ a }") is kept
    assert documents.weighs == sum(document.tokens for document in documents.kept.values()) <= 12
    assert "{ b }" not in documents.kept


@pytest.mark.parametrize("text", ["{ nope }", "{ nope " + "a " * 400 + "}", "{ a"])
async def test_a_refusal_is_remembered_and_said_again(text: str) -> None:
    documents = Documents(SCHEMA, refused=2)
    said = []
    for _ in range(2):
        with pytest.raises(RequestError) as refused:
            await documents.load(text)
        said.append((code(refused.value), str(refused.value)))
    assert said[0] == said[1]
    for number in range(5):
        with pytest.raises(RequestError):
            await documents.load(f"{{ nope{number} }}")
    assert len(documents.refused) == 2


async def test_the_operation_is_found_by_name_or_because_there_is_one() -> None:
    documents = Documents(SCHEMA)
    two = await documents.load("query A { a } mutation B { go }")
    assert two.operation("B").root_fields == ("go",)
    for name in (None, "C"):
        with pytest.raises(RequestError) as refused:
            two.operation(name)
        assert code(refused.value) == Code.BAD_REQUEST
    one = await documents.load("query A { a }")
    assert one.operation(None) is one.operation("A")


def test_a_manifest_whose_hashes_are_wrong_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="hash"):
        Persisted({"sha256:" + "0" * 64: "{ a }"})


def test_where_only_persisted_documents_are_accepted_others_are_forbidden() -> None:
    persisted = Persisted({digest("{ a }"): "{ a }"}, only=True)
    assert persisted.text("{ a }", None, {}) == "{ a }"
    assert persisted.text(None, digest("{ a }"), {}) == "{ a }"
    with pytest.raises(RequestError) as refused:
        persisted.text("{ b }", None, {})
    assert code(refused.value) == Code.FORBIDDEN
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest("{ b }")}}
    with pytest.raises(RequestError) as unknown:
        persisted.text("{ b }", None, extensions)
    assert code(unknown.value) == Code.PERSISTED_QUERY_NOT_FOUND


def test_registered_documents_are_bounded() -> None:
    persisted = Persisted(registered=3)
    for number in range(10):
        persisted.register(f"{{ a{number} }}")
    assert len(persisted.registered) == 3
