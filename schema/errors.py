"""Errors a caller may see: every one carries a code and the trace id; faults are masked here and logged whole, once.

RequestError    the request itself is wrong; nothing ran. Trying again without a change is useless
GraphQLError    raised while running, for one field; its own message is meant for the caller
LOST, Deadlock  the database is away, has no room, or ended this for another act's sake again and again: UNAVAILABLE to
                the caller, the traceback to the log
anything else   our fault: INTERNAL_SERVER_ERROR to the caller, the traceback to the log
"""

import logging
from collections.abc import Iterable, Mapping
from enum import StrEnum

import orjson
from graphql import GraphQLError

from app.kit.bus import LOST
from app.kit.db import Deadlock
from app.kit.errors import Denied, LockyardError, NotFound

log = logging.getLogger("lockyard.graphql")

MASKED = "Something went wrong on our side. Quote the trace id when you report it."
# With a key it does not matter whether it was done before the database was lost.
AWAY = "The database cannot take this at present. Try again in a moment, a write with the same idempotency key."


class Code(StrEnum):
    """The closed list of `extensions.code`."""

    ANSWER_LIMIT = "ANSWER_LIMIT"
    BAD_REQUEST = "BAD_REQUEST"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    COST_LIMIT = "COST_LIMIT"
    DOCUMENT_LIMIT = "DOCUMENT_LIMIT"
    FORBIDDEN = "FORBIDDEN"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"
    NOT_FOUND = "NOT_FOUND"
    OVERLOADED = "OVERLOADED"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    TIMEOUT = "TIMEOUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    UNAVAILABLE = "UNAVAILABLE"


class RequestError(Exception):
    """Why a request is refused before anything of it ran; `status` is what HTTP says where it may choose."""

    def __init__(self, errors: Iterable[GraphQLError], status: int = 400) -> None:
        self.errors = tuple(errors)
        self.status = status
        super().__init__("; ".join(error.message for error in self.errors))


def refusal(code: Code, message: str, status: int = 400) -> RequestError:
    return RequestError([GraphQLError(message, extensions={"code": code.value})], status)


def invalid(errors: Iterable[GraphQLError]) -> RequestError:
    """Validation found these: the code is added where the rule gave none."""
    return RequestError(coded(error, Code.GRAPHQL_VALIDATION_FAILED) for error in errors)


def coded(error: GraphQLError, code: Code) -> GraphQLError:
    error.extensions = {"code": code.value, **(error.extensions or {})}
    return error


# Our own exceptions whose text may be shown: expected refusals that were raised where no union can carry them.
KNOWN: Mapping[type[Exception], Code] = {
    NotFound: Code.NOT_FOUND,
    Denied: Code.FORBIDDEN,
    LockyardError: Code.BAD_USER_INPUT,
}


def present(error: GraphQLError, trace_id: str, known: Mapping[type[Exception], Code] = KNOWN) -> dict[str, object]:
    """One error as the caller sees it."""
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        error, cause = cause, cause.original_error
    code = code_of(error, cause, known)
    shown: dict[str, object] = {"message": error.message}
    if code is None:
        log.error("%s failed", where(error), exc_info=cause, extra={"trace_id": trace_id})
        away = isinstance(cause, (*LOST, Deadlock))
        code = (Code.UNAVAILABLE if away else Code.INTERNAL_SERVER_ERROR).value
        shown["message"] = AWAY if away else MASKED
    else:
        log.info("%s refused: %s %s", where(error), code, one_line(error.message), extra={"trace_id": trace_id})
    if error.locations:
        shown["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        shown["path"] = list(error.path)
    shown["extensions"] = {**(error.extensions or {}), "code": code, "traceId": trace_id}
    return shown


def code_of(error: GraphQLError, cause: Exception | None, known: Mapping[type[Exception], Code]) -> str | None:
    """The code to show, or None for a fault of ours."""
    given = (error.extensions or {}).get("code")
    if isinstance(given, str):
        return given
    if cause is None:
        return Code.BAD_USER_INPUT.value
    return next((known[kind].value for kind in type(cause).__mro__ if kind in known), None)


def where(error: GraphQLError) -> str:
    return ".".join(str(step) for step in error.path) if error.path else "request"


def one_line(text: str) -> str:
    """A message as one log line: what a caller typed cannot forge another."""
    return " ".join(text[:300].split())


def body(errors: Iterable[GraphQLError], trace_id: str) -> bytes:
    """A whole response object for a request of which nothing ran: no `data` key."""
    return orjson.dumps({"errors": [present(error, trace_id) for error in errors]})


def listed(errors: Iterable[GraphQLError], trace_id: str) -> bytes:
    """The bare list, as an `error` message of graphql-transport-ws carries it."""
    return orjson.dumps([present(error, trace_id) for error in errors])


def fault(error: Exception) -> GraphQLError:
    """An exception nobody foresaw, as an error whose text `present` will mask and whose traceback it will log."""
    return GraphQLError(type(error).__name__, original_error=error)
