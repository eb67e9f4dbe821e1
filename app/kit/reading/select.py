"""What is asked: a tree of picks over shapes, with every fragment and directive already worked out."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

TYPENAME = "__typename"


@dataclass(frozen=True, slots=True)
class Pick:
    """One response key. `site` numbers the place where its arguments are bound; `cases` hold what is asked of each type
    where the type is known only at run time."""

    key: str
    name: str
    type: str = ""
    site: int = -1
    picks: tuple["Pick", ...] = ()
    cases: Mapping[str, tuple["Pick", ...]] = field(default_factory=dict)


# The text of a statement follows from structures; values are bound. One of each for every site.
Structure = Hashable
Values = dict[str, Any]
Binder = Callable[[Mapping[str, Any]], tuple[Structure, Values]]


@dataclass(frozen=True, slots=True)
class PageAsk:
    """The structure of a page: which filters are given, how it is sorted, from which sides it is bounded."""

    filters: tuple[tuple[str, Hashable], ...]
    sort: tuple[str, ...]
    descending: bool
    backward: bool
    after: bool
    before: bool
