"""Short words to declare fields with: everything of the schema says what it is and which permission it needs."""

from collections.abc import Callable
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from app.kit.paging import DEFAULT, MOST
from tenants.policy import Permission

PAGE: dict[str, Any] = {
    "first": (
        int | None,
        f"How many from the start, at most {MOST}; {DEFAULT} when neither `first` nor `last` is given.",
    ),
    "after": (str | None, "Only what comes after this cursor."),
    "last": (int | None, f"How many from the end, at most {MOST}; not together with `first`."),
    "before": (str | None, "Only what comes before this cursor."),
}

Arguments = dict[str, tuple[Any, str]]


def told(description: str, needed: Permission | None = None, *, name: str | None = None, **arguments: Any) -> Any:
    """A field with its description; `arguments`: name -> (type, description)."""
    text = description if needed is None else f"{description} Needs `{needed.value}`."
    made = strawberry.field(description=text, name=name)
    assert isinstance(made, StrawberryField)
    if arguments:
        made.arguments = [_argument(given, type_, about) for given, (type_, about) in arguments.items()]
    return made


def paged(description: str, needed: Permission | None = None, **arguments: Any) -> Any:
    """A connection with the four arguments of a page."""
    return told(description, needed, **arguments, **PAGE)


def needs(needed: Permission) -> Callable[..., Any]:
    """`told` for the fields of a type that all need the same permission."""
    return lambda description, **more: told(description, needed, **more)


def asked(description: str, default: Any = None, *, name: str | None = None, required: bool = False) -> Any:
    """An input field. Optional ones are null when left out."""
    if required:
        return strawberry.field(description=description, name=name)
    if isinstance(default, list):
        return strawberry.field(description=description, name=name, default_factory=lambda: list(default))
    unset = strawberry.UNSET if default is None else default
    return strawberry.field(description=description, name=name, default=unset)


def _argument(name: str, type_: Any, description: str) -> StrawberryArgument:
    return StrawberryArgument(name, None, StrawberryAnnotation(type_), description=description)
