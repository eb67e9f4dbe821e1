"""From picks to SQL: each object, list and page becomes one text expression, nested as the question is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    String,
    Text,
    bindparam,
    case,
    column,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, array

from app.kit.reading.bind import parameter
from app.kit.reading.json import NULL, Piece, base64url, constant, count, field_json, flag, joined, key_json
from app.kit.reading.page import NUMBER, Place
from app.kit.reading.select import TYPENAME, PageAsk, Pick, Structure
from app.kit.reading.shape import AnyById, AnyByIds, ById, Catalogue, Items, Many, Myself, One, Shape, Sight
from app.kit.tables import Uuid

Rows = FromClause


@dataclass(frozen=True, slots=True)
class Plan:
    """Builds the text of one operation for one scope. `structures` are those of its argument sites."""

    catalogue: Catalogue
    scope: Any
    structures: Sequence[Structure]

    @property
    def sight(self) -> Sight:
        return Sight(self.scope, self.catalogue)

    def roots(self, picks: Sequence[Pick]) -> ColumnElement[str]:
        """The whole `data` object."""
        return self.braces(picks, [self.root(pick) for pick in picks])

    def pieces(self, picks: Sequence[Pick]) -> ColumnElement[Any]:
        """The value of each root field on its own, as an array: for operations that something else answers in part."""
        return array([joined([self.root(pick)]) for pick in picks])

    def root(self, pick: Pick) -> Piece:
        if pick.name == TYPENAME:
            return f'"{pick.type}"'
        root = self.catalogue.roots[pick.name]
        if isinstance(root, Many):
            return self.page(root, None, pick)
        if isinstance(root, ById):
            known = self.structures[pick.site] is not None
            return self.by_id(root.target, pick.picks, pick.site) if known else NULL
        if isinstance(root, Myself):
            return self.myself(root.target, pick.picks)
        if isinstance(root, AnyByIds):
            return self.many_by_id(pick)
        assert isinstance(root, AnyById)
        kind = self.structures[pick.site]
        return self.by_id(str(kind), pick.cases[str(kind)], pick.site) if kind in pick.cases else NULL

    def braces(self, picks: Sequence[Pick], values: Sequence[Piece]) -> ColumnElement[str]:
        pieces: list[Piece] = []
        for pick, value in zip(picks, values, strict=True):
            pieces += [("," if pieces else "{") + f'"{pick.key}":', value]
        return joined([*pieces, "}"] if pieces else ["{}"])

    def object(self, shape: Shape, row: Rows, picks: Sequence[Pick]) -> ColumnElement[str]:
        return self.braces(picks, [self.member(shape, row, pick) for pick in picks])

    def member(self, shape: Shape, row: Rows, pick: Pick) -> Piece:
        if pick.name == TYPENAME:
            return f'"{pick.type}"'
        declared = shape.fields.get(pick.name)
        if declared is not None:
            return field_json(declared, shape, row, self.sight)
        relation = shape.relations[pick.name]
        if isinstance(relation, One):
            return self.one(relation, row, pick)
        return self.page(relation, row, pick) if isinstance(relation, Many) else self.items(relation, shape, row, pick)

    def by_id(self, target: str, picks: Sequence[Pick], site: int) -> ColumnElement[str]:
        shape = self.catalogue.shapes[target]
        row = shape.table.alias()
        given = bindparam(parameter(site, "id"), type_=Uuid)
        return self.visible_object(shape, row, picks, row.c.id == given)

    def object_by_id(self, target: str, picks: Sequence[Pick]) -> ColumnElement[str]:
        """One object outside of any query: its id is bound as `id`; null when it is not visible."""
        shape = self.catalogue.shapes[target]
        row = shape.table.alias()
        chosen = row.c.id == bindparam("id", type_=Uuid)
        return self.myself(target, picks) if target == "Viewer" else self.visible_object(shape, row, picks, chosen)

    def myself(self, target: str, picks: Sequence[Pick]) -> ColumnElement[str]:
        shape = self.catalogue.shapes[target]
        row = shape.table.alias()
        found = select(self.object(shape, row, picks)).where(self.sight.visible(target, row))
        return found.correlate_except(row).scalar_subquery()

    def visible_object(
        self, shape: Shape, row: Rows, picks: Sequence[Pick], *conditions: ColumnElement[bool]
    ) -> ColumnElement[str]:
        found = select(self.object(shape, row, picks)).where(*conditions, self.sight.visible(shape.name, row))
        return func.coalesce(found.correlate_except(row).scalar_subquery(), NULL)

    def many_by_id(self, pick: Pick) -> ColumnElement[str]:
        kinds = [kind for kind in _names(self.structures[pick.site]) if kind in pick.cases]
        ids = bindparam(parameter(pick.site, "ids"), type_=ARRAY(Uuid))
        types = bindparam(parameter(pick.site, "types"), type_=ARRAY(String))
        asked = func.unnest(ids, types).table_valued(column("id", Uuid), column("type", Text), with_ordinality="place")
        asked = asked.render_derived()
        cases = []
        for kind in kinds:
            shape = self.catalogue.shapes[kind]
            row = shape.table.alias()
            found = self.visible_object(shape, row, pick.cases[kind], row.c.id == asked.c.id)
            cases.append((asked.c.type == literal_column(f"'{kind}'"), found))
        each = case(*cases, else_=NULL) if cases else NULL
        return _brackets(each, asked, [asked.c.place])

    def one(self, relation: One, parent: Rows, pick: Pick) -> ColumnElement[str]:
        shape = self.catalogue.shapes[relation.target]
        row = shape.table.alias()
        if relation.on is not None:
            conditions = [relation.on(parent, row)]
        else:
            conditions = [row.c[relation.theirs] == parent.c[relation.mine]]
            if shape.walled and "tenant_id" in parent.c:
                conditions.append(row.c.tenant_id == parent.c.tenant_id)
        if relation.nullable and not relation.shared:
            return self.visible_object(shape, row, pick.picks, *conditions)
        found = select(self.object(shape, row, pick.picks)).where(*conditions)
        found_one = found.correlate_except(row).scalar_subquery()
        return func.coalesce(found_one, NULL) if relation.shared else found_one

    def items(self, items: Items, shape: Shape, row: Rows, pick: Pick) -> ColumnElement[str]:
        given = {name: bindparam(parameter(pick.site, name), type_=type_) for name, type_ in items.arguments.items()}
        rows = items.rows(row, self.sight, given).subquery()
        members: list[Piece] = []
        for inner in pick.picks:
            if inner.name == TYPENAME:
                members.append(f'"{inner.type}"')
            else:
                members.append(field_json(items.columns[inner.name], shape, rows, self.sight))
        return _brackets(self.braces(pick.picks, members), rows, [rows.c[name] for name in items.order])

    def page(self, many: Many, parent: Rows | None, pick: Pick) -> ColumnElement[str]:
        ask = self.structures[pick.site]
        assert isinstance(ask, PageAsk)
        place = Place(self.catalogue.shapes[many.target], many, parent, ask, pick.site, self.sight)
        if not any(inner.name in ("edges", "pageInfo") for inner in pick.picks):
            return self.braces(pick.picks, [self.count(place, inner) for inner in pick.picks])
        ahead = "hasPreviousPage" if ask.backward else "hasNextPage"
        more = any(info.name == ahead for inner in pick.picks if inner.name == "pageInfo" for info in inner.picks)
        return Paged(self, place, place.rows(more=more), more=more).text(pick)

    def count(self, place: Place, pick: Pick) -> Piece:
        if pick.name == TYPENAME:
            return f'"{pick.type}"'
        return count(place.total().scalar_subquery())


@dataclass(frozen=True, slots=True)
class Paged:
    """The JSON of one connection over its numbered rows."""

    plan: Plan
    place: Place
    rows: Any
    more: bool

    def text(self, pick: Pick) -> ColumnElement[str]:
        made = self.plan.braces(pick.picks, [self.member(inner) for inner in pick.picks])
        # HAVING makes it one row whatever is asked: without any aggregate it would be one for each row of the page.
        one = select(made).select_from(self.rows).having(literal_column("true"))
        return one.correlate_except(self.rows).scalar_subquery()

    def member(self, pick: Pick) -> Piece:
        if pick.name == "edges":
            return self.edges(pick.picks)
        if pick.name == "pageInfo":
            return self.plan.braces(pick.picks, [self.info(inner) for inner in pick.picks])
        return self.plan.count(self.place, pick)

    @property
    def limit(self) -> ColumnElement[int]:
        return bindparam(parameter(self.place.site, "limit"), type_=Integer)

    def kept(self, aggregate: Any) -> ColumnElement[Any]:
        """Without the row that is read only to know that there is one."""
        kept: ColumnElement[Any] = aggregate.filter(self.rows.c[NUMBER] <= self.limit) if self.more else aggregate
        return kept

    def edges(self, picks: Sequence[Pick]) -> ColumnElement[str]:
        edge = self.plan.braces(picks, [self.edge(inner) for inner in picks])
        order = aggregate_order_by(constant(","), *self.place.order(self.rows))
        return _list(self.kept(func.string_agg(edge, order)))

    def edge(self, pick: Pick) -> Piece:
        if pick.name == TYPENAME:
            return f'"{pick.type}"'
        if pick.name == "cursor":
            return joined(['"', base64url(key_json(self.place.keys(self.rows))), '"'])
        return self.plan.object(self.place.shape, self.rows, pick.picks)

    def info(self, pick: Pick) -> Piece:
        if pick.name == TYPENAME:
            return f'"{pick.type}"'
        ask = self.place.ask
        if pick.name in ("startCursor", "endCursor"):
            return self.end(last=pick.name == "endCursor")
        forward = pick.name == "hasNextPage"
        if forward is not ask.backward:
            return flag(func.count() > self.limit)
        side, given = ("before", ask.before) if forward else ("after", ask.after)
        return flag(self.place.beyond(side)) if given else "false"

    def end(self, *, last: bool) -> ColumnElement[str]:
        """The cursor of the first or the last row kept."""
        order = self.place.order(self.rows, backward=last)
        keys = self.kept(
            func.array_agg(aggregate_order_by(key_json(self.place.keys(self.rows)), *order), type_=ARRAY(Text))
        )
        return func.coalesce(joined(['"', base64url(keys[literal_column("1")]), '"']), NULL)


def _list(aggregate: ColumnElement[Any]) -> ColumnElement[str]:
    return joined(["[", func.coalesce(aggregate, constant("")), "]"])


def _brackets(each: ColumnElement[Any], rows: Any, order: Sequence[ColumnElement[Any]]) -> ColumnElement[str]:
    text = _list(func.string_agg(each, aggregate_order_by(constant(","), *order)))
    return select(text).select_from(rows).correlate_except(rows).scalar_subquery()


def _names(structure: Structure) -> tuple[str, ...]:
    assert isinstance(structure, tuple)
    return structure
