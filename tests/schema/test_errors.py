import logging

import asyncpg
import pytest
from graphql import GraphQLError

from app.kit.errors import Denied, Invalid, NotFound
from schema.errors import AWAY, MASKED, Code, fault, present


def shown(cause: Exception) -> dict[str, object]:
    return present(GraphQLError(str(cause), path=["site", 0], original_error=cause), "t1")


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (NotFound("no site x"), Code.NOT_FOUND),
        (Denied("not allowed", permission="site:read"), Code.FORBIDDEN),
        (Invalid("bad cursor"), Code.BAD_USER_INPUT),
        (GraphQLError("too dear", extensions={"code": "COST_LIMIT"}), Code.COST_LIMIT),
        (GraphQLError("not so"), Code.BAD_USER_INPUT),
    ],
)
def test_what_is_expected_keeps_its_words_and_gets_a_code(cause: Exception, code: Code) -> None:
    error = shown(cause)
    assert error["message"] == str(getattr(cause, "message", cause))
    assert error["extensions"] == {"code": code.value, "traceId": "t1"}


def test_a_fault_is_masked_to_the_caller_and_whole_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    seen = present(fault(RuntimeError("postgresql://secret@db")), "t2")
    assert seen == {"message": MASKED, "extensions": {"code": "INTERNAL_SERVER_ERROR", "traceId": "t2"}}
    [record] = caplog.records
    assert record.exc_info is not None
    assert "RuntimeError: postgresql://secret@db" in caplog.text


@pytest.mark.parametrize(
    "cause",
    [asyncpg.DiskFullError("pg_default"), ConnectionResetError("10.0.0.1"), asyncpg.DeadlockDetectedError("process 7")],
)
def test_a_database_without_room_or_away_is_told_as_what_it_is_and_no_more(
    cause: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    assert shown(cause) == {
        "message": AWAY,
        "path": ["site", 0],
        "extensions": {"code": "UNAVAILABLE", "traceId": "t1"},
    }
    assert caplog.records[0].exc_info is not None


def test_a_refusal_is_one_line_of_log_whatever_the_caller_typed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="lockyard.graphql")
    present(GraphQLError("no field\nERROR forged " + "x" * 5_000), "t3")
    [record] = caplog.records
    assert record.exc_info is None
    assert "\n" not in record.getMessage()
    assert len(record.getMessage()) < 400
