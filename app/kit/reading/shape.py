"""Shapes: what of a thing can be read, declared as data, with the one predicate that says by whom."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any, TypeAlias

from sqlalchemy import BindParameter, Column, ColumnElement, FromClause, Select, Table, any_, bindparam, or_
from sqlalchemy.sql.visitors import replacement_traverse

Condition: TypeAlias = ColumnElement[bool]
Value: TypeAlias = ColumnElement[Any]


class Kind(Enum):
    """How a value is written as JSON."""

    TEXT = auto()
    WORD = auto()  # text from a closed list: needs no escaping
    INT = auto()
    FLOAT = auto()
    BOOL = auto()
    TIME = auto()
    ID = auto()
    JSON = auto()
    LIST = auto()  # an array of text or numbers
    LATE = auto()  # text that only the product can turn into the value, after the statement


@dataclass(frozen=True, slots=True)
class Sight:
    """From where shapes are looked at while a statement is built. Counting rows of another shape asks `visible`."""

    scope: Any
    catalogue: "Catalogue"

    def visible(self, name: str, row: FromClause) -> Condition:
        shape = self.catalogue.shapes[name]
        seen: Condition = on(shape.visible(self.scope), shape.table, row)
        return seen


Expression: TypeAlias = ColumnElement[Any] | Callable[[FromClause, Sight], ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class Field:
    """One value. `of` names the type an ID belongs to, or computes it. `shown`: null for those it is hidden from.
    `weight`: as many plain values it may be as large as, each of some fifty bytes."""

    kind: Kind
    value: Expression
    nullable: bool = False
    of: str | Expression | None = None
    shown: Callable[[Any], bool] | None = None
    late: str = ""
    weight: int = 1

    def __post_init__(self) -> None:
        if self.shown is not None and not self.nullable:
            raise ValueError("a field that may be hidden must be nullable")


@dataclass(frozen=True, slots=True)
class Sort:
    """Columns that are never null, then the id: together the key of a cursor."""

    columns: tuple[str, ...]
    descending: bool = False


@dataclass(frozen=True, slots=True)
class One:
    """At most one row of the target. Nullable: null where the actor may not see it. Not nullable: it shares the sight
    of its holder, because every such target says where the holder stands (its site, bank, operator) and nothing
    more; what hangs below it is looked at afresh. `shared`: that sight too, but null where `on` finds none."""

    target: str
    mine: str = ""
    theirs: str = "id"
    nullable: bool = False
    on: Callable[[FromClause, FromClause], Condition] | None = None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Many:
    """A connection: a page of visible rows of the target, in a keyset order."""

    target: str
    theirs: str = ""
    mine: str = "id"
    order: Sort | None = None
    on: Callable[[FromClause, FromClause], Condition] | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A list computed in SQL. `rows` gives an ordered select; `arguments` are bound under their own names. `most`: how
    long it may be, where that is more than a few."""

    columns: Mapping[str, Field]
    rows: Callable[[FromClause, Sight, Mapping[str, BindParameter[Any]]], Select[Any]]
    order: tuple[str, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    most: int | None = None


class Given(Enum):
    """How the value of a filter stands in the statement."""

    BOUND = auto()
    ALONE = auto()  # a list of one: bound as that one, because only an equality leaves an index in its order
    TRUE = auto()  # booleans are part of the text: the planner sees them, so that partial indexes serve
    FALSE = auto()


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on a row by one value. `convert` turns the API's value into the bound one; `item` is the type of one
    where the value is a list; `structural` conditions are given a plain True or False."""

    condition: Callable[[FromClause, Any, Sight], Condition]
    type: Any
    convert: Callable[[Any], Any] = lambda value: value
    structural: bool = False
    item: Any = None

    def read(self, value: Any) -> tuple[Given, Any]:
        """How it stands, and what is bound: nothing for booleans."""
        if self.structural:
            return (Given.TRUE if value else Given.FALSE), None
        converted = self.convert(value)
        alone = self.item is not None and len(converted) == 1
        return (Given.ALONE, converted[0]) if alone else (Given.BOUND, converted)

    def on(self, row: FromClause, given: Given, name: str, sight: "Sight") -> Condition:
        """The condition, its value bound as `name`."""
        if given in (Given.TRUE, Given.FALSE):
            return self.condition(row, given is Given.TRUE, sight)
        alone = given is Given.ALONE
        value: BindParameter[Any] = bindparam(name, type_=self.item if alone else self.type)
        return self.condition(row, value if alone or self.item is None else any_(value), sight)


@dataclass(frozen=True, slots=True)
class Shape:
    """All that can be read of one type. Column elements stand on `table` itself and are moved onto its aliases."""

    name: str
    table: Table
    fields: Mapping[str, Field]
    visible: Callable[[Any], Condition]
    relations: "Mapping[str, One | Many | Items]" = field(default_factory=dict)
    filters: Mapping[str, Filter] = field(default_factory=dict)
    sorts: Mapping[str, Sort] = field(default_factory=dict)
    order: Sort = field(default_factory=lambda: Sort(()))

    @property
    def walled(self) -> bool:
        return bool(self.table.info.get("tenant"))


@dataclass(frozen=True, slots=True)
class Extension:
    """What a higher module adds to a lower module's shape. `visible` adds to what may be seen, never takes away."""

    name: str
    fields: Mapping[str, Field] = field(default_factory=dict)
    relations: "Mapping[str, One | Many | Items]" = field(default_factory=dict)
    filters: Mapping[str, Filter] = field(default_factory=dict)
    visible: Callable[[Any], Condition] | None = None


@dataclass(frozen=True, slots=True)
class ById:
    """Root: one visible object by the id in its argument."""

    target: str


@dataclass(frozen=True, slots=True)
class Myself:
    """Root: the one row its predicate lets through."""

    target: str


@dataclass(frozen=True, slots=True)
class AnyById:
    """Root: one visible object, its type taken from its id."""


@dataclass(frozen=True, slots=True)
class AnyByIds:
    """Root: the same for many ids, in their order."""


Root: TypeAlias = ById | Myself | AnyById | AnyByIds | Many


class Catalogue:
    """Every shape with its extensions, and the root fields."""

    def __init__(self, shapes: list[Shape], extensions: list[Extension], roots: Mapping[str, Root]) -> None:
        self.shapes = {shape.name: shape for shape in shapes}
        self.roots = roots
        for extension in extensions:
            self.shapes[extension.name] = extended(self.shapes[extension.name], extension)


def extended(shape: Shape, extension: Extension) -> Shape:
    added = extension.visible
    base = shape.visible
    return replace(
        shape,
        fields={**shape.fields, **extension.fields},
        relations={**shape.relations, **extension.relations},
        filters={**shape.filters, **extension.filters},
        visible=base if added is None else (lambda scope: or_(base(scope), added(scope))),
    )


def on(expression: Any, table: Table, row: FromClause) -> Any:
    """The same expression with the columns of `table` itself read from `row`; other aliases of the table stay."""

    def moved(element: Any, **_: object) -> Any:
        if element is table:
            return row
        if isinstance(element, Column) and element.table is table:
            return row.c[element.key]
        return None

    return replacement_traverse(expression, {}, moved)


def evaluate(expression: Expression, shape: Shape, row: FromClause, sight: Sight) -> Value:
    if isinstance(expression, ColumnElement):
        return on(expression, shape.table, row)  # type: ignore[no-any-return]
    return expression(row, sight)
