"""Arguments become a structure, which decides the text of the statement, and values, which are bound to it."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from app.kit.errors import Invalid
from app.kit.ids import parse_global_id
from app.kit.paging import MOST_IDS, read_page
from app.kit.reading.select import Binder, PageAsk, Structure, Values
from app.kit.reading.shape import Given, Items, Many, Shape, Sort


def parameter(site: int, name: str) -> str:
    """The name of a bound value: unique within a statement, the same in every statement of that structure."""
    return f"a{site}_{name}"


def page_binder(site: int, shape: Shape, many: Many) -> Binder:
    default = many.order or shape.order

    def bind(given: Mapping[str, Any]) -> tuple[Structure, Values]:
        sort = _sort(given.get("sort"), shape, default)
        keys = [shape.table.c[name] for name in (*sort.columns, "id")]
        page = read_page(given, [column.type.python_type for column in keys])
        values: Values = {parameter(site, "limit"): page.limit, parameter(site, "fetch"): page.limit + 1}
        for side, key in (("after", page.after), ("before", page.before)):
            for index, value in enumerate(key or ()):
                values[parameter(site, f"{side}_{index}")] = value
        filters: list[tuple[str, Given]] = []
        for name, value in (given.get("filter") or {}).items():
            if value is None:
                continue
            how, bound = shape.filters[name].read(value)
            filters.append((name, how))
            values[parameter(site, name)] = bound
        ask = PageAsk(
            tuple(sorted(filters, key=itemgetter(0))),
            sort.columns,
            sort.descending,
            page.backward,
            page.after is not None,
            page.before is not None,
        )
        return ask, values

    return bind


def _sort(given: Mapping[str, Any] | None, shape: Shape, default: Sort) -> Sort:
    if given is None:
        return default
    declared = shape.sorts[str(given["by"])]
    return Sort(declared.columns, descending=str(given["direction"]) == "DESC")


def items_binder(site: int, items: Items) -> Binder:
    def bind(given: Mapping[str, Any]) -> tuple[Structure, Values]:
        return (), {parameter(site, name): given[name] for name in items.arguments}

    return bind


def id_binder(site: int, target: str | None) -> Binder:
    """An id; of any type when `target` is None: then the type is the structure. A stranger's id is simply unknown."""

    def bind(given: Mapping[str, Any]) -> tuple[Structure, Values]:
        found = parse_global_id(given["id"])
        if found is None or target not in (None, found[0]):
            return None, {}
        return found[0], {parameter(site, "id"): found[1]}

    return bind


def ids_binder(site: int, known: frozenset[str]) -> Binder:
    """Many ids of any type: the structure is the set of their types."""

    def bind(given: Mapping[str, Any]) -> tuple[Structure, Values]:
        if len(given["ids"]) > MOST_IDS:
            raise Invalid(f"At most {MOST_IDS} ids at once.", path=("ids",))
        found = [parse_global_id(text) or ("", None) for text in given["ids"]]
        types = [kind if kind in known else "" for kind, _ in found]
        values = {parameter(site, "ids"): [id_ for _, id_ in found], parameter(site, "types"): types}
        return tuple(sorted(set(types) - {""})), values

    return bind
