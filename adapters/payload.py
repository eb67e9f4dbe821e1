"""Reading JSON answers: tolerant of what is missing, strict about what is there."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from app.devices.port import ContractBroken

T = TypeVar("T")

# What JSON may spell, and neither UTF-8 nor a database can hold.
_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")
_SPELLED = re.compile(r"\\u(?:0000|d[89a-f])", re.IGNORECASE)


class WrongShape(ValueError):  # noqa: N818 - says what happened
    """An answer that does not fit the contract."""


def shaped(read: Callable[[Any], T], answer: Any) -> T:
    """What an answer says. Raises ContractBroken where it says nothing that anybody could read."""
    try:
        return read(answer)
    except WrongShape as error:
        raise ContractBroken(str(error)) from error


def decode(body: bytes) -> Any:
    """What a body says, with a mark in place of every character that nobody could keep."""
    try:
        text = body.decode("utf-8-sig")
        found = json.loads(text)
        return _keepable(found) if _SPELLED.search(text) else found
    # Deep nesting ends in RecursionError, a number of thousands of digits in ValueError.
    except (ValueError, RecursionError) as error:
        raise WrongShape("the answer is not JSON") from error


def _keepable(value: Any) -> Any:
    if isinstance(value, str):
        return _UNKEEPABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_keepable(each) for each in value]
    if isinstance(value, dict):
        return {_keepable(name): _keepable(each) for name, each in value.items()}
    return value


def an_object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise WrongShape(f"expected an object, got {type(value).__name__}")
    return value


def optional(holder: Mapping[str, Any], name: str, kind: type[T]) -> T | None:
    """Null counts as missing. A flag is no number, though Python thinks so."""
    value = holder.get(name)
    if value is None:
        return None
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise WrongShape(f"{name} is {type(value).__name__}, not {kind.__name__}")
    return value


def required(holder: Mapping[str, Any], name: str, kind: type[T]) -> T:
    value = optional(holder, name, kind)
    if value is None:
        raise WrongShape(f"{name} is missing")
    return value


def items(value: Any, name: str) -> list[Any]:
    """A list that comes bare or wrapped in an object under its name."""
    found = value.get(name) if isinstance(value, dict) else value
    if not isinstance(found, list):
        raise WrongShape(f"{name} is no list")
    return found


def short(value: Any) -> str:
    """For people to look at: the beginning of a value as JSON."""
    try:
        return json.dumps(value, ensure_ascii=False)[:200]
    except RecursionError:
        return "nested too deeply"
