"""Pages of a keyset: how many, in which direction, from which cursor."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from app.kit.errors import Invalid

DEFAULT = 50
MOST = 200
MOST_IDS = 100
NO_CURSOR = "The cursor is not one of this list."
_LONGEST_CURSOR = 2_000
_INTEGERS = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Page:
    """A page as asked, its faults found. `after` and `before` are the values of the sort columns and the id."""

    limit: int
    backward: bool
    after: tuple[Any, ...] | None
    before: tuple[Any, ...] | None


def read_page(given: Mapping[str, Any], types: Sequence[type]) -> Page:
    """Raises Invalid: both directions at once, a negative or too large size, a foreign cursor."""
    first, last = given.get("first"), given.get("last")
    if first is not None and last is not None:
        raise Invalid("`first` and `last` cannot be given together.", path=("last",))
    for name, size in (("first", first), ("last", last)):
        if size is not None and not 0 <= size <= MOST:
            raise Invalid(f"`{name}` must be between 0 and {MOST}.", path=(name,))
    limit = first if first is not None else last if last is not None else DEFAULT
    return Page(limit, last is not None, *(read_cursor(given.get(name), types, name) for name in ("after", "before")))


def write_cursor(values: Sequence[Any]) -> str:
    """The opaque text of a position: base64url, without padding, of the JSON list of its key."""
    written = [timestamp(value) if isinstance(value, datetime) else value for value in values]
    return urlsafe_b64encode(orjson.dumps(written)).decode().rstrip("=")


def read_cursor(text: str | None, types: Sequence[type], argument: str) -> tuple[Any, ...] | None:
    """The key a cursor stands for, each value of the type its column has."""
    if text is None:
        return None
    values = _listed(text)
    if values is None or len(values) != len(types):
        raise Invalid(NO_CURSOR, path=(argument,))
    try:
        return tuple(_typed(value, type_) for value, type_ in zip(values, types, strict=True))
    except ValueError as error:
        raise Invalid(NO_CURSOR, path=(argument,)) from error


def _listed(text: str) -> list[Any] | None:
    """The JSON list inside; None where there is none."""
    if len(text) > _LONGEST_CURSOR:
        return None
    try:
        values = orjson.loads(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
    except (ValueError, Base64Error):
        return None
    return values if isinstance(values, list) else None


def timestamp(value: datetime) -> str:
    """The one spelling of a moment: UTC, six digits, Z."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def _typed(value: Any, type_: type) -> Any:
    if type_ is int:
        if type(value) is not int or value not in _INTEGERS:
            raise ValueError("not a number")
        return value
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("not a text")
    if type_ is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("a time without its zone")
        return moment
    return UUID(value) if type_ is UUID else value
