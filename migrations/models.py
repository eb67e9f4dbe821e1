"""The tables the code knows, gathered from every module's `tables.py`, for comparing with the migrations."""

import importlib
from pathlib import Path

from sqlalchemy import MetaData

from app.kit.tables import metadata

_ROOT = Path(__file__).resolve().parent.parent


def load_tables() -> MetaData:
    """The shared metadata with every table in it."""
    for name in ("app.kit.outbox", "app.kit.tries"):
        importlib.import_module(name)
    for package in ("app", "tenants"):
        for file in sorted((_ROOT / package).rglob("tables.py")):
            importlib.import_module(".".join(file.relative_to(_ROOT).with_suffix("").parts))
    return metadata
