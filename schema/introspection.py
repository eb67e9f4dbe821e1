"""Questions about the schema itself: the same answer for everybody, found once a document, away from the event loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import orjson
from graphql import ExecutionResult, GraphQLSchema, OperationType, execute_sync

from schema.documents import Document, Operation
from schema.engine import Request
from schema.errors import Code, RequestError, coded, refusal
from schema.misfits import coerced

META = frozenset({"__schema", "__type", "__typename"})


def asked_only(operation: Operation) -> bool:
    """Whether every root field asks about the schema. `__typename` alone is quicker answered on the spot."""
    roots = operation.root_fields
    return (
        operation.kind is OperationType.QUERY
        and len(roots) == len(operation.node.selection_set.selections)
        and META.issuperset(roots)
        and ("__schema" in roots or "__type" in roots)
    )


# One, so that many such questions at once take turns instead of the whole interpreter.
THREAD = ThreadPoolExecutor(1, thread_name_prefix="introspection")
# More are refused: each holds the interpreter, and whoever asks for them need not wait for their answers.
MOST_WAITING = 8
ASKED: set[asyncio.Future[bytes]] = set()


async def answer(schema: GraphQLSchema, document: Document, operation: Operation, request: Request) -> bytes:
    key = ("introspection", operation.name)
    kept = document.plans.get(key) if not operation.node.variable_definitions else None
    if isinstance(kept, bytes):
        return kept
    # A fifth of a second of pure Python for the whole schema: in a thread nobody else waits for it.
    if len(ASKED) >= MOST_WAITING:
        raise refusal(Code.OVERLOADED, "too many questions about the schema at once: try again in a moment", 503)
    asked = asyncio.get_running_loop().run_in_executor(THREAD, execute, schema, document, request)
    ASKED.add(asked)
    asked.add_done_callback(ASKED.discard)
    result = await asked
    if not operation.node.variable_definitions:
        document.plans[key] = result
    return result


def execute(schema: GraphQLSchema, document: Document, request: Request) -> bytes:
    coerced(schema, document.operation(request.operation_name).node.variable_definitions or (), request.variables)
    result = execute_sync(
        schema, document.ast, variable_values=request.variables, operation_name=request.operation_name
    )
    assert isinstance(result, ExecutionResult)
    if result.errors:
        raise RequestError(coded(error, Code.BAD_USER_INPUT) for error in result.errors)
    return orjson.dumps({"data": result.data})
