"""Values no statement can give, such as what is sealed: it leaves marks, and all of them are made at once."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence

import orjson

from app.kit.reading.json import LATE
from tenants.model import Actor

# The texts a field's marks hold -> its values, in their order; null where there is none.
LateField = Callable[[Actor, Sequence[str]], Awaitable[Sequence[str | None]]]

_MARK = re.compile(f"{LATE}([A-Za-z]+):([^{LATE}]*){LATE}")


async def finish(text: str, actor: Actor, fields: Mapping[str, LateField]) -> str:
    """Put the values in the place of their marks. A bare control character is never part of JSON, so none is forged."""
    if LATE not in text:
        return text
    wanted: dict[str, list[str]] = {}
    for name, given in _MARK.findall(text):
        wanted.setdefault(name, []).append(given)
    made: dict[tuple[str, str], str] = {}
    for name, given in wanted.items():
        values = await fields[name](actor, given)
        made |= {(name, each): orjson.dumps(value).decode() for each, value in zip(given, values, strict=True)}
    return _MARK.sub(lambda mark: made[mark[1], mark[2]], text)
