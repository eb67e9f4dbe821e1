"""Reading JSON answers: tolerant of what is missing, strict about what is there."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from app.devices.port import ContractBroken, Unreachable

T = TypeVar("T")
# As JSON spells what no text of ours can hold: NUL, and halves of characters. Most halves have their other half.
_ODD_SPELLED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_ODD = re.compile("[\x00\ud800-\udfff]")


class WrongShape(ValueError):  # noqa: N818 - says what happened
    """An answer that does not fit the contract."""


def shaped(read: Callable[[Any], T], answer: Any) -> T:
    """What an answer says. Raises ContractBroken where it says nothing that anybody could read."""
    try:
        return read(answer)
    except WrongShape as error:
        raise ContractBroken(str(error)) from error


async def beforehand(look: Awaitable[T]) -> T:
    """A look before an order: an answer without sense says nothing of the order, for nothing of it has left us."""
    try:
        return await look
    except ContractBroken as error:
        raise Unreachable(f"nothing was sent: {error.detail}") from error


def decode(body: bytes) -> Any:
    """What no database and no other JSON could hold comes as a mark in its place: one odd name hides no bank."""
    try:
        text = body.decode("utf-8-sig")
        found = json.loads(text)
        return _plain(found) if _ODD_SPELLED.search(text) else found
    # Deep nesting ends in RecursionError, a number of thousands of digits in ValueError.
    except (ValueError, RecursionError) as error:
        raise WrongShape("the answer is not JSON") from error


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return _ODD.sub("\ufffd", value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {_plain(name): _plain(each) for name, each in value.items()}
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
