import logging
from typing import Any

import pytest
from graphql import OperationDefinitionNode, build_schema, parse

from schema import misfits
from schema.documents import read
from schema.errors import RequestError, body
from schema.limits import Limits

SCHEMA = build_schema(
    """
    scalar Moment
    enum Word { ONE TWO }
    input SignIn { email: String!, password: String!, age: Int, words: [Word!], deeper: SignIn }
    type Query { in(input: SignIn, ids: [ID!], at: Int! = 3, word: Word, moment: Moment): Int, is(input: SignIn): Int }
    """
)
SECRET = "hunter2"


def _read_moment(value: Any) -> object:
    raise ValueError(f"no moment {value}")


SCHEMA.type_map["Moment"].coerce_input_value = _read_moment  # type: ignore[attr-defined]


def told(error: RequestError, caplog: pytest.LogCaptureFixture) -> str:
    """What the caller and the log are told, in which nothing of a value stands."""
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    answer = body(error.errors, "t").decode()
    assert SECRET not in answer + caplog.text
    return answer


@pytest.mark.parametrize(
    ("declared", "given", "place"),
    [
        ("SignIn", {"email": 1, "password": [SECRET]}, "$v at password does not fit: String! is expected."),
        ("SignIn", {"email": SECRET}, "$v does not fit: SignIn is expected with email, password"),
        ("SignIn", {"email": "a", "password": "b", SECRET: SECRET}, "$v does not fit: SignIn is expected"),
        ("SignIn", SECRET, "$v does not fit: SignIn is expected"),
        ("SignIn", {"email": "a", "password": None, "age": SECRET}, "$v at age does not fit: Int is expected."),
        ("SignIn", {"email": "a", "password": "b", "words": ["ONE", SECRET]}, "$v at words[1] does not fit: Word!"),
        ("SignIn", {"email": "a", "password": "b", "deeper": SECRET}, "$v at deeper does not fit: SignIn is expected"),
        ("[ID!]", [{"id": SECRET}], "$v at [0] does not fit: ID! is expected."),
        ("[ID!]", {"id": SECRET}, "$v does not fit: [ID!] is expected."),
        ("Word", SECRET, "$v does not fit: Word is expected."),
        ("Moment", SECRET, "$v does not fit: Moment is expected."),
        ("Int!", None, "$v does not fit: Int! is expected."),
    ],
)
def test_a_variable_that_does_not_fit_is_told_by_place_and_type_alone(
    declared: str, given: object, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    (operation,) = parse(f"query ($v: {declared}) {{ is }}").definitions
    assert isinstance(operation, OperationDefinitionNode)
    with pytest.raises(RequestError) as refused:
        misfits.coerced(SCHEMA, operation.variable_definitions or (), {"v": given})
    assert place in told(refused.value, caplog)


def test_a_variable_that_is_missing_is_named_and_of_many_misfits_few_are_told(caplog: pytest.LogCaptureFixture) -> None:
    (operation,) = parse("query ($v: [Int!]!) { is }").definitions
    assert isinstance(operation, OperationDefinitionNode)
    for given, count in (({}, 1), ({"v": [SECRET] * 1000}, misfits.MOST)):
        with pytest.raises(RequestError) as refused:
            misfits.coerced(SCHEMA, operation.variable_definitions or (), given)
        assert len(refused.value.errors) == count
        assert "[Int!]! is expected" in told(refused.value, caplog) or count > 1


@pytest.mark.parametrize(
    "text",
    [
        '{ is(input: {email: "hunter2", age: "hunter2"}) }',
        '{ is(input: "hunter2") }',
        "{ is(input: hunter2) }",
        '{ is(input: {email: "a", password: "b", hunter2: "hunter2"}) }',
        '{ in(word: hunter2, ids: [["hunter2"]]) }',
        '{ in(moment: "hunter2") }',
        'query ($v: Int = "hunter2") { in(at: $v) }',
        '{ is "hunter2" }',
        '{ is(input: hunter2 "a" }',
        "{ is(input: {password hunter2}) }",
        '{ is(input: """hunter2 "quoted" """ }',
        '{ is(input: {password: "\\hunter2"}) }',
    ],
)
def test_nothing_of_a_value_in_a_document_is_told(text: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(RequestError) as refused:
        read(text, 10, SCHEMA, Limits())
    told(refused.value, caplog)


def test_a_null_where_an_argument_has_a_default_is_told_without_its_value(caplog: pytest.LogCaptureFixture) -> None:
    document = read("query ($v: Int) { in(at: $v) }", 10, SCHEMA, Limits())
    operation = document.operation(None)
    variables = misfits.coerced(SCHEMA, operation.node.variable_definitions or (), {"v": None})
    assert SCHEMA.query_type is not None
    with pytest.raises(RequestError) as refused:
        misfits.arguments(SCHEMA.query_type.fields["in"], operation.node.selection_set.selections[0], variables)  # type: ignore[arg-type]
    assert "An argument of in does not fit its type." in told(refused.value, caplog)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{ is(", "Syntax Error: Expected Name, found <EOF>."),
        ("{ is 5 }", "Syntax Error: Expected Name, found Int."),
        ("{ is } }", "Syntax Error: Unexpected '}'."),
        ("{ is(input: {password 'x'}) }", "Syntax Error: Unexpected single quote character ('), did you mean"),
    ],
)
def test_what_cannot_be_read_is_told_by_kind_and_place(text: str, words: str) -> None:
    with pytest.raises(RequestError) as refused:
        read(text, 10, SCHEMA, Limits())
    (error,) = refused.value.errors
    assert error.message.startswith(words)
    assert error.locations
