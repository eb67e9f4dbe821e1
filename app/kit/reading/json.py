"""JSON text out of SQL: every piece is text that is never null, and joins with its neighbours."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Case, ColumnElement, FromClause, Integer, Text, case, cast, func, literal_column
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import ExpressionClauseList

from app.kit.reading.shape import Field, Kind, Shape, Sight, Value, evaluate

Piece = str | ColumnElement[Any]

NULL = literal_column("'null'", Text)
# What brackets a value to be finished after the statement. JSON text never holds it bare: inside strings it is escaped.
LATE = "\x01"
_TIME = '\\"YYYY-MM-DD"T"HH24:MI:SS.US"Z"\\"'


def constant(text: str) -> ColumnElement[str]:
    """Text of our own making as a literal: names of the schema, response keys, brackets."""
    return literal_column("'" + text.replace("'", "''") + "'", Text)


def joined(pieces: Sequence[Piece]) -> ColumnElement[str]:
    """One text of many. Joined in halves: a chain would copy the beginning again for each piece."""
    merged: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    return _halves([constant(piece) if isinstance(piece, str) else piece for piece in merged])


def _halves(pieces: list[ColumnElement[Any]]) -> ColumnElement[str]:
    if len(pieces) <= 8:
        if len(pieces) == 1:
            return pieces[0]
        return ExpressionClauseList(operators.concat_op, *pieces, type_=Text())
    middle = len(pieces) // 2
    return ExpressionClauseList(
        operators.concat_op, _halves(pieces[:middle]).self_group(), _halves(pieces[middle:]).self_group(), type_=Text()
    )


def field_json(field: Field, shape: Shape, row: FromClause, sight: Sight) -> Piece:
    """The value of a field as JSON text."""
    if field.shown is not None and not field.shown(sight.scope):
        return "null"
    value = evaluate(field.value, shape, row, sight)
    written = _WRITERS[field.kind](value) if field.kind in _WRITERS else _special(field, value, shape, row, sight)
    return func.coalesce(written, NULL) if field.nullable else written


def _special(field: Field, value: Value, shape: Shape, row: FromClause, sight: Sight) -> Value:
    if field.kind is Kind.LATE:
        return joined([constant(f"{LATE}{field.late}:"), value, LATE])
    if isinstance(field.of, str):
        return joined(['"', global_id(constant(field.of + ":"), value), '"'])
    assert field.of is not None
    return joined(['"', global_id(evaluate(field.of, shape, row, sight).op("||")(constant(":")), value), '"'])


def global_id(prefix: ColumnElement[Any], value: Value) -> ColumnElement[str]:
    """app.kit.ids.global_id in SQL. PostgreSQL breaks base64 into lines of 76; our ids are shorter."""
    return func.encode(func.convert_to(joined([prefix, cast(value, Text)]), constant("UTF8")), constant("base64"))


def base64url(text: ColumnElement[Any]) -> ColumnElement[str]:
    encoded = func.encode(func.convert_to(text, constant("UTF8")), constant("base64"))
    return func.translate(encoded, literal_column(r"E'+/=\n'"), constant("-_"))


def key_json(columns: Sequence[ColumnElement[Any]]) -> ColumnElement[str]:
    """The key of a cursor as a JSON list: what app.kit.paging.write_cursor writes."""
    pieces: list[Piece] = []
    for index, column in enumerate(columns):
        pieces += ["," if index else "[", _key_part(column)]
    return joined([*pieces, "]"])


def _key_part(column: ColumnElement[Any]) -> ColumnElement[Any]:
    kind = column.type.python_type
    if kind is int:
        return cast(column, Text)
    if kind is str:
        return _text(column)
    return _time(column) if kind.__name__ == "datetime" else _word(cast(column, Text))


def _text(value: Value) -> Value:
    return cast(func.to_json(value), Text)


def _word(value: Value) -> Value:
    return joined(['"', value, '"'])


def _number(value: Value) -> Value:
    return cast(value, Text)


def _decimal(value: Value) -> Case[Any]:
    # Python, JavaScript and GraphQL write 52.0 where PostgreSQL writes 52.
    whole = value == func.trunc(value)
    return case((whole, joined([cast(value, Text), ".0"])), else_=cast(value, Text))


def _time(value: Value) -> Value:
    return func.to_char(func.timezone(constant("UTC"), value), constant(_TIME))


_WRITERS = {
    Kind.TEXT: _text,
    Kind.WORD: _word,
    Kind.INT: _number,
    Kind.FLOAT: _decimal,
    Kind.BOOL: _number,
    Kind.TIME: _time,
    Kind.JSON: _number,
    Kind.LIST: _text,
}


def flag(condition: ColumnElement[bool]) -> ColumnElement[str]:
    return cast(condition, Text)


def count(rows: Any) -> ColumnElement[str]:
    return cast(cast(rows, Integer), Text)
