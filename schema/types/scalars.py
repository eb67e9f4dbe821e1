"""Scalars: one spelling of a moment, and JSON as it is."""

from datetime import datetime
from typing import Any, NewType

from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import scalar

from app.kit.paging import timestamp


def read_moment(value: Any) -> datetime:
    """A time with its zone. Without one it could mean anything, so it is refused."""
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("A DateTime is a text such as 2026-01-31T08:00:00Z.")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("A DateTime is a text such as 2026-01-31T08:00:00Z.") from None
    if moment.tzinfo is None:
        raise ValueError("A DateTime needs its time zone, such as Z.")
    return moment


def write_moment(value: Any) -> str:
    return value if isinstance(value, str) else timestamp(value)


Json = NewType("Json", object)

DATE_TIME = scalar(
    name="DateTime",
    description="A moment in UTC with six digits of a second: 2026-01-31T08:00:00.000000Z.",
    serialize=write_moment,
    parse_value=read_moment,
)
JSON = scalar(
    name="JSON", description="Any JSON value.", serialize=lambda value: value, parse_value=lambda value: value
)


CONFIG = StrawberryConfig(scalar_map={datetime: DATE_TIME, Json: JSON})
