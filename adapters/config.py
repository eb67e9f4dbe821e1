"""Typed reading of a connection's settings, with errors that name the field."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from app.devices.port import Connection, Refused, Setting, SettingKind

REASON = "BAD_SETTINGS"
_ODD = re.compile(r"[\\\s\x00-\x1f\x7f-\x9f]")

_SHAPES: Mapping[SettingKind, tuple[type, ...]] = {
    SettingKind.BOOLEAN: (bool,),
    SettingKind.INTEGER: (int,),
    SettingKind.LIST: (list, tuple),
    SettingKind.MAP: (Mapping,),
    SettingKind.TEXT: (str,),
}


def problems(fields: Sequence[Setting], connection: Connection) -> tuple[str, ...]:
    """What is wrong with a connection's settings, one sentence each. Values are never quoted."""
    known = {field.name for field in fields}
    unknown = sorted({*connection.settings, *connection.secret} - known)
    return (
        *_misplaced(fields, connection),
        *_faults(fields, connection),
        *(f"{name} is not a setting of this vendor" for name in unknown),
    )


def _misplaced(fields: Sequence[Setting], connection: Connection) -> list[str]:
    """What would be kept where everybody reads it, and used by nobody; and the other way round."""
    secret = {field.name: field.secret for field in fields}
    told = sorted(name for name in connection.settings if secret.get(name) is True)
    hidden = sorted(name for name in connection.secret if secret.get(name) is False)
    return [
        *(f"{name} belongs into secret: settings can be read" for name in told),
        *(f"{name} belongs into settings" for name in hidden),
    ]


def values(fields: Sequence[Setting], connection: Connection) -> dict[str, Any]:
    """Every field with its value or default. Raises Refused when one is missing or of the wrong kind."""
    faults = _faults(fields, connection)
    if faults:
        raise Refused("; ".join(faults), reason=REASON)
    return {field.name: _given(field, connection, field.default) for field in fields}


def http_address(address: str, *, where: str) -> str:
    """The address without a trailing slash. Raises Refused for what is none; it must carry no credentials."""
    try:
        parts = urlsplit(address)
        # Readers of addresses disagree on these: what is checked here must be what is dialled.
        good = _ODD.search(address) is None and (
            parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
        )
    except ValueError:
        good = False
    if not good:
        raise Refused(f"{where} must be http(s)://host, without user or password", reason=REASON)
    return address.rstrip("/")


def place(address: str, usual: Mapping[str, int]) -> str:
    """`host:port`, the same however the address is written. `usual`: scheme -> the port of an address without one."""
    parts = urlsplit(address)
    host = str(parts.hostname).rstrip(".")
    return f"{f'[{host}]' if ':' in host else host}:{parts.port or usual[parts.scheme]}"


def _given(field: Setting, connection: Connection, default: object = None) -> object:
    place: Mapping[str, object] = connection.secret if field.secret else connection.settings
    value = place.get(field.name)
    return default if value is None else value


def _faults(fields: Sequence[Setting], connection: Connection) -> tuple[str, ...]:
    found = []
    for field in fields:
        value = _given(field, connection)
        if value is None and field.required:
            found.append(f"{field.name} is missing: {field.help}")
        elif value is not None and not _fits(field.kind, value):
            found.append(f"{field.name} must be {field.kind.value.lower()}")
        elif isinstance(value, str) and len(value) < field.least:
            found.append(f"{field.name} needs {field.least} characters at least")
    return tuple(found)


def _fits(kind: SettingKind, value: object) -> bool:
    if isinstance(value, bool):
        return kind is SettingKind.BOOLEAN
    if kind is SettingKind.SECONDS:
        return isinstance(value, int | float) and 0 < value < 86_400
    return isinstance(value, _SHAPES[kind])
