"""Structured logs: one line an event, with the trace id of the request or job, and no secret in it."""

import logging
import re
import secrets
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import structlog

HIDDEN: Final = "[hidden]"
# A key that contains one of these holds a secret, whoever wrote it.
_SECRET_KEYS = re.compile(
    r"token|secret|password|passwd|pickup_?code|personal_?id|keypad_?code|payload|authorization|cookie|api_?key"
    r"|private_?key|credential|dsn|database_url",
    re.IGNORECASE,
)
# Secrets that came along inside other text: user information of an address, our own bearer secrets.
_SECRET_TEXT = re.compile(
    r"(?<=://)[^/\s:@]+:[^@\s]+(?=@)|\bly[sk]_[A-Za-z0-9_-]{8,}|(?<=[Bb]earer )[A-Za-z0-9._~+/=-]{8,}"
)
_DEPTH = 6

_trace: ContextVar[str | None] = ContextVar("trace_id", default=None)


def new_trace_id() -> str:
    """16 random bytes as hex, the form W3C trace context asks for."""
    return secrets.token_hex(16)


def trace_id() -> str:
    """The trace id of what runs now; one is made where none was bound."""
    found = _trace.get()
    if found is None:
        found = new_trace_id()
        _trace.set(found)
    return found


def enter(given: str) -> None:
    """This task, from here to its end, belongs to this trace."""
    _trace.set(given)


@contextmanager
def traced(given: str | None = None, **known: object) -> Iterator[str]:
    """Everything logged inside carries this trace id and `known`, in tasks started here too."""
    mark = _trace.set(given or new_trace_id())
    with structlog.contextvars.bound_contextvars(**known):
        try:
            yield _trace.get() or ""
        finally:
            _trace.reset(mark)


def configure(level: str = "info", form: str = "json") -> None:
    """Send structlog's and the standard library's lines to stderr in one form. Safe to repeat."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        structlog.processors.StackInfoRenderer(),
        *([structlog.processors.format_exc_info] if form == "json" else []),
        redact,
    ]
    shown: structlog.types.Processor = (
        structlog.processors.JSONRenderer(default=str)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[remove, shown]))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("asyncio", "httpx2", "httpcore2", "watchfiles"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


def logger(name: str) -> structlog.stdlib.BoundLogger:
    found: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return found


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide what must not reach a log, by the key it stands under and by what it looks like."""
    for key, value in event.items():
        event[key] = HIDDEN if _SECRET_KEYS.search(key) and value is not None else _clean(value, _DEPTH)
    return event


def _clean(value: object, depth: int) -> object:
    if isinstance(value, str):
        return _SECRET_TEXT.sub(HIDDEN, value)
    if depth == 0:
        return value
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if _SECRET_KEYS.search(str(key)) and inner is not None else _clean(inner, depth - 1)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(inner, depth - 1) for inner in value]
    return value


def _add_trace(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    found = _trace.get()
    if found is not None:
        event.setdefault("trace_id", found)
    return event
