"""Short words to declare fields and filters with."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Boolean, Column, FromClause, String, not_, or_
from sqlalchemy.dialects.postgresql import ARRAY

from app.kit.ids import parse_global_id
from app.kit.reading.shape import Condition, Expression, Field, Filter, Kind, Sight
from app.kit.tables import Uuid

Shown = Callable[[Any], bool]


def _field(kind: Kind, value: Expression, nullable: bool | None, shown: Shown | None, **more: Any) -> Field:
    if nullable is None:
        nullable = bool(value.nullable) if isinstance(value, Column) else False
    return Field(kind, value, nullable or shown is not None, shown=shown, **more)


def text(value: Expression, *, nullable: bool | None = None, shown: Shown | None = None) -> Field:
    return _field(Kind.TEXT, value, nullable, shown)


def word(value: Expression, *, nullable: bool | None = None) -> Field:
    return _field(Kind.WORD, value, nullable, None)


def number(value: Expression, *, nullable: bool | None = None) -> Field:
    return _field(Kind.INT, value, nullable, None)


def decimal(value: Expression, *, nullable: bool | None = None) -> Field:
    return _field(Kind.FLOAT, value, nullable, None)


def flag(value: Expression, *, nullable: bool | None = None) -> Field:
    return _field(Kind.BOOL, value, nullable, None)


def time(value: Expression, *, nullable: bool | None = None) -> Field:
    return _field(Kind.TIME, value, nullable, None)


def id_of(of: str | Expression, value: Expression, *, nullable: bool | None = None) -> Field:
    return _field(Kind.ID, value, nullable, None, of=of)


def raw_json(value: Expression, *, nullable: bool | None = None, weight: int = 20) -> Field:
    """`weight`: of the largest there may be; a kilobyte unless said otherwise."""
    return _field(Kind.JSON, value, nullable, None, weight=weight)


def listed(value: Expression, *, nullable: bool | None = None) -> Field:
    return _field(Kind.LIST, value, nullable, None)


def late(name: str, value: Expression, *, shown: Shown | None = None) -> Field:
    """A value the product makes after the statement from this text (never null itself where the value exists)."""
    return _field(Kind.LATE, value, True, shown, late=name)


def by_id(column: str, of: str | tuple[str, ...]) -> Filter:
    """Rows whose column is this id; a malformed id, or one of another type, matches nothing."""
    return Filter(lambda row, value, _: row.c[column] == value, Uuid, lambda given: uuid_of(given, of))


def by_ids(column: str, of: str) -> Filter:
    return Filter(
        lambda row, value, _: row.c[column] == value,
        ARRAY(Uuid),
        lambda given: [found for each in given if (found := uuid_of(each, of)) is not None],
        item=Uuid,
    )


def equal(column: str, type_: Any = String) -> Filter:
    return Filter(lambda row, value, _: row.c[column] == value, type_, plain)


def one_of(column: str) -> Filter:
    """Rows whose column is one of the given words."""
    return Filter(
        lambda row, value, _: row.c[column] == value,
        ARRAY(String),
        lambda given: [plain(each) for each in given],
        item=String,
    )


def when(condition: Callable[[FromClause, Sight], Condition]) -> Filter:
    """Rows for which the condition (never null) is the given boolean."""
    return Filter(
        lambda row, value, sight: condition(row, sight) if value else not_(condition(row, sight)),
        Boolean,
        structural=True,
    )


def matches(*columns: str) -> Filter:
    """Rows where any of the columns contains the words as typed, whatever their case."""
    return Filter(
        lambda row, value, _: or_(*(row.c[column].ilike(value, escape="\\") for column in columns)), String, contains
    )


def contains(given: str) -> str:
    escaped = given.replace("\0", "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def plain(given: Any) -> Any:
    """PostgreSQL's text cannot hold NUL: what contains one matches nothing, and must not break the statement."""
    if isinstance(given, str):
        return str(given.value) if hasattr(given, "value") else given.replace("\0", "\ufffd")
    return given


def uuid_of(given: str, of: str | tuple[str, ...] | None) -> Any:
    found = parse_global_id(given)
    if found is None:
        return None
    names = (of,) if isinstance(of, str) else of
    return found[1] if names is None or found[0] in names else None
