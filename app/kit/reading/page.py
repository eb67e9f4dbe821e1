"""A page of rows by keyset: the inner select, and the questions about what lies before and behind it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Subquery, bindparam, func, literal_column, select, tuple_

from app.kit.paging import MOST
from app.kit.reading.bind import parameter
from app.kit.reading.select import PageAsk
from app.kit.reading.shape import Condition, Given, Many, Shape, Sight

NUMBER = "_number"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page is taken: rows of `shape` that hang on `parent` (None at the root), as asked at `site`."""

    shape: Shape
    many: Many
    parent: FromClause | None
    ask: PageAsk
    site: int
    sight: Sight

    def link(self, row: FromClause) -> list[Condition]:
        many, parent = self.many, self.parent
        if parent is None:
            return []
        if many.on is not None:
            return [many.on(parent, row)]
        linked = [row.c[many.theirs] == parent.c[many.mine]]
        if self.shape.walled and "tenant_id" in parent.c:
            linked.append(row.c.tenant_id == parent.c.tenant_id)
        return linked

    def where(self, row: FromClause) -> list[Condition]:
        """Everything but the cursor: which rows the list consists of."""
        conditions = [*self.link(row), self.sight.visible(self.shape.name, row)]
        for name, given in self.ask.filters:
            assert isinstance(given, Given)
            conditions.append(self.shape.filters[name].on(row, given, parameter(self.site, name), self.sight))
        return conditions

    def keys(self, row: FromClause) -> list[ColumnElement[Any]]:
        return [row.c[name] for name in (*self.ask.sort, "id")]

    def bound(self, row: FromClause, side: str, *, inside: bool = True) -> Condition:
        """On the inner side of a cursor; or at it and outside."""
        keys = self.keys(row)
        values = tuple_(*(bindparam(parameter(self.site, f"{side}_{n}"), type_=key.type) for n, key in enumerate(keys)))
        key = tuple_(*keys)
        rising = (side == "after") is not self.ask.descending
        if inside:
            return key > values if rising else key < values
        return key <= values if rising else key >= values

    def rows(self, *, more: bool) -> Subquery:
        """The page. With `more`, one row beyond it to know whether there is one: then the rows are numbered as read."""
        row = self.shape.table.alias()
        conditions = self.where(row)
        if self.ask.after:
            conditions.append(self.bound(row, "after"))
        if self.ask.before:
            conditions.append(self.bound(row, "before"))
        order = self.order(row, backward=self.ask.backward)
        fetch: ColumnElement[int] = bindparam(parameter(self.site, "fetch" if more else "limit"), type_=_INTEGER)
        numbered = [func.row_number().over(order_by=order).label(NUMBER)] if more else []
        # A limit in the text tells a planner that does not know the asked one to expect few rows. Nothing more is read.
        few = select(row, *numbered).where(*conditions).order_by(*order).limit(_MOST).correlate_except(row).subquery()
        return select(few).order_by(*self.order(few, backward=self.ask.backward)).limit(fetch).subquery()

    def order(self, row: FromClause, *, backward: bool = False) -> list[ColumnElement[Any]]:
        """The order of the list. Aggregates over a page name it again: PostgreSQL sees that the rows come in it."""
        falling = self.ask.descending is not backward
        return [key.desc() if falling else key.asc() for key in self.keys(row)]

    def beyond(self, side: str) -> ColumnElement[bool]:
        """Whether the list has rows on the outer side of a cursor."""
        row = self.shape.table.alias()
        found = select(1).select_from(row).where(*self.where(row), self.bound(row, side, inside=False))
        return found.correlate_except(row).exists()

    def total(self) -> Select[Any]:
        row = self.shape.table.alias()
        return select(func.count()).select_from(row).where(*self.where(row)).correlate_except(row)


_INTEGER = func.count().type
_MOST: ColumnElement[int] = literal_column(str(MOST + 1), _INTEGER)
