"""Node, PageInfo and the connections: Relay's words for identity and pages."""

from typing import Generic, TypeVar

import strawberry

from schema.types.telling import told

T = TypeVar("T")


@strawberry.interface(description="Anything with an id of its own, to be read again by `node`.")
class Node:
    id: strawberry.ID = told("Opaque, and the same for as long as the thing exists.")


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = told("Whether something comes after the page.")
    has_previous_page: bool = told("Whether something comes before the page.")
    start_cursor: str | None = told("The cursor of the first edge; null on an empty page.")
    end_cursor: str | None = told("The cursor of the last edge; null on an empty page.")


@strawberry.type(description="One place in a list.")
class Edge(Generic[T]):
    cursor: str = told("Where it stands: pass it as `after` or `before`.")
    node: T = told("What stands there.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = told("The rows of the page, in order.")
    page_info: PageInfo = told("Where the page stands.")


@strawberry.type(name="Connection", description="A page of a list that knows how long it is.")
class Counted(Generic[T]):
    edges: list[Edge[T]] = told("The rows of the page, in order.")
    page_info: PageInfo = told("Where the page stands.")
    total_count: int = told("How many the whole list has.")
