"""Whether a database is where this version wants it, without loading what migrates: for quick starts."""

import re
from pathlib import Path

import asyncpg

_STEPS = Path(__file__).resolve().parent / "versions"
_LINE = re.compile(r"^(revision|down_revision)(?:: [^=]+)? = (?:\"([^\"]+)\"|None)$", re.MULTILINE)


def head() -> str:
    """The step that no other step stands on."""
    named: dict[str, set[str]] = {"revision": set(), "down_revision": set()}
    for step in _STEPS.glob("*.py"):
        for word, revision in _LINE.findall(step.read_text()):
            named[word].add(revision)
    (found,) = named["revision"] - named["down_revision"]
    return found


async def is_current(dsn: str) -> bool:
    """True when the database stands at the head."""
    connection = await asyncpg.connect(dsn)
    try:
        return bool(await connection.fetchval("SELECT version_num FROM alembic_version") == head())
    except asyncpg.UndefinedTableError:
        return False
    finally:
        await connection.close()
