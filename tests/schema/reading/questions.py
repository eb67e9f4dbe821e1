"""Random questions: valid documents of our schema with everything GraphQL offers to write them in."""

from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_enum_type,
    is_leaf_type,
)
from hypothesis import strategies as st

from app.kit.ids import global_id
from app.kit.paging import write_cursor
from schema.catalogue import CATALOGUE
from schema.schema import build_schema
from tests.schema.reading.world import World

SCHEMA = build_schema()
ROOTS = [name for name in SCHEMA.query_type.fields if name not in {"explainOpen", "vendors"}]  # type: ignore[union-attr]
NODES = [type_.name for type_ in SCHEMA.get_possible_types(SCHEMA.get_type("Node"))]  # type: ignore[arg-type]


@dataclass(frozen=True)
class Known:
    """What a question may speak of: real ids by type, and real cursors by type of node."""

    ids: dict[str, list[str]] = field(repr=False)
    cursors: dict[str, list[str]] = field(repr=False)


@dataclass
class Question:
    """One document while it is being written."""

    draw: Any
    known: Known
    declared: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    count: int = 0

    def number(self) -> int:
        self.count += 1
        return self.count

    def chance(self, percent: int) -> bool:
        return bool(self.draw(st.integers(0, 99)) < percent)

    def text(self) -> str:
        roots = self.draw(st.lists(st.sampled_from(ROOTS), min_size=1, max_size=3))
        query = SCHEMA.query_type
        body = " ".join(self.field(query, name, self.draw(st.integers(1, 3))) for name in roots)  # type: ignore[arg-type]
        if self.chance(20):
            body = f"...on Query {{ {body} }} __typename"
        head = f"query ({', '.join(self.declared)})" if self.declared else "query"
        return f"{head} {{ {body} }} {' '.join(self.fragments)}"

    def selection(self, type_: Any, depth: int) -> str:
        if isinstance(type_, GraphQLInterfaceType):
            kinds = self.draw(st.lists(st.sampled_from(NODES), max_size=3, unique=True))
            parts = [f"... on {kind} {self.selection(SCHEMA.get_type(kind), depth)}" for kind in kinds]
            return "{ __typename id " + " ".join(parts) + " }"
        names = [
            name
            for name, each in type_.fields.items()
            if depth > 0 or is_leaf_type(get_named_type(each.type)) or type_.name.endswith(("Connection", "Edge"))
        ]
        chosen = self.draw(st.lists(st.sampled_from(names), min_size=1, max_size=3 if depth > 1 else 4))
        if type_.name.endswith("Connection"):
            chosen = [*chosen, "edges"]
        parts = []
        for name in chosen:
            text = self.field(type_, name, depth)
            if self.chance(10):
                text = f"... on {type_.name}{self.directive()} {{ {text} }}"
            elif self.chance(8):
                label = f"F{self.number()}"
                self.fragments.append(f"fragment {label} on {type_.name} {{ {text} }}")
                text = f"...{label}{self.directive()} ...{label}"
            parts.append(text)
        if self.chance(15):
            parts.append(f"t{self.number()}: __typename")
        return "{ " + " ".join(parts) + " }"

    def field(self, type_: GraphQLObjectType, name: str, depth: int) -> str:
        definition = type_.fields[name]
        arguments = self.arguments(definition)
        # The same key twice must mean the same: with arguments each field gets a name of its own.
        alias = f"a{self.number()}: " if arguments or type_ is SCHEMA.query_type or self.chance(15) else ""
        target = get_named_type(definition.type)
        counts = not (type_.name.endswith(("Connection", "Edge")) or target.name.endswith(("Edge", "PageInfo")))
        inner = "" if is_leaf_type(target) else " " + self.selection(target, depth - 1 if counts else depth)
        return f"{alias}{name}{arguments}{self.directive() if depth < 3 else ''}{inner}"

    def directive(self) -> str:
        if not self.chance(8):
            return ""
        word = self.draw(st.sampled_from(["skip", "include"]))
        value: Any = self.draw(st.booleans())
        return f" @{word}(if: {self.written('Boolean!', value, str(value).lower())})"

    def written(self, type_: str, value: Any, literal: str) -> str:
        """As a literal, or as a variable."""
        if self.chance(60):
            return literal
        name = f"v{self.number()}"
        self.declared.append(f"${name}: {type_}")
        self.variables[name] = value
        return f"${name}"

    def arguments(self, definition: GraphQLField) -> str:
        given = []
        target = get_named_type(definition.type).name.removesuffix("Connection")
        for key, argument in definition.args.items():
            if key in ("first", "last", "after", "before"):
                continue
            if key in ("id", "ids", "since") or self.chance(50):
                given.append(f"{key}: {self.argument(key, argument)}")
        if "first" in definition.args:
            given += self.paging(target, sorted_="sort" in " ".join(given))
        return f"({', '.join(given)})" if given else ""

    def paging(self, target: str, *, sorted_: bool) -> list[str]:
        forward = self.chance(60)
        size = self.draw(st.integers(0, 5))
        given = [f"{'first' if forward else 'last'}: {self.written('Int', size, str(size))}"] if self.chance(85) else []
        cursors = self.known.cursors.get(target, [])
        for side in ("after", "before"):
            # Cursors of another order are refused, and a request that is refused compares nothing.
            if cursors and not sorted_ and self.chance(25):
                cursor = self.draw(st.sampled_from(cursors))
                given.append(f"{side}: {self.written('String', cursor, _quoted(cursor))}")
        return given

    def argument(self, key: str, argument: GraphQLArgument) -> str:
        if key == "ids":
            ids = self.draw(st.lists(self.id(), max_size=5))
            return self.written("[ID!]!", ids, "[" + ", ".join(map(_quoted, ids)) + "]")
        if key == "id":
            id_ = self.draw(self.id())
            return self.written("ID!", id_, _quoted(id_))
        if key == "since":
            return '"2020-01-01T00:00:00Z"'
        type_: Any = get_named_type(argument.type)
        if key == "sort":
            by = self.draw(st.sampled_from(sorted(get_named_type(type_.fields["by"].type).values)))
            direction = self.draw(st.sampled_from(["", "direction: ASC", "direction: DESC"]))
            return f"{{ by: {by} {direction} }}"
        members = self.draw(st.lists(st.sampled_from(sorted(type_.fields)), max_size=2, unique=True))
        return "{ " + " ".join(f"{name}: {self.filter(name, type_.fields[name].type)}" for name in members) + " }"

    def filter(self, name: str, type_: Any) -> str:
        named, many = get_named_type(type_), str(type_).startswith("[")
        if self.chance(10):
            return "null"
        if is_enum_type(named):
            word = self.draw(st.sampled_from(sorted(named.values)))
            return f"[{word}]" if many else word
        if named.name == "Boolean":
            return self.written("Boolean", value := self.draw(st.booleans()), str(value).lower())
        if named.name == "ID":
            id_ = self.draw(self.id())
            return f"[{_quoted(id_)}]" if many else self.written("ID", id_, _quoted(id_))
        if named.name == "DateTime":
            return '"2026-11-01T00:00:00+02:00"'
        words = {"search": ["a", "%", "_", "\\\\", "Quay", "ü"], "action": ["stay:create"], "kind": ["DoorOpened"]}
        word = _quoted(self.draw(st.sampled_from(words.get(name, ["x", "T1"]))))
        return f"[{word}]" if many else word

    def id(self) -> st.SearchStrategy[str]:
        every = [id_ for ids in self.known.ids.values() for id_ in ids]
        return st.sampled_from([*every, "", "x", "U2l0ZTox", "VmlldmVyOjE="])


def known_of(world: World) -> Known:
    """Every id of the world, and the cursors its lists would give."""
    ids, cursors = {}, {}
    for name in NODES:
        shape = CATALOGUE.shapes[name]
        rows = world.rows.get(shape.table.name, [])
        ids[name] = [global_id(name, row["id"]) for row in rows][:40]
        keys = [[row[column] for column in shape.order.columns] for row in rows]
        cursors[name] = [write_cursor([*key, str(row["id"])]) for key, row in zip(keys, rows, strict=True)]
    return Known(ids, cursors)


@st.composite
def questions(draw: Any, known: Known) -> tuple[str, dict[str, Any]]:
    """A document with the values of its variables."""
    question = Question(draw, known)
    return question.text(), question.variables


def _quoted(text: str) -> str:
    return '"' + text + '"'
