"""From bytes a stranger sent to a Request, or a refusal: nothing in here can be made to fail in another way."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

import orjson

from schema.engine import Request
from schema.errors import Code, refusal

BRACKETS = (dict, list)


def loads(data: bytes | str) -> object:
    """orjson refuses NaN, lone surrogates, other encodings and more than 1,024 levels, each as one exception."""
    try:
        parsed: object = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise refusal(Code.BAD_REQUEST, "the body is not JSON") from None
    return parsed


def from_json(data: bytes, nesting: int) -> Request:
    parsed = loads(data)
    if not isinstance(parsed, dict):
        raise refusal(Code.BAD_REQUEST, "the body must be one JSON object: batches are not taken")
    return from_object(parsed, nesting)


def from_query_string(data: bytes, nesting: int) -> Request:
    try:
        pairs = parse_qsl(data.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except (UnicodeDecodeError, ValueError):
        raise refusal(Code.BAD_REQUEST, "the query string cannot be read") from None
    given: dict[str, object] = dict(pairs)
    for name in ("variables", "extensions"):
        if name in given:
            given[name] = loads(str(given[name])) if given[name] else None
    return from_object(given, nesting)


def from_object(given: Mapping[str, object], nesting: int) -> Request:
    return Request(
        query=text(given, "query"),
        document_id=text(given, "documentId"),
        variables=mapping(given, "variables", nesting),
        operation_name=text(given, "operationName") or None,
        extensions=mapping(given, "extensions", nesting),
    )


def text(given: Mapping[str, object], name: str) -> str | None:
    value = given.get(name)
    if value is None or isinstance(value, str):
        return value
    raise refusal(Code.BAD_REQUEST, f"`{name}` must be a string")


def mapping(given: Mapping[str, object], name: str, nesting: int) -> dict[str, object]:
    value = given.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise refusal(Code.BAD_REQUEST, f"`{name}` must be an object")
    if deeper_than(value, nesting):
        raise refusal(Code.BAD_REQUEST, f"`{name}` is nested too deeply: at most {nesting} levels")
    return value


def deeper_than(value: object, levels: int) -> bool:
    """Level by level, without recursion: what follows (coercion, scalars) does recurse."""
    layer: list[object] = [value]
    for _ in range(levels):
        layer = [child for parent in layer for child in children(parent) if isinstance(child, BRACKETS)]
        if not layer:
            return False
    return True


def children(parent: object) -> list[object]:
    if isinstance(parent, dict):
        return list(parent.values())
    return parent if isinstance(parent, list) else []
