"""Data loaders made from the shapes: one for each relation and its arguments, for the plain path."""

import asyncio
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from aiodataloader import DataLoader

from app.kit.db import Conn
from app.kit.ids import global_id
from app.kit.paging import write_cursor
from app.kit.reading.bind import items_binder, page_binder
from app.kit.reading.rows import AFTER, BEFORE, IDS, PARENT, Rows
from app.kit.reading.select import PageAsk, Values
from app.kit.reading.shape import Catalogue, Field, Items, Kind, Many, One
from app.kit.reading.statement import Compiled
from schema.late import LateField
from schema.viewing import View


@dataclass(frozen=True, slots=True)
class Row:
    """One row as the plain path hands it from resolver to resolver."""

    type: str
    id: UUID
    values: Mapping[str, Any]
    columns: Mapping[str, Any]


@dataclass(slots=True)
class Reader:
    """All reading of one plain execution: one connection, one view, each row asked for once."""

    catalogue: Catalogue
    conn: Conn
    view: View
    late: Mapping[str, LateField]
    loaders: dict[Hashable, DataLoader[Any, Any]] = field(default_factory=dict)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def rows(self) -> Rows:
        return Rows(self.catalogue, self.view.scope)

    async def fetch(self, clause: Any, values: Values) -> list[Any]:
        async with self.turn:  # a connection answers one question at a time
            return await Compiled(clause).rows(self.conn, {**values, **self.view.values})

    def loader(self, key: Hashable, load: Callable[[list[Any]], Any]) -> DataLoader[Any, Any]:
        if key not in self.loaders:
            self.loaders[key] = DataLoader(batch_load_fn=load)
        return self.loaders[key]

    # --- rows ---

    def row(self, target: str, record: Any) -> Row:
        shape = self.catalogue.shapes[target]
        values = {name: native(declared, name, record) for name, declared in shape.fields.items()}
        columns = {key[2:]: value for key, value in record.items() if key.startswith("c_")}
        return Row(target, record["c_id"], values, columns)

    async def myself(self, target: str) -> Row | None:
        found = await self.fetch(self.rows.myself(target), {})
        return self.row(target, found[0]) if found else None

    async def by_id(self, target: str, id_: UUID) -> Row | None:
        async def load(ids: list[UUID]) -> list[Row | None]:
            found = {row["c_id"]: row for row in await self.fetch(self.rows.by_ids(target), {IDS: ids})}
            return [self.row(target, found[each]) if each in found else None for each in ids]

        row: Row | None = await self.loader(("id", target), load).load(id_)
        return row

    async def one(self, holder: Row, name: str, relation: One) -> Row | None:
        async def load(ids: list[UUID]) -> list[Row | None]:
            records = await self.fetch(self.rows.one(holder.type, relation), {IDS: ids})
            found = {record[PARENT]: record for record in records}
            return [self.row(relation.target, found[each]) if each in found else None for each in ids]

        row: Row | None = await self.loader(("one", holder.type, name), load).load(holder.id)
        return row

    async def items(self, holder: Row, name: str, relation: Items, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        _, values = items_binder(0, relation)(given)

        async def load(ids: list[UUID]) -> list[list[dict[str, Any]]]:
            records = await self.fetch(self.rows.items(holder.type, relation, 0), {**values, IDS: ids})
            return [[_item(relation, record) for record in records if record[PARENT] == each] for each in ids]

        key = ("items", holder.type, name, orjson.dumps(values, default=str))
        found: list[dict[str, Any]] = await self.loader(key, load).load(holder.id)
        return found

    async def many(self, holder: Row | None, name: str, relation: Many, given: Mapping[str, Any]) -> dict[str, Any]:
        ask, values = page_binder(0, self.catalogue.shapes[relation.target], relation)(given)
        assert isinstance(ask, PageAsk)
        select = self.rows.many(holder.type if holder else None, relation, ask, 0)

        async def load(ids: list[UUID]) -> list[dict[str, Any]]:
            records = await self.fetch(select, {**values, IDS: ids})
            return [
                self.page(relation.target, [each for each in records if each[PARENT] == id_], ask, values["a0_limit"])
                for id_ in ids
            ]

        if holder is None:
            return self.page(relation.target, await self.fetch(select, values), ask, values["a0_limit"])
        key = ("many", holder.type, name, ask, orjson.dumps(values, default=str))
        found: dict[str, Any] = await self.loader(key, load).load(holder.id)
        return found

    async def late_value(self, name: str, given: str | None) -> str | None:
        if given is None:
            return None

        async def load(texts: list[str]) -> Sequence[str | None]:
            return list(await self.late[name](self.view.actor, texts))

        value: str | None = await self.loader(("late", name), load).load(given)
        return value

    def page(self, target: str, records: list[Any], ask: PageAsk, limit: int) -> dict[str, Any]:
        """Relay's algorithm over the whole list: cut at the cursors, then take from one end."""
        inside = [each for each in records if each[AFTER] is not False and each[BEFORE] is not False]
        kept = inside[max(len(inside) - limit, 0) :] if ask.backward else inside[:limit]
        more = len(inside) > limit
        beyond_after = any(each[AFTER] is False for each in records)
        beyond_before = any(each[BEFORE] is False for each in records)
        edges = [{"cursor": self.cursor(each, ask), "node": self.row(target, each)} for each in kept]
        info = {
            "hasNextPage": beyond_before if ask.backward else more,
            "hasPreviousPage": more if ask.backward else beyond_after,
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        }
        return {"edges": edges, "pageInfo": info, "totalCount": len(records)}

    def cursor(self, record: Any, ask: PageAsk) -> str:
        values = [record[f"c_{name}"] for name in (*ask.sort, "id")]
        return write_cursor([str(value) if isinstance(value, UUID) else value for value in values])


def native(declared: Field, name: str, record: Any) -> Any:
    """The value graphql-core will serialise."""
    value = record[f"f_{name}"]
    if value is None:
        return None
    if declared.kind is Kind.ID:
        return global_id(declared.of if isinstance(declared.of, str) else record[f"t_{name}"], value)
    return orjson.Fragment(value) if declared.kind is Kind.JSON else value


def _item(relation: Items, record: Any) -> dict[str, Any]:
    return {name: native(declared, name, record) for name, declared in relation.columns.items()}
