"""Visible rows as rows: what the plain path reads instead of finished JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, FromClause, Select, Text, any_, bindparam, cast, null, select, true

from app.kit.reading.bind import parameter
from app.kit.reading.page import Place
from app.kit.reading.select import PageAsk
from app.kit.reading.shape import Catalogue, Field, Items, Kind, Many, One, Shape, Sight, evaluate
from app.kit.tables import Uuid

IDS = "ids"
PARENT = "parent_id"
AFTER, BEFORE = "is_after", "is_before"


@dataclass(frozen=True, slots=True)
class Rows:
    """Selects of whole rows: every column as `c_name`, every field as `f_name`, the type half of an ID as `t_name`."""

    catalogue: Catalogue
    scope: Any

    @property
    def sight(self) -> Sight:
        return Sight(self.scope, self.catalogue)

    def columns(self, shape: Shape, row: FromClause) -> list[ColumnElement[Any]]:
        found: list[ColumnElement[Any]] = [column.label(f"c_{column.key}") for column in row.c]
        return found + self.fields(shape.fields, shape, row)

    def fields(self, fields: Mapping[str, Field], shape: Shape, row: FromClause) -> list[ColumnElement[Any]]:
        found: list[ColumnElement[Any]] = []
        for name, declared in fields.items():
            found.append(_native(declared, shape, row, self.sight).label(f"f_{name}"))
            if declared.kind is Kind.ID and declared.of is not None and not isinstance(declared.of, str):
                found.append(evaluate(declared.of, shape, row, self.sight).label(f"t_{name}"))
        return found

    def by_ids(self, target: str) -> Select[Any]:
        """Visible rows among those of the ids bound as `ids`."""
        shape = self.catalogue.shapes[target]
        row = shape.table.alias()
        asked = row.c.id == any_(bindparam(IDS, type_=ARRAY(Uuid)))
        return select(*self.columns(shape, row)).where(asked, self.sight.visible(target, row))

    def myself(self, target: str) -> Select[Any]:
        shape = self.catalogue.shapes[target]
        row = shape.table.alias()
        return select(*self.columns(shape, row)).where(self.sight.visible(target, row))

    def one(self, holder: str, relation: One) -> Select[Any]:
        """The targets of the holders whose ids are bound as `ids`."""
        parent, shape = self.catalogue.shapes[holder].table.alias(), self.catalogue.shapes[relation.target]
        row = shape.table.alias()
        place = Place(
            shape, Many(relation.target, relation.theirs, relation.mine, on=relation.on), parent, _ANY, 0, self.sight
        )
        conditions = [*place.link(row), parent.c.id == any_(bindparam(IDS, type_=ARRAY(Uuid)))]
        if relation.nullable and not relation.shared:
            conditions.append(self.sight.visible(relation.target, row))
        return select(parent.c.id.label(PARENT), *self.columns(shape, row)).where(*conditions)

    def many(self, holder: str | None, relation: Many, ask: PageAsk, site: int) -> Select[Any]:
        """Every row of the list of each holder (of the root without one), in its order, cursors only marked."""
        shape = self.catalogue.shapes[relation.target]
        parent = self.catalogue.shapes[holder].table.alias() if holder is not None else None
        row = shape.table.alias()
        place = Place(shape, relation, parent, ask, site, self.sight)
        conditions = place.where(row)
        if parent is not None:
            conditions.append(parent.c.id == any_(bindparam(IDS, type_=ARRAY(Uuid))))
        marks = [
            place.bound(row, "after").label(AFTER) if ask.after else null().label(AFTER),
            place.bound(row, "before").label(BEFORE) if ask.before else null().label(BEFORE),
        ]
        holder_id = parent.c.id.label(PARENT) if parent is not None else null().label(PARENT)
        order = [key.desc() if ask.descending else key for key in place.keys(row)]
        return select(holder_id, *marks, *self.columns(shape, row)).where(*conditions).order_by(*order)

    def items(self, holder: str, items: Items, site: int) -> Select[Any]:
        shape = self.catalogue.shapes[holder]
        parent = shape.table.alias()
        given = {name: bindparam(parameter(site, name), type_=type_) for name, type_ in items.arguments.items()}
        each = items.rows(parent, self.sight, given).lateral()
        return (
            select(parent.c.id.label(PARENT), *self.fields(items.columns, shape, each))
            .select_from(parent.join(each, _ALWAYS))
            .where(parent.c.id == any_(bindparam(IDS, type_=ARRAY(Uuid))))
            .order_by(*(each.c[name] for name in items.order))
        )


def _native(declared: Field, shape: Shape, row: FromClause, sight: Sight) -> ColumnElement[Any]:
    if declared.shown is not None and not declared.shown(sight.scope):
        return null()
    value = evaluate(declared.value, shape, row, sight)
    return cast(value, Text) if declared.kind is Kind.JSON else value


_ANY = PageAsk((), (), descending=False, backward=False, after=False, before=False)
_ALWAYS = true()
