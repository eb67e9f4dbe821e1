"""Checks of input that schema types cannot say: each raises Invalid and names the field."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

from app.kit.errors import Invalid

_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]{2,}")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def text(field: str, value: str, *, most: int = 200, least: int = 1) -> str:
    """Trimmed; of a length within bounds, and without control characters."""
    trimmed = value.strip()
    if not least <= len(trimmed) <= most:
        raise Invalid(f"{field} must have {least} to {most} characters.", path=("input", field))
    if _UNPRINTABLE.search(trimmed):
        raise Invalid(f"{field} holds characters that cannot be printed.", path=("input", field))
    return trimmed


def optional_text(field: str, value: str | None, *, most: int = 200) -> str | None:
    return None if value is None else text(field, value, most=most, least=0)


def texts(field: str, values: Sequence[str], *, most: int, longest: int) -> list[str]:
    """1 to `most` texts of bounded length, each once, in their order."""
    if not 1 <= len(values) <= most:
        raise Invalid(f"{field} must name 1 to {most}, or be left out.", path=("input", field))
    return list(dict.fromkeys(text(field, each, most=longest) for each in values))


def within(field: str, value: float, least: float, most: float) -> None:
    # Written so that a NaN fails it.
    if not least <= value <= most:
        raise Invalid(f"{field} must be between {least} and {most}.", path=("input", field))


def one_of(field: str, value: object, allowed: Iterable[object], why: str) -> None:
    if value not in allowed:
        raise Invalid(why, path=("input", field))


def time_zone(field: str, value: str) -> ZoneInfo:
    """A zone of the IANA database, by its exact name."""
    if value not in available_timezones():
        raise Invalid(f"{field} is no time zone of the IANA database, such as Europe/Lisbon.", path=("input", field))
    return ZoneInfo(value)


def locale(field: str, value: str) -> str:
    if not _LOCALE.fullmatch(value):
        raise Invalid(f"{field} is no language tag, such as pt-BR.", path=("input", field))
    return value


def email(field: str, value: str) -> str:
    trimmed = text(field, value, most=254)
    if not _EMAIL.fullmatch(trimmed):
        raise Invalid(f"{field} is no e-mail address.", path=("input", field))
    return trimmed


def future(field: str, value: datetime | None, now: datetime) -> None:
    if value is not None and value <= now:
        raise Invalid(f"{field} must lie in the future.", path=("input", field))
