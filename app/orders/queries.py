"""What was told of a bank before this process kept it."""

from app.kit.db import Conn
from app.kit.streams import last_about
from app.lockers.model import Bank


async def strange(conn: Conn, bank: Bank) -> dict[tuple[str | None, str], str]:
    """What the device said that nobody has words for, and has not taken back since: of which unit, what -> how."""
    said: dict[tuple[str | None, str], str | None] = {}
    for fact in await last_about(conn, bank.tenant_id, bank.id, ("StatusUnmapped", "StatusUnderstood")):
        unit, raw = fact.payload.get("unit"), fact.payload.get("raw")
        said.setdefault((str(unit) if unit else None, str(fact.payload["what"])), str(raw) if raw is not None else None)
    return {about: raw for about, raw in said.items() if raw is not None}
